"""A reader's own acts by the links in their mail: leave, take it back, come again. Each is one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.audience.links import ReaderLink
from bot.audience.suppression import cancelled_said
from bot.clock import Clock
from bot.model import Act, Consent, Evidence, Phrase, Several, Subscriber, Way, several
from bot.store import Store, Transaction
from bot.store.allowances import Limits

READER = "reader"
UNSUBSCRIBE = "unsubscribe"
ONE_CLICK = "one-click"
PAGE = "unsubscribe page"
MAIL = "unsubscribe mail"
PREFERENCES_PAGE = "preferences page"
CHANGES: Limits = {timedelta(hours=1): 40, timedelta(hours=24): 120}
"""How often one reader's choices are changed or taken back: acts and past consents stay on record for good."""


@dataclass(frozen=True, slots=True)
class Left:
    """What an unsubscription did: the audiences that were left just now, and the deliveries it stopped."""

    audiences: tuple[str, ...] = ()
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a link's reader stands now. ``here`` is the subscription the link speaks of, ``undoable`` what Undo restores.

    ``subscriptions`` is empty when the reader was erased. ``blocked``: the address is on a suppression list.
    """

    subscriptions: tuple[Subscriber, ...] = ()
    here: Subscriber | None = None
    undoable: tuple[str, ...] = ()
    blocked: bool = False

    @property
    def address(self) -> str:
        return self.subscriptions[0].address if self.subscriptions else ""

    @property
    def current(self) -> tuple[Subscriber, ...]:
        """Those that are subscribed now."""
        return tuple(each for each in self.subscriptions if each.state == "subscribed")


def standing(tx: Transaction, link: ReaderLink, *, everything: bool = False) -> Standing:
    """How the reader of ``link`` stands; looks only."""
    subscriptions = _subscriptions(tx, link.subscriber)
    if not subscriptions:
        return Standing()
    return Standing(
        subscriptions=subscriptions,
        here=next((each for each in subscriptions if each.audience == link.audience), None),
        undoable=_undoable(tx, link, subscriptions, everything=everything),
        blocked=tx.suppressions.of(subscriptions[0].address, link.audience) is not None,
    )


def unsubscribe(store: Store, link: ReaderLink, *, everything: bool, via: str, clock: Clock) -> Left:
    """Ends the link's subscription (or all), and stops what has not gone out, also of an edition being sent.

    May be repeated; unknown and erased readers are no fault. ``via`` goes on record with the act.
    """
    with store.write() as tx:
        return leave(tx, link, everything=everything, via=via, now=clock())


def leave(tx: Transaction, link: ReaderLink, *, everything: bool, via: str, now: datetime) -> Left:
    """``unsubscribe``, as a part of a transaction."""
    audience = "" if everything else link.audience
    ended = tx.subscribers.unsubscribe(link.subscriber, audience, via=via, now=now)
    cancelled = tx.deliveries.cancel_subscriber(link.subscriber, audience, "unsubscribed", now)
    if ended:
        left = Phrase("%(via)s: %(audiences)s", via=via, audiences=Several(tuple(ended)))
        note = several((left, cancelled_said(cancelled)), Way.APART)
        tx.acts.add(_act(UNSUBSCRIBE, link, now, before="subscribed", after="unsubscribed", note=note))
        tx.numbers.left(link.edition)
    return Left(tuple(ended), cancelled)


def undo(store: Store, link: ReaderLink, *, everything: bool, clock: Clock) -> tuple[str, ...]:
    """Takes back what the reader themselves ended; returns the audiences that were restored.

    Of the link's audience only; with ``everything``, all that the reader's last unsubscription ended. Deliveries that
    were cancelled stay so: the reader gets the next edition.
    """
    now = clock()
    with store.write() as tx:
        wanted = _undoable(tx, link, _subscriptions(tx, link.subscriber), everything=everything)
        restored = tuple(each for each in wanted if tx.subscribers.resubscribe(link.subscriber, each, now=now))
        if restored:
            tx.numbers.left(link.edition, -1)
            note = Phrase("undone: %(audiences)s", audiences=Several(restored))
            tx.acts.add(_act("resubscribe", link, now, before="unsubscribed", after="subscribed", note=note))
    return restored


def may_change(store: Store, link: ReaderLink, now: datetime) -> bool:
    """Counts a change that the reader of ``link`` asks for; False when there were too many (``CHANGES``).

    Never asked before somebody leaves, who can do so no more often than they came back.
    """
    with store.write() as tx:
        return tx.allowances.reserve(f"changes:{link.subscriber}", CHANGES, 1, now).granted > 0


def subscribe_again(
    store: Store, link: ReaderLink, audience: str, *, via: str, clock: Clock, evidence: Evidence | None = None
) -> bool:
    """Takes a reader back into an audience they were in before, with a new consent; False when nothing changed."""
    return _subscribe(store, link, audience, via=via, clock=clock, evidence=evidence, new=False)


def join(
    store: Store, link: ReaderLink, audience: str, *, via: str, clock: Clock, evidence: Evidence | None = None
) -> bool:
    """Takes a reader into one more audience, with a consent of its own; False when nothing changed.

    Their hour, time zone, language and pause are theirs there too. The caller says that the audience is open.
    """
    return _subscribe(store, link, audience, via=via, clock=clock, evidence=evidence, new=True)


def _subscribe(
    store: Store, link: ReaderLink, audience: str, *, via: str, clock: Clock, evidence: Evidence | None, new: bool
) -> bool:
    now = clock()
    with store.write() as tx:
        subscriptions = _subscriptions(tx, link.subscriber)
        known = next((each for each in subscriptions if each.audience == audience), None)
        if not subscriptions or (known is None and not new) or (known and known.state == "subscribed"):
            return False
        consent = Consent(at=now, via=via, evidence=evidence)
        outcome = tx.subscribers.subscribe(subscriptions[0].address, audience, consent)
        if outcome not in ("new", "returned"):
            return False
        if outcome == "new":
            first = next((each for each in subscriptions if each.audience == link.audience), subscriptions[0])
            own = replace(first.preferences, topics=(), schedules=None)
            tx.subscribers.prefer(link.subscriber, audience, own)
        what, before = ("subscribe", "") if outcome == "new" else ("resubscribe", "unsubscribed")
        note = f"{via}: {audience}"
        tx.acts.add(_act(what, link, now, before=before, after="subscribed", note=note))
    return True


def _subscriptions(tx: Transaction, subscriber: int) -> tuple[Subscriber, ...]:
    page = tx.subscribers.page(after=subscriber - 1, limit=200)
    return tuple(each for each in page if each.id == subscriber)


def _undoable(
    tx: Transaction, link: ReaderLink, subscriptions: tuple[Subscriber, ...], *, everything: bool
) -> tuple[str, ...]:
    # An end that no act of the reader's names was somebody else's decision, and not the reader's to undo.
    acts = [act.at for act in tx.acts.newest(thing=_thing(link)) if act.who == READER and act.what == UNSUBSCRIBE]
    moments = acts[:1] if everything else acts
    candidates = subscriptions if everything else [each for each in subscriptions if each.audience == link.audience]
    return tuple(each.audience for each in candidates if each.state == "unsubscribed" and each.unsubscribed in moments)


def _thing(link: ReaderLink) -> str:
    return f"subscriber:{link.subscriber}"


def _act(what: str, link: ReaderLink, now: datetime, *, before: str, after: str, note: str) -> Act:
    return Act(at=now, who=READER, what=what, thing=_thing(link), before=before, after=after, note=note)
