"""``/``: what needs the editor, what goes out next, what went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from bot.model import DeliveryState, Edition, EditionState
from bot.schedules.plan import Slot, slots_after
from bot.settings import ScheduleTable
from bot.store import Transaction
from bot.store.books import Balance
from bot.web.editor.access import Viewer
from bot.web.editor.channels import endings
from bot.web.editor.desk import Desk
from bot.web.editor.states import EDITION_STATES, PLANNED, Shown, of_edition

NEXT = 8
"""How many slots are shown, at least the first of each schedule."""
LAST = 20
"""How many editions are shown."""

_WAITING = (EditionState.PAUSED, EditionState.AWAITING, EditionState.HELD)
_DO = {
    EditionState.PAUSED: ("is paused", "resume"),
    EditionState.AWAITING: ("waits for approval", "approve"),
    EditionState.HELD: ("is held", "release"),
}


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person. ``command`` mends it, ``by`` is when it is too late."""

    shown: Shown
    what: str
    why: str
    command: str
    edition: str = ""
    by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """A slot to come. ``edition`` is its id when it is made already; ``readers`` None for posts alone."""

    slot: Slot
    schedule: ScheduleTable
    shown: Shown
    readers: int | None
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """An edition with its books. ``headline`` is its first story's."""

    edition: Edition
    shown: Shown
    balance: Balance
    headline: str


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/``."""
    router = APIRouter()

    @router.api_route("/", methods=["GET", "HEAD"])
    def today(request: Request, user: Viewer) -> Response:
        now = desk.installation.clock()
        with desk.installation.store.read() as tx:
            needs, coming, past = _needs(tx, desk, now), _coming(tx, desk, now), _past(tx)
        schedules = desk.installation.settings.schedules.values()
        return desk.page(
            request,
            user,
            "editor/today.html.j2",
            here="today",
            needs=needs,
            coming=coming,
            listening=[each for each in schedules if each.on_publish and each.enabled],
            past=past,
        )

    return router


def _needs(tx: Transaction, desk: Desk, now: datetime) -> list[Need]:
    found = []
    for edition in tx.editions.newest(states=_WAITING):
        what, command = _DO[edition.state]
        found.append(
            Need(
                EDITION_STATES[edition.state],
                f"{edition.name} {what}",
                edition.reason,
                f"broadsheet {command} {edition.id}",
                edition.id,
                tx.editions.expires(edition.id) if edition.state is not EditionState.PAUSED else None,
            )
        )
    found.sort(key=lambda need: (need.by is None, need.by.timestamp() if need.by else 0))
    unknown: dict[str, int] = {}
    for delivery in tx.deliveries.page(states=[DeliveryState.UNKNOWN], limit=1000):
        unknown[delivery.edition] = unknown.get(delivery.edition, 0) + 1
    for edition_id, count in unknown.items():
        named = tx.editions.get(edition_id)
        found.append(
            Need(
                Shown("Unknown", "odd", "question"),
                f"{count} may or may not have {named.name if named else edition_id}",
                "The line broke before the server answered. Sending again may give two copies.",
                f"broadsheet deliveries --state unknown --edition {edition_id}",
                edition_id,
            )
        )
    found += [
        Need(each.shown, each.what, each.why, each.command, by=each.by) for each in endings(tx, desk.installation, now)
    ]
    for name in desk.installation.settings.sources:
        state = tx.sources.get(name)
        if state.failures:
            times = "once" if state.failures == 1 else f"{state.failures} times in a row"
            what = f"The source {name} did not answer, {times}"
            found.append(Need(Shown("Not answering", "bad", "mark"), what, state.error, f"broadsheet collect {name}"))
    return found


def _coming(tx: Transaction, desk: Desk, now: datetime) -> list[Coming]:
    installation = desk.installation
    first, later = [], []
    for name, table in installation.settings.schedules.items():
        if table.enabled:
            slots = slots_after(name, table.crons, installation.timezone(name), now, count=NEXT)
            first += [(slot, table) for slot in slots[:1]]
            later += [(slot, table) for slot in slots[1:]]
    later.sort(key=lambda each: each[0].due)
    coming = []
    for slot, table in sorted(first + later[: max(0, NEXT - len(first))], key=lambda each: each[0].due):
        edition = tx.editions.of_slot(slot.schedule, slot.key)
        shown = EDITION_STATES[edition.state] if edition else PLANNED
        readers = tx.subscribers.count(table.audience) if table.audience else None
        coming.append(Coming(slot, table, shown, readers, edition.id if edition else ""))
    return coming


def _past(tx: Transaction) -> list[Past]:
    past = []
    for edition in tx.editions.newest(limit=LAST):
        balance = tx.deliveries.balance(edition.id)
        picks = tx.editions.report(edition.id).get("picks") or [{}]
        headline = str(picks[0].get("title") or "")
        past.append(Past(edition, of_edition(edition.state, balance.states), balance, headline))
    return past
