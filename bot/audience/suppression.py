"""Addresses that must not be mailed: what becomes of one reaches the mails that are already waiting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from bot.audience.importing import Import
from bot.audience.suppression_file import Listing, SuppressionFile
from bot.errors import UsageError
from bot.model import Act, Phrase, Suppression, Way, plural, several
from bot.settings import is_address
from bot.store import Store, Transaction


def suppress(store: Store, suppression: Suppression, *, who: str) -> bool:
    """Never mails the address again, and cancels what waits to go out to it; False when it was suppressed already.

    Holds for the suppression's audience, or for all (""). Raises ``UsageError`` when it names no mail address.
    """
    if not is_address(suppression.address):
        raise UsageError(Phrase("%(address)s: is not a mail address", address=suppression.address))
    with store.write() as tx:
        return put_on_list(tx, suppression, who=who)


def put_on_list(tx: Transaction, suppression: Suppression, *, who: str) -> bool:
    """``suppress``, as a part of a transaction, for an address that is one."""
    added = tx.suppressions.add(suppression)
    reason = Phrase("suppressed (%(reason)s)", reason=suppression.reason)
    cancelled = cancel_waiting(tx, suppression.address, suppression.audience, reason, suppression.at)
    if added:
        note = several((suppression.reason, cancelled_said(cancelled)), Way.APART)
        tx.acts.add(_act(tx, "suppress", suppression.address, suppression.audience, who, suppression.at, note))
    return added


def allow(store: Store, address: str, audience: str, *, who: str, now: datetime) -> bool:
    """Takes an address off the list of ``audience`` ("": of all); False when it does not stand there."""
    with store.write() as tx:
        return take_off_list(tx, address, audience, who=who, now=now)


def take_off_list(tx: Transaction, address: str, audience: str, *, who: str, now: datetime, note: str = "") -> bool:
    """``allow``, as a part of a transaction."""
    removed = tx.suppressions.remove(address, audience)
    if removed:
        tx.acts.add(_act(tx, "allow", address, audience, who, now, note))
    return removed


def suppressions_import(
    file: Path,
    audience: str,
    audiences: Collection[str],
    *,
    by: str,
    zone: ZoneInfo,
    fingerprint: str,
    reason: str = "",
    refused: Path | None = None,
) -> Import:
    """The import of a list of addresses that must not be mailed (``SuppressionFile``); ``reason`` where a row has none.

    Dates without an offset are of ``zone``, the newsroom's. What waits to go out to them is not cancelled here: each
    delivery is held against the list when its turn comes.
    """
    source = f"import of {file.name} by {by}"

    def read(stream: TextIO, _sheet: str, began: datetime) -> SuppressionFile:
        listing = Listing(
            reason=reason,
            audience=audience,
            audiences=audiences,
            now=began,
            zone=zone,
            source=source,
            fingerprint=fingerprint,
        )
        return SuppressionFile(stream, listing)

    return Import(
        file=file,
        audience=audience,
        by=by,
        what="import suppressions",
        thing=f"audience:{audience or 'all'}",
        options={"reason": reason, "zone": zone.key},
        read=read,
        refused=refused,
    )


def cancelled_said(deliveries: int) -> Phrase:
    """How many deliveries were cancelled, for the record."""
    return plural(deliveries, "%(count)s delivery cancelled", "%(count)s deliveries cancelled")


def cancel_waiting(tx: Transaction, address: str, audience: str, reason: str, now: datetime) -> int:
    """Cancels what waits to go out to ``address`` in ``audience`` ("": in all); returns how many deliveries."""
    subscriber = tx.subscribers.id_of(address)
    return 0 if subscriber is None else tx.deliveries.cancel_subscriber(subscriber, audience, reason, now)


def _act(tx: Transaction, what: str, address: str, audience: str, who: str, now: datetime, note: str = "") -> Act:
    # Acts are never erased: they name the address by the beginning of its hash.
    thing = f"suppression:{tx.hashed(address)[:12]}"
    where = audience or Phrase("all")
    return Act(at=now, who=who, what=what, thing=thing, note=several((where, note) if note else (where,)))
