"""How addresses come into an audience, and how one is erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from bot.audience.csv_file import Refusal, Row, read_subscribers
from bot.errors import UsageError
from bot.model import Act, Consent, Suppression
from bot.settings import is_address
from bot.store import Store, Transaction

CHUNK = 1000
"""Rows a transaction takes: an import that is interrupted keeps what it has, and may be run again."""


@dataclass
class Imported:
    """What an import did, row by row: the counts and the refusals together are all rows of the file."""

    accepted: int = 0
    known: int = 0
    left: int = 0
    suppressed: int = 0
    refused: list[Refusal] = field(default_factory=list)


def add(store: Store, address: str, audience: str, *, name: str, via: str, note: str, now: datetime) -> str:
    """Subscribes one address; says ``new``, ``known``, ``returned`` or ``suppressed``. Raises ``UsageError``."""
    if not is_address(address):
        raise UsageError(f"{address}: is not a mail address")
    consent = Consent(at=now, via=via, note=note)
    with store.write() as tx:
        suppression = tx.suppressions.of(address, audience)
        if suppression:
            return f"suppressed ({suppression.reason}); `broadsheet suppressions remove` comes first"
        return tx.subscribers.subscribe(address, audience, consent, name=name)


def import_csv(
    store: Store, file: Path, audience: str, *, by: str, note: str, now: datetime, advance: Callable[[], None]
) -> Imported:
    """Subscribes the addresses of a CSV file. Raises ``UsageError`` when it can't be read or has no such header.

    A row's own date of consent is kept; a row without one is evidence of today's import only. Who left the audience
    after the row's consent is not taken back.
    """
    result = Imported()
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = read_subscribers(stream)
            while chunk := list(islice(rows, CHUNK)):
                with store.write() as tx:
                    for row in chunk:
                        _import_row(tx, row, audience, result, via=f"import of {file.name} by {by}", note=note, now=now)
                        advance()
                        if isinstance(row, Refusal):
                            result.refused.append(row)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from error
    with store.write() as tx:
        counts = f"{result.accepted} accepted, {result.known} known, {len(result.refused)} refused"
        tx.acts.add(Act(at=now, who=by, what="import subscribers", thing=f"audience:{audience}", note=counts))
    return result


def _import_row(
    tx: Transaction, row: Row | Refusal, audience: str, result: Imported, *, via: str, note: str, now: datetime
) -> None:
    if isinstance(row, Refusal):
        return
    if tx.suppressions.of(row.address, audience):
        result.suppressed += 1
        return
    consent = Consent(at=row.subscribed or now, via=via, note=note)
    # Without a date of its own a row proves no consent that is newer than an unsubscription.
    outcome = tx.subscribers.subscribe(
        row.address, audience, consent, name=row.name, takes_back=row.subscribed is not None
    )
    if outcome in ("new", "returned"):
        result.accepted += 1
    elif outcome == "known":
        result.known += 1
    else:
        result.left += 1


def exported(tx: Transaction, audience: str) -> Iterator[Row]:
    """The subscribed members of ``audience`` ("": of all) as rows of a CSV file, streamed."""
    for number, each in enumerate(tx.subscribers.every(audience=audience, state="subscribed"), start=2):
        yield Row(line=number, address=each.address, name=each.name, subscribed=each.consent.at)


def forget(store: Store, address: str, *, who: str, now: datetime) -> bool:
    """Erases an address everywhere; its hash is suppressed, so that no import revives it. False when not known."""
    with store.write() as tx:
        if not tx.subscribers.forget(address):
            return False
        tx.suppressions.add(Suppression(address=address, reason="erased", at=now), keep_address=False)
        tx.acts.add(Act(at=now, who=who, what="erase subscriber", thing="subscriber"))
    return True
