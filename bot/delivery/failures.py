"""What a person decides of what failed: a post is tried once more, or it is left at that.

What ``failed`` surely did not arrive, so a post of it may be tried again without doubling. A mail is not: its server
refused the reader for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from bot.delivery.deciding import RETRY
from bot.delivery.reasons import every
from bot.delivery.threads import opens
from bot.editions.lifecycle import open_again
from bot.errors import NothingToDo
from bot.model import Act, Delivery, DeliveryState, EditionState, Phrase
from bot.store import Store, Transaction

ASKED_FOR = timedelta(hours=36)
"""So long after its slot somebody is asked what to do about what failed of an edition."""
LEAVE = "leave failed"
_LEFT = "failed and left"
"""The key of an edition's report under which it keeps how many failures somebody left at that."""


def try_again(store: Store, edition: str, delivery: int, *, who: str, now: datetime) -> int:
    """Has a post that failed tried again, with all of its thread that failed; returns how many posts.

    Raises ``StateError`` when the edition was cancelled, or is being folded.
    """
    with store.write() as tx:
        state = tx.editions.lock(edition)
        found = next((each for each in tx.deliveries.those([delivery]) if each.edition == edition), None)
        if state is None or found is None or found.audience or found.state is not DeliveryState.FAILED:
            return 0
        thread = _thread(tx, found)
        if not open_again(tx, edition, RETRY, who, now, note=found.channel):
            tx.acts.add(Act(at=now, who=who, what=RETRY, thing=f"edition:{edition}", note=found.channel))
        count = tx.deliveries.try_again([each.id for each in thread], now)
        # Should it fail again, somebody is asked again.
        rest = tx.deliveries.balance(edition).states.get(DeliveryState.FAILED, 0)
        if left(tx, edition) > rest:
            tx.editions.note(edition, _LEFT, rest)
    return count


def leave(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> int:
    """Leaves all that failed of an edition at that: nobody is asked any more; returns how many were not left before.

    Raises ``NothingToDo``.
    """
    with store.write() as tx:
        tx.editions.lock(edition)
        failed = tx.deliveries.balance(edition).states.get(DeliveryState.FAILED, 0)
        count = failed - left(tx, edition)
        if count <= 0:
            raise NothingToDo(Phrase("nothing of this edition failed that waits for a word of yours"))
        tx.editions.note(edition, _LEFT, failed)
        tx.acts.add(Act(at=now, who=who, what=LEAVE, thing=f"edition:{edition}", note=note))
    return count


def asks(state: EditionState, slot: datetime, now: datetime) -> bool:
    """Whether somebody is asked what to do about what failed of an edition: of a recent one, when it has ended."""
    return state.ended and slot >= now - ASKED_FOR


def left_of(tx: Transaction, which: Collection[str]) -> dict[str, int]:
    """How many failures somebody left at that, of each of these editions where somebody did."""
    return tx.editions.numbers_noted(which, _LEFT)


def left(tx: Transaction, edition: str) -> int:
    """How many failures of an edition somebody left at that."""
    return left_of(tx, [edition]).get(edition, 0)


def last_word(tx: Transaction, edition: str) -> Act | None:
    """Who left it at that last, and why."""
    acts = tx.acts.newest(thing=f"edition:{edition}", limit=20)
    return next((each for each in acts if each.what == LEAVE), None)


def _thread(tx: Transaction, post: Delivery) -> list[Delivery]:
    """The post, and what else failed of the thread that it is a part of: each part answers the one before."""
    failed = every(tx, post.edition, DeliveryState.FAILED)
    same = {each.subject: each for each in failed if each.channel == post.channel and not each.audience}
    before = {subject: _follows(tx, each) for subject, each in same.items()}
    first = next(reversed(list(_back(before, post.subject))))
    return [each for subject, each in same.items() if first in _back(before, subject)]


def _back(before: Mapping[str, str | None], subject: str) -> Iterator[str]:
    """``subject``, the failed part before it, and so on."""
    seen: set[str] = set()
    at: str | None = subject
    while at is not None and at in before and at not in seen:
        seen.add(at)
        yield at
        at = before[at]


def _follows(tx: Transaction, post: Delivery) -> str | None:
    """The subject of the part before it; None: it is the first one, or none."""
    rendition = tx.editions.rendition(post.edition, post.channel, post.subject)
    made = rendition.post if rendition else None
    return None if made is None or opens(made) else made.follows
