"""How addresses come into an audience, and how one is erased."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from bot.audience.importing import Import
from bot.audience.subscriber_file import SubscriberFile, Wanted
from bot.audience.suppression import cancel_waiting
from bot.errors import UsageError
from bot.model import ERASED, Act, Consent, Phrase, Suppression
from bot.settings import is_address
from bot.store import Store


def add(
    store: Store, address: str, audience: str, *, name: str, by: str, note: str, now: datetime, via: str = "command"
) -> str:
    """Subscribes one address; says ``new``, ``known``, ``returned`` or ``suppressed``, which leaves it as it is.

    ``via`` says what took the consent. ``left``: they left at a moment that is still to come, by another clock.
    Raises ``UsageError``.
    """
    if not is_address(address):
        raise UsageError(Phrase("%(address)s: is not a mail address", address=address))
    consent = Consent(at=now, via=f"{via} by {by}", note=note)
    with store.write() as tx:
        if tx.suppressions.of(address, audience):
            return "suppressed"
        outcome = tx.subscribers.subscribe(address, audience, consent, name=name)
        if outcome in ("new", "returned"):
            thing = f"subscriber:{tx.subscribers.id_of(address)}"
            tx.acts.add(Act(at=now, who=by, what="subscribe", thing=thing, after="subscribed", note=audience))
    return outcome


def subscribers_import(
    file: Path,
    audience: str,
    audiences: Collection[str],
    *,
    by: str,
    zone: ZoneInfo,
    consent: str = "",
    mapped: Mapping[str, str] | None = None,
    topics: Collection[str] = (),
    keep_ip: bool = False,
    refused: Path | None = None,
) -> Import:
    """The import of a file of subscribers (``bot.audience.origins`` tells whose) into ``audience``.

    ``consent`` is the source of their consents, ``mapped`` names columns by field, tags that are ``topics`` become
    choices; refused rows go to ``refused``, or beside the file. A row's own date of consent is kept; a row without one
    is evidence of the import only. Who left the audience after the row's consent is not taken back. A date without an
    offset is of ``zone``, the newsroom's, unless another program wrote the file.
    """
    via = f"import of {file.name} by {by}"

    def read(stream: TextIO, sheet: str, began: datetime) -> SubscriberFile:
        wanted = Wanted(
            audience=audience,
            audiences=audiences,
            now=began,
            zone=zone,
            via=via,
            consent=consent,
            mapped=mapped or {},
            topics={topic.casefold(): topic for topic in topics},
            keep_ip=keep_ip,
        )
        return SubscriberFile(stream, wanted, sheet)

    return Import(
        file=file,
        audience=audience,
        by=by,
        what="import subscribers",
        thing=f"audience:{audience or 'all'}",
        options={
            "consent": consent,
            "mapped": dict(mapped or {}),
            "topics": sorted(topics),
            "keep_ip": keep_ip,
            "zone": zone.key,
        },
        read=read,
        refused=refused,
    )


def forget(store: Store, address: str, *, who: str, now: datetime) -> bool:
    """Erases an address everywhere; False when it is not known.

    What waits to go out to it is cancelled. Its hash is suppressed, so that no import revives it.
    """
    with store.write() as tx:
        cancel_waiting(tx, address, "", ERASED, now)
        known = tx.subscribers.forget(address, now)
        if not (tx.suppressions.forget(address) or known):
            return False
        tx.suppressions.add(Suppression(address=address, reason=ERASED, source="erasure", at=now), keep_address=False)
        tx.acts.add(Act(at=now, who=who, what="erase subscriber", thing="subscriber"))
    return True
