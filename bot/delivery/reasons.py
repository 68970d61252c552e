"""Why an edition did not reach some of its readers, in plain groups, and what becomes of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.audience.bounces import judge
from bot.channels.email.providers import provider_of
from bot.model import Delivery, DeliveryState, Verdict
from bot.store import Transaction
from bot.store.reasons import ReasonCount, without_reader

LOOKED_AT = 2_000
"""Deliveries that are looked at for one page of a group's readers; the next page goes on behind them."""
_STEP = 100


class Follows(StrEnum):
    """What becomes of the deliveries of a group."""

    TRIED_AGAIN = "tried again"
    NO_MORE_MAIL = "no more mail"
    """The address is dead: it is suppressed."""
    NEXT_AS_USUAL = "next as usual"
    DECIDED = "decided"
    """A person says what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Deliveries of an edition that are in one state for one reason.

    ``reason`` is a word of ``bot.audience.bounces.judge``; "" when no server said anything. ``said`` is the answer that
    most of them got. ``providers`` are the readers' by number, without the many that few each have; ``due`` (UTC) is
    when the first of them is tried again.
    """

    state: DeliveryState
    reason: str
    said: str
    number: int
    follows: Follows
    providers: tuple[str, ...] = ()
    more_providers: bool = False
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Readers:
    """Some deliveries of a group; ``after`` is where the next ones begin, None when there are no more."""

    deliveries: tuple[Delivery, ...]
    after: int | str | None


def groups(tx: Transaction, edition: str) -> list[Group]:
    """The groups of an edition's mails: what is tried again, what failed, what is unknown; the largest first."""
    same: dict[tuple[DeliveryState, str], list[ReasonCount]] = defaultdict(list)
    verdicts: dict[tuple[DeliveryState, str], Counter[Verdict]] = defaultdict(Counter)
    for each in tx.reasons.of_edition(edition):
        verdict, reason = _judged(each.state, each.code, each.enhanced, each.said)
        same[each.state, reason].append(each)
        verdicts[each.state, reason][verdict] += each.number
    found = []
    for (state, reason), counts in same.items():
        providers: Counter[str] = Counter()
        said: Counter[str] = Counter()
        for each in counts:
            providers[provider_of(each.domain) if each.domain else ""] += each.number
            said[each.said] += each.number
        several = providers.pop("", 0)
        ordered = sorted(providers, key=lambda name: (-providers[name], name))
        found.append(
            Group(
                state=state,
                reason=reason,
                said=max(said, key=lambda text: (bool(text), said[text], text)),
                number=sum(each.number for each in counts),
                follows=_follows(state, verdicts[state, reason].most_common(1)[0][0]),
                providers=tuple(ordered),
                more_providers=bool(several),
                due=min((each.due for each in counts if each.due), default=None),
            )
        )
    order = [DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNKNOWN]
    return sorted(found, key=lambda each: (order.index(each.state), -each.number, each.reason))


def readers(
    tx: Transaction, edition: str, state: DeliveryState | None, reason: str | None, *, after: int = 0, limit: int = 25
) -> Readers:
    """The deliveries of a group (``reason`` None: all mails of the state; both None: of any), from the id ``after`` on.

    ``limit`` at most: with fewer there may still be more, and then ``after`` says where.
    """
    found: list[Delivery] = []
    looked, step, sought = 0, limit + 1, None
    if state and reason is not None:
        sought = tx.reasons.holding(edition, state, lambda *said: _judged(state, *said)[1] == reason)
    while looked < LOOKED_AT:
        page = tx.deliveries.page(
            edition=edition, states=[state] if state else [], limit=step, after=after, sought=sought
        )
        for each in page:
            looked += 1
            if each.audience and (reason is None or belongs(each, reason)):
                if len(found) == limit:
                    return Readers(tuple(found), after)
                found.append(each)
            after = each.id
        if len(page) < step:
            return Readers(tuple(found), None)
        # Others than these are the more: not to ask for each few of them.
        step *= 4
    return Readers(tuple(found), after)


def readers_named(
    tx: Transaction,
    edition: str,
    words: str,
    state: DeliveryState | None,
    *,
    after: str = "",
    limit: int = 25,
) -> Readers:
    """The mails of a state (None: of any) to those who have ``words`` in address or name; ``after`` is where the page
    before says.

    So many readers are looked through a part at a time: a page may hold few, or nobody, and others follow.
    """
    page = tx.readers.find(words, limit=limit, after=after)
    found = tx.deliveries.of_readers(edition, [reader for reader, _address, _name in page.readers])
    return Readers(tuple(each for each in found if state in (None, each.state)), None if page.whole else page.after)


def every(tx: Transaction, edition: str, state: DeliveryState, reason: str | None = None) -> Iterator[Delivery]:
    """All deliveries of a group (None: of the state, posts too), by id, some at a time."""
    after = 0
    while page := tx.deliveries.page(edition=edition, states=[state], limit=_STEP, after=after):
        yield from (each for each in page if reason is None or belongs(each, reason))
        after = page[-1].id


def reason_of(delivery: Delivery) -> str:
    """The reason by which ``groups`` counts a delivery."""
    said = without_reader(delivery.text or delivery.reason, delivery.code, delivery.destination)
    return _judged(delivery.state, delivery.code, delivery.enhanced, said)[1]


def belongs(delivery: Delivery, reason: str) -> bool:
    """Whether a delivery is a mail that ``groups`` counts under ``reason``."""
    return bool(delivery.audience) and reason_of(delivery) == reason


def _judged(state: DeliveryState, code: int, enhanced: str, said: str) -> tuple[Verdict, str]:
    # What is unknown had no answer, whatever was said to an earlier attempt.
    if state is DeliveryState.UNKNOWN or not (code or enhanced):
        return Verdict.NONE, ""
    return judge(code, enhanced, said)


def _follows(state: DeliveryState, verdict: Verdict) -> Follows:
    if state is DeliveryState.DEFERRED:
        return Follows.TRIED_AGAIN
    if state is DeliveryState.UNKNOWN:
        return Follows.DECIDED
    return Follows.NO_MORE_MAIL if verdict is Verdict.HARD else Follows.NEXT_AS_USUAL
