"""``/deliveries``: what was sent, newest first, and what became of it; or what became of it for one reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from bot.delivery.finding import find
from bot.model import Delivery, DeliveryState, Edition, EditionState
from bot.speech.catalog import N_, _
from bot.store import Transaction
from bot.store.books import Balance
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.states import Shown, of_edition

PAGE = 25
"""Editions on one page."""
OF_READER = 20
"""Deliveries of one reader that are shown, the newest; the reader's own page has all."""
_LONGEST = 320

_FILTERS: dict[str, tuple[str, tuple[EditionState, ...], DeliveryState | None]] = {
    "": (N_("All"), (), None),
    "sending": (N_("Sending or paused"), (EditionState.SENDING, EditionState.PAUSED), None),
    "failed": (N_("With failures"), (), DeliveryState.FAILED),
    "unknown": (N_("With unknown ones"), (), DeliveryState.UNKNOWN),
    "cancelled": (N_("Cancelled"), (EditionState.CANCELLED,), None),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An edition that was sent, with its books."""

    edition: Edition
    headline: str
    shown: Shown
    balance: Balance

    @property
    def accepted(self) -> int:
        return self.balance.states.get(DeliveryState.ACCEPTED, 0)

    def count(self, *states: str) -> int:
        return sum(self.balance.states.get(each, 0) for each in states)


@dataclass(frozen=True, slots=True)
class Got:
    """What became of an edition for a reader."""

    delivery: Delivery
    edition: Edition | None


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/deliveries``."""

    @router.api_route("/deliveries", methods=["GET", "HEAD"])
    def show(
        request: Request, user: Viewer, state: str = "", schedule: str = "", reader: str = "", before: str = ""
    ) -> Response:
        reader, state = reader.strip()[:_LONGEST], state if state in _FILTERS else ""
        schedules = {key: each.name for key, each in desk.installation.settings.schedules.items()}
        schedule = schedule if schedule in schedules else ""
        with desk.installation.store.read() as tx:
            got = _got(tx, desk, reader) if reader else []
            rows, more = ([], False) if reader else _rows(tx, state, schedule, _cursor(before))
        last = rows[-1].edition if rows else None
        chosen = {"state": state, "schedule": schedule}
        older = {**chosen, "before": f"{last.slot.astimezone(UTC).isoformat()}~{last.id}"} if last and more else None
        return desk.page(
            request,
            user,
            "editor/deliveries.html.j2",
            here="deliveries",
            title=_("Deliveries"),
            rows=rows,
            got=got,
            reader=reader,
            state=state,
            schedule=schedule,
            filters=[(key, _(word)) for key, (word, *_rest) in _FILTERS.items()],
            schedules=[("", _("All schedules")), *sorted(schedules.items(), key=lambda each: each[1].casefold())],
            older=f"deliveries?{urlencode({key: value for key, value in older.items() if value})}" if older else "",
            first=not before,
        )


def _rows(tx: Transaction, state: str, schedule: str, before: tuple[datetime, str] | None) -> tuple[list[Row], bool]:
    _word, states, trouble = _FILTERS[state]
    found = tx.numbers.went_out(schedule=schedule, states=states, trouble=trouble, before=before, limit=PAGE + 1)
    shown = found[:PAGE]
    ids = [each.id for each in shown]
    reckoned, headlines = tx.numbers.states(ids), tx.numbers.headlines(ids)
    # An edition that is under way, or that nobody has summed up yet, is counted now.
    counted = tx.deliveries.balances([each for each in ids if each not in reckoned])
    rows = []
    for each in shown:
        balance = counted.get(each.id) or Balance(each.snapshot or 0, reckoned[each.id])
        rows.append(Row(each, headlines.get(each.id, ""), of_edition(each.state, balance.states), balance))
    return rows, len(found) > PAGE


def _got(tx: Transaction, desk: Desk, reader: str) -> list[Got]:
    found = find(tx, desk.installation.keys, reader, limit=OF_READER)[:OF_READER]
    editions = tx.editions.lights({each.edition for each in found})
    return [Got(each, editions.get(each.edition)) for each in found]


def _cursor(text: str) -> tuple[datetime, str] | None:
    moment, _tilde, edition = text[:60].partition("~")
    try:
        slot = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (slot, edition) if slot.tzinfo and edition.isalnum() else None
