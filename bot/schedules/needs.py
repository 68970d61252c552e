"""What waits for a person: each with what is so, since when, and until when it can be mended.

Each look costs a few bounded questions, whatever the ledger holds: every page of the desk asks for the counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.delivery import failures
from bot.delivery.permission import stage
from bot.model import CORRECTION_MAIL, DeliveryState, Edition, EditionState, Phrase, Role
from bot.schedules.corrected import to_decide
from bot.schedules.correction_mail import readers_of
from bot.schedules.installation import Installation
from bot.store import Transaction
from bot.store.numbers import Troubled

UNKNOWN_FOR = timedelta(days=14)
"""So long after its slot it is asked for what may or may not have arrived."""
MOST = 20
"""Of each kind."""
LOOKED_AT = 500
"""Editions of the last days whose books are looked at."""
LATE = 5
"""Editions that ended just now, whose sums nobody has reckoned yet, and whose books are read themselves."""

_MOMENT = timedelta(minutes=1)
_WAITING = (EditionState.AWAITING, EditionState.HELD, EditionState.PAUSED)


class Kind(StrEnum):
    """What is to be done; each has its words and its button on the desk."""

    APPROVE = "approve"
    RELEASE = "release"
    RESUME = "resume"
    UNKNOWN = "unknown"
    FAILED = "failed"
    BOUNCES = "bounces"
    CHANNEL = "channel"
    PERMISSION = "permission"
    SOURCE = "source"
    CORRECT = "correct"
    WEBHOOK = "webhook"


PLACES = {
    Kind.UNKNOWN: "deliveries",
    Kind.FAILED: "deliveries",
    Kind.BOUNCES: "deliveries",
    Kind.RESUME: "deliveries",
    Kind.CHANNEL: "channels",
    Kind.PERMISSION: "channels",
    Kind.SOURCE: "sources",
    Kind.CORRECT: "sources",
    Kind.WEBHOOK: "settings",
}
"""The page of the rail that each is about too; an edition that waits is about none but Today."""

_ROLES = {Kind.SOURCE: Role.EDITOR, Kind.CORRECT: Role.EDITOR, Kind.WEBHOOK: Role.ADMIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """``thing`` is the id of the edition, the name of the channel or source, the id of the article or webhook; ``name``
    as people know it. ``schedule`` is the edition's. ``number``: of deliveries, addresses, posts, tries. ``by``
    (UTC): when it is too late; ``due``: the edition's slot; None for a correction's own mail, of which ``number`` are
    the readers it goes to. ``why`` may be a stranger's words.
    """

    kind: Kind
    thing: str
    name: str
    schedule: str = ""
    number: int = 0
    by: datetime | None = None
    due: datetime | None = None
    since: datetime | None = None
    why: str = ""

    @property
    def role(self) -> Role:
        """Who can do it."""
        return _ROLES.get(self.kind, Role.APPROVER)


def needs(tx: Transaction, installation: Installation, now: datetime) -> list[Need]:
    """All of it, the most urgent first: what ends soonest, then what concerns most."""
    found = [
        *_editions(tx, installation, now),
        *_books(tx, now),
        *_bounces(tx),
        *_channels(tx, installation, now),
        *_sources(tx, installation),
    ]
    found += [*_changes(tx), *_webhooks(tx)]
    order = list(Kind)
    return sorted(
        found,
        key=lambda each: (each.by is None, each.by.timestamp() if each.by else 0, order.index(each.kind), -each.number),
    )


def _editions(tx: Transaction, installation: Installation, now: datetime) -> Iterator[Need]:
    kinds = {
        EditionState.AWAITING: Kind.APPROVE,
        EditionState.HELD: Kind.RELEASE,
        EditionState.PAUSED: Kind.RESUME,
    }
    waiting = tx.editions.in_states(_WAITING, limit=MOST)
    expiries = tx.editions.expiries([each.id for each in waiting])
    for edition in waiting:
        kind = kinds[edition.state]
        table = installation.settings.schedules.get(edition.schedule)
        by = expiries.get(edition.id) if kind is Kind.RELEASE else None
        if kind is Kind.APPROVE:
            # One that was made late waits as long as its schedule promises to who approves.
            late = edition.slot <= now
            by = edition.created + table.lead_time if table and late else edition.slot
        need = _of(kind, edition, by=by, why=edition.reason)
        if kind is Kind.APPROVE and edition.slot_key.startswith(CORRECTION_MAIL):
            # It has no time of its own: it goes out when somebody says yes.
            need = replace(need, by=expiries.get(edition.id), due=None, number=readers_of(tx, edition.id))
        yield need


def _books(tx: Transaction, now: datetime) -> Iterator[Need]:
    """What of the last days failed, or may or may not have arrived."""
    recent = tx.numbers.troubled(
        unknown=now - UNKNOWN_FOR, failed=now - failures.ASKED_FOR, until=now + _MOMENT, limit=LOOKED_AT
    )
    late = [each.id for each in recent if each.states is None and each.snapshot][:LATE]
    counted = {id: balance.states for id, balance in tx.deliveries.balances(late).items()}
    states = {each.id: counted.get(each.id) or each.states or {} for each in recent}
    failed = {
        each.id: states[each.id].get(DeliveryState.FAILED, 0)
        for each in recent
        if failures.asks(each.state, each.slot, now)
    }
    left = failures.left_of(tx, [id for id, number in failed.items() if number])
    told = {Kind.UNKNOWN: 0, Kind.FAILED: 0}
    for edition in recent:
        counts = {
            Kind.UNKNOWN: states[edition.id].get(DeliveryState.UNKNOWN, 0),
            Kind.FAILED: failed.get(edition.id, 0) - left.get(edition.id, 0),
        }
        for kind, number in counts.items():
            if number > 0 and told[kind] < MOST:
                told[kind] += 1
                yield _of(kind, edition, number=number)


def _bounces(tx: Transaction) -> Iterator[Need]:
    """What came back as dead in a burst: nobody of them is suppressed before somebody says so."""
    for edition, number in tx.suspects.waiting(MOST):
        yield _of(Kind.BOUNCES, edition, number=number)


def _channels(tx: Transaction, installation: Installation, now: datetime) -> Iterator[Need]:
    known = {name: state for name, state in tx.channels.all().items() if name in installation.settings.channels}
    waits = tx.deliveries.open_posts([name for name, state in known.items() if state.paused])
    for name, state in sorted(known.items()):
        if state.paused:
            why = state.paused
            if not isinstance(why, Phrase):
                why = why.removeprefix(f"{name}: ").partition("; run `")[0]
            yield Need(kind=Kind.CHANNEL, thing=name, name=name, number=waits[name], since=state.paused_at, why=why)
        reached = stage(state.expires, now)
        if reached is not None:
            by = state.expires if reached else None
            yield Need(kind=Kind.PERMISSION, thing=name, name=name, by=by, since=None if reached else state.expires)


def _sources(tx: Transaction, installation: Installation) -> Iterator[Need]:
    failing = tx.sources.failing()
    for name in installation.settings.sources:
        if state := failing.get(name):
            yield Need(
                kind=Kind.SOURCE,
                thing=name,
                name=name,
                number=state.failures,
                since=state.last_success,
                why=state.error.removeprefix(f"{name}: "),
            )


def _changes(tx: Transaction) -> Iterator[Need]:
    for each in to_decide(tx, MOST):
        change = each.newest
        yield Need(
            kind=Kind.CORRECT,
            thing=str(change.article),
            name=change.title,
            number=len(each.editions),
            since=change.at,
            why=change.what,
        )


def _webhooks(tx: Transaction) -> Iterator[Need]:
    """Those that the program turned off; one that an admin did waits for nobody."""
    for each in tx.endpoints.off():
        yield Need(kind=Kind.WEBHOOK, thing=str(each.id), name=each.name, since=each.disabled, why=each.why or "")


def _of(kind: Kind, edition: Edition | Troubled, **said: object) -> Need:
    return Need(
        kind=kind,
        thing=edition.id,
        name=edition.name,
        schedule=edition.schedule,
        due=edition.slot,
        **said,  # type: ignore[arg-type]
    )
