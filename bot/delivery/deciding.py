"""What a person decides of deliveries: that they are tried now, that they arrived, that they are sent again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from bot.delivery.reasons import every
from bot.editions import lifecycle
from bot.model import Act, DeliveryState, Phrase, plural
from bot.store import Store

RETRY = "retry"
AT_ONCE = 1_000
"""Deliveries that are decided in one transaction: a send beside it is not held up."""


def retry(store: Store, ids: Collection[int], *, who: str, now: datetime, thing: str = "deliveries") -> int:
    """Lets deferred deliveries be tried at once; returns how many of these were deferred. Raises ``StoreError``."""
    with store.write() as tx:
        count = tx.deliveries.retry_now(ids, now)
        if count:
            tx.acts.add(Act(at=now, who=who, what=RETRY, thing=thing, note=_numbers(ids)))
    return count


def retry_edition(store: Store, edition: str, *, reason: str | None = None, who: str, now: datetime) -> int:
    """``retry`` of the mails of an edition that are deferred for one reason (``bot.delivery.reasons``); None: of all.

    Returns how many; one act is on record.
    """
    ids = _ids(store, edition, DeliveryState.DEFERRED, reason)
    count = 0
    for some in _parts(ids):
        with store.write() as tx:
            count += tx.deliveries.retry_now(some, now)
    if count:
        with store.write() as tx:
            said = plural(count, "%(count)s delivery", "%(count)s deliveries")
            if reason:
                said = Phrase("%(what)s: %(why)s", what=said, why=reason)
            tx.acts.add(Act(at=now, who=who, what=RETRY, thing=f"edition:{edition}", note=said))
    return count


def resolve_edition(store: Store, edition: str, *, arrived: bool, who: str, now: datetime) -> int:
    """Settles all unknown deliveries of an edition (``lifecycle.resolve``); returns how many.

    Sent again is mail alone: a post is settled by itself, for followers must not see one twice.

    Raises ``StateError``, and has settled none, when the edition can send nothing again.
    """
    with store.read() as tx:
        found = every(tx, edition, DeliveryState.UNKNOWN, None)
        ids = [each.id for each in found if arrived or each.audience]
    return sum(lifecycle.resolve(store, some, arrived=arrived, who=who, now=now) for some in _parts(ids))


def _ids(store: Store, edition: str, state: DeliveryState, reason: str | None) -> list[int]:
    with store.read() as tx:
        return [each.id for each in every(tx, edition, state, reason)]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE))


def _numbers(ids: Collection[int]) -> str:
    return ", ".join(map(str, ids))[:500]
