"""Hard bounces become suppressions here, but a burst of them does not: then an editor looks first.

A burst is at least 20 readers, and more than 30 per cent of those to whom the edition's mail went: of all, or at one
mailbox provider. A provider that lost its directory says "no such user" of everybody; so does a server between us and
the world. The thresholds are those of ``bot.delivery.alarm``, which says why. What a burst had suppressed before it was
one is taken back. Refusals of an edition that the program paused wait likewise.

An editor has looked when they resumed the edition: all before that counts; or when they said of those that they were
shown whether they are dead (``decide``). Addresses that are good make the rest of their burst suspect, however late and
few: what comes back after such a word asks anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from bot.audience.suppression import put_on_list, take_off_list
from bot.channels.email.providers import PROVIDERS, provider_of
from bot.delivery.alarm import LEAST, alarming
from bot.delivery.rates import watch
from bot.delivery.refusals import SMTP
from bot.delivery.returns import BOUNCED, suppression
from bot.delivery.sending import PROGRAM
from bot.delivery.soft_run import OURS, run_of
from bot.delivery.suspects import ALL, summed_up
from bot.errors import ChangedMeanwhile, NotFound, NothingToDo
from bot.model import Act, EditionState, Effect, Event, Phrase, Verdict, plural
from bot.settings.bounces import BouncesTable
from bot.store import Store, Transaction

SHARE = 30
"""Per cent, as ``delivery.refused_share`` is by default."""
LOOKBACK = timedelta(hours=24)
"""Refusals of an edition that was paused for them are taken back when they are not older."""
HELD = "hold bounces"
SETTLE = "settle bounces"
_RESUME = "resume"
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
AT_ONCE = 1_000
"""So many addresses who waits for an answer has suppressed; the others are when the program looks the next time."""
_TOGETHER = 500


@dataclass(slots=True)
class Settled:
    """How many addresses were suppressed, how many such suppressions were taken back, how many wait for an editor."""

    suppressed: int = 0
    taken_back: int = 0
    held: int = 0
    editions: list[str] = field(default_factory=list)


def settle(store: Store, rules: BouncesTable, now: datetime) -> Settled:
    """Settles all that waits, an edition after the other, and raises the alarms on them. Raises ``StoreError``.

    It may stop at any moment: what was not settled yet goes on waiting.
    """
    done = Settled()
    with store.read() as tx:
        waits = tx.events.waiting()
    for edition in sorted(waits):
        _settle(store, edition, rules, now, done)
        done.editions.append(edition)
    return done


def decide(
    store: Store,
    edition: str,
    *,
    dead: bool,
    who: str,
    now: datetime,
    last: int | None = None,
    at_once: int | None = None,
) -> int:
    """An editor's word on the suspects of an edition: their addresses are ``dead``, or good; returns how many they are.

    They are those that were shown, up to the event ``last`` (None: as they are now), whether they still are a burst or
    not: nobody else is decided by it. ``at_once`` dead ones are suppressed at most, by who cannot wait for more; the
    others when the program looks the next time. Raises ``NotFound``, ``NothingToDo``, and ``ChangedMeanwhile`` when
    they are others now.
    """
    with store.write() as tx:
        if tx.editions.lock(edition) is None:
            raise NotFound(f"there is no edition {edition}; `broadsheet editions` lists them")
        suspects = tx.suspects.of(edition)
        if suspects is None:
            raise NothingToDo(Phrase("nothing that came back of this edition waits for a word of yours"))
        if last not in (None, suspects.last):
            raise ChangedMeanwhile(Phrase("more came back of this edition meanwhile: look at it again"))
        theirs = tx.events.undecided(edition, suspects.last)
        many = len({event.subscriber for event, _ in theirs})
        note = (
            plural(many, "%(count)s dead", "%(count)s dead")
            if dead
            else plural(many, "%(count)s good", "%(count)s good")
        )
        tx.acts.add(Act(at=now, who=who, what=SETTLE, thing=f"edition:{edition}", note=note))
        if not dead:
            tx.events.settle([event.id for event, _ in theirs], Effect.DISMISSED)
        tx.suspects.decide(edition, suspects.last)
    if dead:
        _suppress(store, theirs[:at_once], Settled())
    return many


def _settle(store: Store, edition: str, rules: BouncesTable, now: datetime, done: Settled) -> None:
    with store.read() as tx:
        # Counted where it holds nobody up: a million deliveries take a second.
        tried = _tried(tx, edition, [*tx.events.dead(edition), *tx.events.spared(edition)])
    with store.write() as tx:
        if edition:
            tx.editions.lock(edition)
        doomed, held = _sorted_out(tx, edition, tried, rules, now, done)
        if edition:
            tx.suspects.keep(edition, summed_up(held, tried))
            watch(tx, edition, now)
    _suppress(store, doomed, done)


def _suppress(store: Store, doomed: Sequence[tuple[Event, str]], done: Settled) -> None:
    if not doomed:
        return
    with store.read() as tx:
        going = bool(tx.editions.newest(states=[EditionState.SENDING, EditionState.PAUSED], limit=1))
    # What waits to go out is cancelled with each: in one transaction they would stand in the way of those who send.
    size = 1 if going else _TOGETHER
    for start in range(0, len(doomed), size):
        with store.write() as tx:
            for event, address in doomed[start : start + size]:
                done.suppressed += put_on_list(tx, suppression(event, address, BOUNCED), who=PROGRAM)
                tx.events.settle([event.id], Effect.SUPPRESSED)


def _sorted_out(
    tx: Transaction, edition: str, tried: Mapping[str, int], rules: BouncesTable, now: datetime, done: Settled
) -> tuple[list[tuple[Event, str]], list[tuple[Event, str]]]:
    """The events by which addresses are to be suppressed, and those of bursts: they are held, and what they did is
    taken back.
    """
    _count_soft(tx, edition, rules)
    dead = tx.events.dead(edition)
    known = {event.id for event, _ in dead}
    # Of readers that were erased: nobody is left to suppress.
    tx.events.settle([each.id for each in tx.events.waiting_of(edition) if each.id not in known], Effect.COUNTED)
    acts = tx.acts.newest(thing=f"edition:{edition}") if edition else []
    resumed = max((act.at for act in acts if act.what == _RESUME and act.who != PROGRAM), default=_FIRST)
    decided = tx.suspects.decided(edition)
    open_ = [(event, address) for event, address in dead if event.at > resumed and event.id > decided]
    ids = _bursts(tx, edition, open_, tx.events.spared(edition), tried, acts, now)
    if edition and _stopped(tx, edition, acts):
        ids |= {event.id for event, _ in open_ if event.source == SMTP and event.at > now - LOOKBACK}
    held = [each for each in dead if each[0].id in ids]
    for event, address in held:
        done.held += 1
        if event.effect is Effect.SUPPRESSED:
            done.taken_back += _take_back(tx, event, address, now)
    return [each for each in dead if each[0].effect is Effect.WAITING and each[0].id not in ids], held


def _count_soft(tx: Transaction, edition: str, rules: BouncesTable) -> None:
    """Of the soft ones that wait, only those that complete a run go on waiting."""
    soft = [each for each in tx.events.waiting_of(edition) if each.verdict is Verdict.SOFT]
    ended = [each.id for each in soft if not _completes_run(tx, each, rules)]
    tx.events.settle(ended, Effect.COUNTED)


def _completes_run(tx: Transaction, event: Event, rules: BouncesTable) -> bool:
    if event.subscriber is None or event.reason in OURS:
        return False
    bounced: dict[str, datetime] = {}
    for each in tx.events.of_subscriber(event.subscriber):
        if each.verdict in (Verdict.SOFT, Verdict.HARD) and each.reason not in OURS and each.edition:
            bounced[each.edition] = each.at
    if len(bounced) < rules.soft_run:
        return False
    editions = tx.events.history(event.subscriber, 4 * rules.soft_run)
    return run_of(editions, bounced, least=rules.soft_run, over=rules.soft_over) is not None


def _groups(dead: Sequence[tuple[Event, str]]) -> dict[str, list[Event]]:
    """All, and those at each mailbox provider, where they are enough for a burst."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for event, address in dead:
        groups[ALL].append(event)
        groups[provider_of(address.rpartition("@")[2])].append(event)
    return {name: events for name, events in sorted(groups.items()) if len(events) >= LEAST}


def _tried(tx: Transaction, edition: str, dead: Sequence[tuple[Event, str]]) -> dict[str, int]:
    """How many mails of an edition went to each group that may be a burst."""
    if not edition:
        return {}
    return {name: tx.events.tried(edition, () if name == ALL else _domains(name)) for name in _groups(dead)}


def _bursts(
    tx: Transaction,
    edition: str,
    open_: Sequence[tuple[Event, str]],
    spared: Sequence[tuple[Event, str]],
    tried: Mapping[str, int],
    acts: Sequence[Act],
    now: datetime,
) -> set[int]:
    """The events of bursts that are ``open_``, by id; each burst goes on the record once for each time that somebody
    looks, which also alerts. Those ``spared`` came back of the same burst.

    A group that was not counted yet has grown just now, and is looked at the next time.
    """
    suspects: set[int] = set()
    ours = {event.id for event, _ in open_}
    for name, events in _groups([*open_, *spared]).items():
        readers, new = len({event.subscriber for event in events}), {event.id for event in events} & ours
        if new and name in tried and alarming(readers, tried[name], share=SHARE):
            suspects |= new
            _on_record(tx, edition, name, readers, tried[name], acts, now)
    return suspects


def _domains(provider: str) -> list[str]:
    return [provider, *(domain for domain, name in PROVIDERS.items() if name == provider and domain != provider)]


def _on_record(
    tx: Transaction, edition: str, name: str, readers: int, tried: int, acts: Iterable[Act], now: datetime
) -> None:
    whom = Phrase("all its readers") if name == ALL else Phrase("its readers at %(provider)s", provider=name)
    since = takewhile(lambda act: act.who == PROGRAM or act.what not in (_RESUME, SETTLE), acts)
    if any(act.what == HELD and f" of {whom}" in act.note for act in since):
        return
    note = Phrase(
        "%(readers)s of %(tried)s of %(whom)s came back as dead addresses: none of them is suppressed until you look",
        readers=readers,
        tried=tried,
        whom=whom,
    )
    tx.acts.add(Act(at=now, who=PROGRAM, what=HELD, thing=f"edition:{edition}", note=note))


def _stopped(tx: Transaction, edition: str, acts: Sequence[Act]) -> bool:
    """Whether the program stopped the edition, and nobody has let it go on."""
    if tx.editions.state(edition) not in (EditionState.PAUSED, EditionState.CANCELLED):
        return False
    return next((act.who == PROGRAM for act in acts if act.after == EditionState.PAUSED), False)


def _take_back(tx: Transaction, event: Event, address: str, now: datetime) -> bool:
    tx.events.settle([event.id], Effect.WAITING)
    listed = tx.suppressions.of(address)
    # What somebody else put there, or another edition's bounce, stays.
    if listed is None or listed.audience or listed.reason != BOUNCED or event.edition not in listed.note:
        return False
    return take_off_list(
        tx, address, "", who=PROGRAM, now=now, note=Phrase("one of a burst, edition %(edition)s", edition=event.edition)
    )
