"""How addresses come into an audience, and how one is erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from bot.audience.csv_file import Refusal, Row, read_subscribers
from bot.audience.suppression import cancel_waiting
from bot.errors import UsageError
from bot.model import Act, Consent, Suppression
from bot.settings import is_address
from bot.store import Store, Transaction

CHUNK = 1000
"""Rows a transaction takes: an import that is interrupted keeps what it has, and may be run again."""

TOLD = 1000
"""Refusals an import names one by one; of a file that is wrong altogether, the rest is counted."""


@dataclass
class Imported:
    """What an import did, row by row: the counts and the refusals together are all rows of the file.

    ``refused_more`` counts the refusals beyond the first ``TOLD``.
    """

    accepted: int = 0
    known: int = 0
    left: int = 0
    suppressed: int = 0
    refused: list[Refusal] = field(default_factory=list)
    refused_more: int = 0

    def refuse(self, refusal: Refusal) -> None:
        """Keeps one more refusal, or counts it."""
        if len(self.refused) < TOLD:
            self.refused.append(refusal)
        else:
            self.refused_more += 1


def add(store: Store, address: str, audience: str, *, name: str, by: str, note: str, now: datetime) -> str:
    """Subscribes one address; says ``new``, ``known``, ``returned`` or ``suppressed``, which leaves it as it is.

    ``left``: they left at a moment that is still to come, by another clock. Raises ``UsageError``.
    """
    if not is_address(address):
        raise UsageError(f"{address}: is not a mail address")
    consent = Consent(at=now, via=f"command by {by}", note=note)
    with store.write() as tx:
        if tx.suppressions.of(address, audience):
            return "suppressed"
        outcome = tx.subscribers.subscribe(address, audience, consent, name=name)
        if outcome in ("new", "returned"):
            thing = f"subscriber:{tx.subscribers.id_of(address)}"
            tx.acts.add(Act(at=now, who=by, what="subscribe", thing=thing, after="subscribed", note=audience))
    return outcome


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
            rows = read_subscribers(stream, now=now)
            while chunk := list(islice(rows, CHUNK)):
                with store.write() as tx:
                    for row in chunk:
                        _import_row(tx, row, audience, result, via=f"import of {file.name} by {by}", note=note, now=now)
                        advance()
                        if isinstance(row, Refusal):
                            result.refuse(row)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from error
    with store.write() as tx:
        refused = len(result.refused) + result.refused_more
        counts = f"{result.accepted} accepted, {result.known} known, {refused} refused"
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
    """Erases an address everywhere; False when it is not known.

    What waits to go out to it is cancelled. Its hash is suppressed, so that no import revives it.
    """
    with store.write() as tx:
        cancel_waiting(tx, address, "", "erased", now)
        known = tx.subscribers.forget(address)
        if not (tx.suppressions.forget(address) or known):
            return False
        tx.suppressions.add(Suppression(address=address, reason="erased", at=now), keep_address=False)
        tx.acts.add(Act(at=now, who=who, what="erase subscriber", thing="subscriber"))
    return True
