"""``/calendar``: what goes out when, by month, week or list; one slot is moved, skipped or put back below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, get_day_names
from babel.lists import format_list
from fastapi import APIRouter, Request, Response

from bot.editions.skeleton import by_skeleton
from bot.errors import BroadsheetError, NotFound
from bot.model import Edition, EditionState, Role, User
from bot.schedules.free import next_free
from bot.schedules.moving import TOO_LATE, Stand, move, put_back, skip_slot, stand
from bot.schedules.plan import Slot
from bot.speech.catalog import _, locale
from bot.speech.phrases import sentence, told_error
from bot.store import Transaction
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.days import BANDS, OPEN, cells_of, change_said, states
from bot.web.editor.desk import Desk, Undo
from bot.web.editor.form import Submission, Submitted
from bot.web.editor.month import View, view_of, weeks
from bot.web.editor.reach import reach_said
from bot.web.editor.states import EDITION_STATES, PLANNED, SENT_WITH_FAILURES, Shown


@dataclass(frozen=True, slots=True)
class Picked:
    """The slot that was chosen, with what may be done to it. ``free`` is the next free slot."""

    stand: Stand
    name: str
    facts: str
    shown: Shown
    movable: bool
    free: datetime | None
    back: bool


def routes(desk: Desk, router: APIRouter) -> None:
    """``/calendar``, and what is done there to one slot."""

    @router.api_route("/calendar", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return _page(desk, request, user, dict(request.query_params))

    @router.post("/calendar/move")
    def move_it(request: Request, user: Editor, form: Submitted) -> Response:
        return _moved(desk, request, user, form)

    @router.post("/calendar/skip")
    def skip_it(request: Request, user: Editor, form: Submitted) -> Response:
        schedule, key = _named(form)
        try:
            made = skip_slot(
                desk.installation,
                schedule,
                key,
                who=user.name_on_record,
                now=desk.times.now,
                note=form.text("note", longest=300),
            )
        except BroadsheetError as error:
            return _refused(desk, request, user, form, {"slot": sentence(told_error(error))})
        said = _("%(name)s, %(time)s, is skipped.") % {"name": made.name, "time": desk.times.words(made.slot)}
        undo = Undo("calendar/put-back", _("Undo"), _fields(form))
        return desk.done(request, _to(desk, form, made.slot), said, undo)

    @router.post("/calendar/put-back")
    def put_it_back(request: Request, user: Editor, form: Submitted) -> Response:
        schedule, key = _named(form)
        try:
            stands = put_back(desk.installation, schedule, key, who=user.name_on_record, now=desk.times.now)
        except BroadsheetError as error:
            return _refused(desk, request, user, form, {"slot": sentence(told_error(error))})
        name = desk.installation.settings.schedules[schedule].name
        said = _("%(name)s goes out %(time)s.") % {"name": name, "time": desk.times.words(stands.slot.due)}
        return desk.done(request, _to(desk, form, stands.slot.due), said)


def _moved(desk: Desk, request: Request, user: User, form: Submission) -> Response:
    schedule, key = _named(form)
    due, errors = _due(form, desk.times.zone)
    if due is None:
        return _refused(desk, request, user, form, errors)
    try:
        with desk.installation.store.read() as tx:
            before = stand(tx, desk.installation, schedule, key).slot.due.astimezone(desk.times.zone)
        stands = move(desk.installation, schedule, key, due, who=user.name_on_record, now=desk.times.now)
    except BroadsheetError as error:
        return _refused(desk, request, user, form, {"time": sentence(told_error(error))})
    name = desk.installation.settings.schedules[schedule].name
    said = _("%(name)s goes out %(time)s.") % {"name": name, "time": desk.times.words(stands.slot.due)}
    back = {**_fields(form), "date": f"{before:%Y-%m-%d}", "time": f"{before:%H:%M}"}
    undo = Undo("calendar/move", _("Undo"), back) if before > desk.times.now else None
    return desk.done(request, _to(desk, form, stands.slot.due), said, undo)


def _due(form: Submission, zone: ZoneInfo) -> tuple[datetime | None, dict[str, str]]:
    """The time that the form asks for, in UTC; or what is wrong with it."""
    free = form.text("free", longest=40)
    try:
        if free:
            found = datetime.fromisoformat(free)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC), {}
    except (ValueError, OverflowError):
        return None, {"time": _("This is not a time. Write hour and minute, such as 09:30.")}
    try:
        day = date.fromisoformat(form.text("date", longest=10))
    except ValueError:
        return None, {"date": _("This is not a date. Write year, month and day, such as 2026-11-24.")}
    try:
        clock = time.fromisoformat(form.text("time", longest=5))
    except ValueError:
        return None, {"time": _("This is not a time. Write hour and minute, such as 09:30.")}
    try:
        local = datetime.combine(day, clock, zone)
        found = local.astimezone(UTC)
    except OverflowError:
        return None, {"date": _("This is not a date. Write year, month and day, such as 2026-11-24.")}
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        return None, {"time": _("The clocks go forward then: that time does not come.")}
    return found, {}


def _named(form: Submission) -> tuple[str, str]:
    return form.text("schedule", longest=100), form.text("slot", longest=100)


def _fields(form: Submission) -> dict[str, str]:
    schedule, key = _named(form)
    return {"schedule": schedule, "slot": key, "view": form.text("view", longest=500)}


def _asked(form: Submission) -> dict[str, str]:
    return dict(parse_qsl(form.text("view", longest=500)))


def _to(desk: Desk, form: Submission, due: datetime) -> str:
    """The view that the form stood in, or that kind of view with ``due`` in it; at its day, with the slot chosen."""
    schedule, key = _named(form)
    day = desk.times.local(due).date()
    view = view_of(_asked(form), day, locale().first_week_day)
    if day not in view.days:
        view = view.of(day)
    return f"calendar?{view.query(slot=f'{schedule}/{key}')}#day-{day}"


def _refused(desk: Desk, request: Request, user: User, form: Submission, errors: dict[str, str]) -> Response:
    schedule, key = _named(form)
    asked = {**_asked(form), "slot": f"{schedule}/{key}"}
    return _page(desk, request, user, asked, status=422, errors=errors, values=form.values())


def _page(
    desk: Desk,
    request: Request,
    user: User,
    asked: Mapping[str, str],
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Response:
    times = desk.times
    view = view_of(asked, times.local(times.now).date(), locale().first_week_day)
    schedule, _slash, key = asked.get("slot", "")[:201].partition("/")
    with desk.installation.store.read() as tx:
        picked = _picked(tx, desk, schedule, key)
        free = next_free(tx, desk.installation, times.now)
        cells = cells_of(tx, desk, view, (schedule, key), picked.free if picked else None)
    return desk.page(
        request,
        user,
        "editor/calendar.html.j2",
        here="calendar",
        status=status,
        title=_title(view),
        view=view,
        cells=cells,
        rows=[[cells[day] for day in week] for week in weeks(view.days)] if view.kind in ("month", "week") else [],
        heads=_heads(view),
        bands=[(_(word), _(hours)) for word, hours in BANDS],
        picked=picked,
        free=free,
        states=states(),
        failures=SENT_WITH_FAILURES,
        filters=dict(view.filters),
        choices=_choices(desk),
        change_said=change_said,
        day_said=lambda day: by_skeleton("EEEdMMM", day, locale()),
        short_day=lambda day: by_skeleton("EEEd", day, locale()),
        month_day=lambda day: by_skeleton("dMMM", day, locale()),
        errors=dict(errors or {}),
        values=dict(values or {}),
        may_move=user.role.may(Role.EDITOR),
    )


def _picked(tx: Transaction, desk: Desk, schedule: str, key: str) -> Picked | None:
    if not schedule or not key or schedule not in desk.installation.settings.schedules:
        return None
    try:
        stands = stand(tx, desk.installation, schedule, key)
    except NotFound:
        return None
    now, edition = desk.times.now, stands.edition
    state = edition.state if edition else None
    held = state is EditionState.HELD
    movable = state in OPEN and (held or stands.slot.due > now + TOO_LATE)
    moved = stands.slot.planned is not None and stands.slot.planned != stands.slot.due and stands.slot.planned > now
    return Picked(
        stand=stands,
        name=desk.installation.settings.schedules[schedule].name,
        facts=_facts(tx, desk, schedule, stands.slot, edition),
        shown=EDITION_STATES[state] if state else PLANNED,
        movable=movable,
        free=next_free(tx, desk.installation, now, schedule=schedule, key=key) if movable else None,
        back=(stands.skipped and stands.slot.due > now) or (movable and moved),
    )


def _facts(tx: Transaction, desk: Desk, schedule: str, slot: Slot, edition: Edition | None) -> str:
    """When the edition is made and to whom it goes, in sentences."""
    table = desk.installation.settings.schedules[schedule]
    said = []
    if edition is None:
        when = desk.times.words(slot.due - table.lead_time)
        if table.approval:
            said.append(_("Made %(time)s, then waits for approval.") % {"time": when})
        else:
            said.append(_("Made %(time)s.") % {"time": when})
    reach = reach_said(desk.installation, table, tx.growth.numbers([table.audience]))
    if reach:
        said.append(_("Goes to %(whom)s.") % {"whom": format_list(list(reach), locale=locale())})
    if slot.was and slot.was != slot.due:
        with_whom = tx.moved_slots.get(schedule, slot.key)
        moved = {"time": desk.times.words(slot.was), "who": with_whom.who if with_whom else ""}
        said.append(_("Moved from %(time)s by %(who)s.") % moved)
    return " ".join(said)


def _choices(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    settings = desk.installation.settings
    return {
        "schedule": [("", _("All schedules")), *((name, table.name) for name, table in settings.schedules.items())],
        "channel": [("", _("All channels")), *((name, name) for name in settings.channels)],
        "state": [("", _("Any state")), *((name, _(shown.word)) for name, shown in states().items())],
    }


def _title(view: View) -> str:
    if view.kind == "month":
        return by_skeleton("yMMMM", view.day, locale())
    if view.kind == "day":
        return format_date(view.day, "full", locale=locale())
    return format_interval(view.days[0], view.days[-1], "yMMMMd", locale=locale())


def _heads(view: View) -> list[str]:
    names = get_day_names("abbreviated", locale=locale())
    return [names[day.weekday()] for day in view.days[:7]] if view.kind == "month" else []
