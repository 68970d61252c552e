"""``run``: the edition of one slot, made and sent now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import NotFound, NothingToDo, UsageError
from bot.model import ARTICLE, Phrase
from bot.schedules.installation import Installation
from bot.schedules.on_publish import next_slot
from bot.schedules.plan import Slot
from bot.settings import ScheduleTable, duration_text, nearest, parse_duration


def schedule_table(installation: Installation, schedule: str) -> ScheduleTable:
    """The schedule with this id. Raises ``NotFound``."""
    schedules = installation.settings.schedules
    if schedule not in schedules:
        raise NotFound(
            f'{installation.settings.file}: there is no schedule "{schedule}"{nearest(schedule, schedules)}; '
            f"there are: {', '.join(schedules) or 'none'}"
        )
    return schedules[schedule]


def need_open(installation: Installation) -> None:
    """Raises ``StoreHeld`` when nothing may go out from the store."""
    with installation.store.read() as tx:
        tx.flags.need_open()


def due_slot(installation: Installation, schedule: str, now: datetime) -> Slot:
    """The slot that is due and has no edition. Raises ``NothingToDo``, ``NotFound``."""
    table = schedule_table(installation, schedule)
    if table.on_publish:
        article = next_slot(installation, schedule, now)
        if article is None:
            raise NothingToDo(
                f"schedule {schedule} tells each article as it appears, and none is new; "
                f"`broadsheet preview {schedule}` shows the newest as it would go out"
            )
        return article
    slot = latest_slot(installation, schedule, now)
    extra = "`--extra` makes one outside the timetable"
    if slot is None:
        raise NothingToDo(f"schedule {schedule} has had no slot yet; {extra}")
    with installation.store.read() as tx:
        made = tx.editions.of_slot(schedule, slot.key)
    if made:
        raise NothingToDo(
            f"the slot {slot.key} of {schedule} has its edition {made.id} ({made.state}); "
            f"nothing is sent twice; {extra}"
        )
    if now - slot.due > table.max_lateness:
        raise NothingToDo(
            f"the slot {slot.key} of {schedule} is later than its max_lateness of "
            f"{duration_text(table.max_lateness)}; {extra}"
        )
    return slot


def latest_slot(installation: Installation, schedule: str, now: datetime) -> Slot | None:
    """The newest slot that is not in the future, whether or not it has an edition."""
    schedule_table(installation, schedule)
    return installation.timetable(schedule).previous(now + timedelta(microseconds=1))


def shown_slot(installation: Installation, schedule: str, now: datetime) -> Slot:
    """The slot that a preview shows: the due one without an edition, else the next to come.

    A schedule that has sent nothing yet shows its latest slot: a newcomer sees a whole edition at any hour. One that
    posts on publish shows the newest article it would take.
    """
    if schedule_table(installation, schedule).on_publish:
        return Slot(schedule, ARTICLE, now)
    with installation.store.read() as tx:
        unsent = tx.editions.last_sent(schedule) is None
    latest = latest_slot(installation, schedule, now)
    if unsent and latest:
        return latest
    try:
        return due_slot(installation, schedule, now)
    except NothingToDo:
        return installation.timetable(schedule).after(now, count=1)[0]


def extra_slot(installation: Installation, schedule: str, now: datetime) -> Slot:
    """A slot outside the timetable, due now. Raises ``UsageError`` where there is no timetable."""
    if schedule_table(installation, schedule).on_publish:
        raise UsageError(
            Phrase(
                "schedule %(schedule)s tells each article once, as it appears: it has no --extra; a schedule with cron "
                "has",
                schedule=schedule,
            )
        )
    return Slot(schedule, f"extra:{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", now)


def moment(text: str, timezone: str, now: datetime) -> datetime:
    """``now``, ``today 07:00``, ``-1d``, ``+2h`` or ISO 8601 (in ``timezone`` without an offset), in UTC.

    Raises ``ValueError``.
    """
    zone = ZoneInfo(timezone)
    words = text.strip()
    if words == "now":
        return now
    if words[:1] in "+-" and words[1:2].isdigit():
        span = parse_duration(words[1:])
        return now + span if words[0] == "+" else now - span
    day, _, hour = words.partition(" ")
    if day in ("today", "tomorrow", "yesterday"):
        offset = {"yesterday": -1, "today": 0, "tomorrow": 1}[day]
        local = now.astimezone(zone)
        clock = datetime.strptime(hour or "00:00", "%H:%M").time()  # noqa: DTZ007
        date = local.date().fromordinal(local.date().toordinal() + offset)
        return datetime.combine(date, clock, zone).astimezone(UTC)
    parsed = datetime.fromisoformat(words)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)
