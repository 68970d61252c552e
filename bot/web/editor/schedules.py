"""``/schedules``: what goes out when, and what is done to a schedule beside writing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from bot.errors import BroadsheetError
from bot.model import EditionState
from bot.schedules.declaring import turn, withdraw
from bot.schedules.installation import Installation
from bot.schedules.moving import FARTHEST
from bot.schedules.run import extra_slot, need_open, schedule_table
from bot.schedules.slot import make
from bot.settings import Fault, Origin, ScheduleTable
from bot.speech.catalog import _
from bot.speech.phrases import told
from bot.store.schedules import Past
from bot.web.editor.access import Approver, Editor, Viewer
from bot.web.editor.desk import Desk, Undo
from bot.web.editor.form import Submitted
from bot.web.editor.schedule import SchedulePage
from bot.web.editor.schedule_slots import skipped_slots

HERE = "schedules"


@dataclass(frozen=True, slots=True)
class Row:
    """A schedule in the list; ``next`` is its next slot, ``path`` its page below ``schedules/``.

    ``audience`` is the name of who gets its mails, "" for nobody.
    """

    key: str
    path: str
    table: ScheduleTable
    audience: str
    next: datetime | None
    origin: Origin | None
    past: Past


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/schedules``, ``/schedules/new`` and ``/schedules/KEY``; what is posted to them."""
    page = SchedulePage(desk)

    @router.api_route("/schedules", methods=["GET", "HEAD"])
    def show_all(request: Request, user: Viewer) -> Response:
        installation = desk.installation.current()
        faults: list[Fault] = [each for each in installation.settings.faults if each.declaration.kind == "schedules"]
        rows = _rows(installation)
        return desk.page(request, user, "editor/schedules.html.j2", here=HERE, schedules=rows, faults=faults)

    @router.api_route("/schedules/new", methods=["GET", "HEAD"])
    def show_new(request: Request, user: Editor) -> Response:
        return page.new(request, user)

    @router.post("/schedules/new")
    def create(request: Request, user: Editor, form: Submitted) -> Response:
        return page.create(request, user, form)

    @router.api_route("/schedules/{key}", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, key: str) -> Response:
        return page.show(request, user, key)

    @router.post("/schedules/{key}")
    def save(request: Request, user: Editor, key: str, form: Submitted) -> Response:
        return page.save(request, user, key, form)

    @router.post("/schedules/{key}/turn")
    def switch(request: Request, user: Editor, key: str, form: Submitted) -> Response:
        on, now = form.checked("on"), desk.installation.clock()
        try:
            turn(desk.installation, key, on=on, who=user.name_on_record, now=now)
        except BroadsheetError as error:
            return desk.refused(request, error)
        path = f"schedules/{quote(key, safe='')}"
        back = Undo(f"{path}/turn", _("Turn off again") if on else _("Turn on again"), {"on": "" if on else "yes"})
        return desk.done(request, path, _("Turned on.") if on else _("Turned off: it makes no edition."), back)

    @router.post("/schedules/{key}/remove")
    def remove(request: Request, user: Editor, key: str, form: Submitted) -> Response:
        version = form.number("version")
        who, now = user.name_on_record, desk.installation.clock()
        try:
            withdraw(desk.installation, "schedules", key, who=who, now=now, version=version)
        except BroadsheetError as error:
            return desk.refused(request, error)
        return desk.done(request, HERE, _("Removed. What it sent stays as it is."))

    @router.post("/schedules/{key}/extra")
    def extra(request: Request, user: Approver, key: str) -> Response:
        installation = desk.installation.current()
        now = installation.clock()
        try:
            schedule_table(installation, key)
            need_open(installation)
            made = make(installation, key, extra_slot(installation, key, now), now, who=user.name_on_record)
        except BroadsheetError as error:
            return desk.refused(request, error)
        if made is None:
            return desk.done(request, f"schedules/{quote(key, safe='')}", _("It has its edition already."))
        said = _("An edition is made.")
        if made.state is EditionState.SKIPPED:
            said = _("No edition: %(reason)s.") % {"reason": told(made.reason)}
        return desk.done(request, f"editions/{made.id}", said)


def _rows(installation: Installation) -> list[Row]:
    settings, now = installation.settings, installation.clock()
    with installation.store.read() as tx:
        past, moves = tx.schedules.past(), tx.moved_slots.all()
        skipped = skipped_slots(tx, now, now + FARTHEST)
    rows = []
    for key, table in settings.schedules.items():
        timetable, passed = installation.timetable(key, moves=moves.get(key, ())), skipped.get(key, {})
        slots = timetable.after(now, count=1 + len(passed)) if table.enabled else []
        due = next((each.due for each in slots if each.key not in passed), None)
        origin = settings.origin("schedules", key)
        audience = settings.audiences[table.audience].name if table.audience else ""
        rows.append(Row(key, quote(key, safe=""), table, audience, due, origin, past.get(key, Past())))
    # What goes out first stands first; what is off, last.
    far = datetime.max.replace(tzinfo=ZoneInfo("UTC"))
    return sorted(rows, key=lambda row: (not row.table.enabled, row.next or far, row.table.name))
