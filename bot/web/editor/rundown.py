"""The day as a rundown: yesterday's last editions, today's, tomorrow's first; the next one opened up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from babel.lists import format_list

from bot.model import CORRECTION_MAIL, EditionState
from bot.schedules.agenda import Entry, agenda
from bot.schedules.clock_change import day_begins
from bot.schedules.correction_mail import readers_of
from bot.schedules.installation import Installation
from bot.settings import ScheduleTable
from bot.speech.catalog import _, locale, ngettext
from bot.speech.phrases import told
from bot.store import Transaction
from bot.store.books import Balance
from bot.store.flags import PAUSED
from bot.web.editor.desk import Desk, number
from bot.web.editor.reach import reach_said, readers_said
from bot.web.editor.states import EDITION_STATES, PLANNED, Shown, of_edition

BEFORE, AFTER = 6, 8
"""Rows before and after now."""
STORIES = 6
_GOING = (EditionState.SENDING, EditionState.PAUSED)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One edition or slot. ``why`` is a line below, ``reach`` are lines of to whom. ``stories``: of the next edition,
    which stands opened up. ``done`` is the part of one that is being sent, of 0 to 1.
    """

    entry: Entry
    shown: Shown
    headline: str
    why: str
    reach: tuple[str, ...]
    href: str
    opened: bool = False
    stories: tuple[str, ...] = ()
    done: float | None = None


def rundown(tx: Transaction, desk: Desk) -> tuple[list[Row], list[Row]]:
    """The rows before now, and those from now on."""
    installation, times = desk.installation, desk.times
    today = times.local(times.now).date()
    start, until = day_begins(today - _DAY, times.zone), day_begins(today + 2 * _DAY, times.zone)
    entries = agenda(tx, installation, start, until, times.now)
    # What is late waits for somebody, or is being sent: it is of now.
    past = [each for each in entries if each.due <= times.now][-BEFORE:]
    to_come = _to_come(entries, times.now, day_begins(today + _DAY, times.zone))
    shown = [*past, *to_come]
    ids = [each.edition for each in shown if each.edition]
    states, headlines = tx.numbers.states(ids), tx.numbers.headlines(ids)
    going = tx.deliveries.balances([each.edition for each in shown if each.state in _GOING])
    mail = {each.edition: each for each in tx.numbers.of_editions(_names(past), since=start, until=until, limit=100)}
    tables = {each.schedule: _table(installation, each.schedule) for each in shown}
    readers = tx.growth.numbers([table.audience for table in tables.values() if table])
    opened = next((each for each in to_come if each.edition and each.state not in (EditionState.SKIPPED,)), None)
    paused = bool(tx.flags.get(PAUSED))
    rows = []
    for each in shown:
        counts = going[each.edition].states if each.edition in going else states.get(each.edition, {})
        table = tables[each.schedule]
        figures = mail.get(each.edition)
        rows.append(
            Row(
                entry=each,
                shown=_shown(each, counts, paused),
                headline=headlines.get(each.edition, ""),
                why=_off(going.get(each.edition)) or told(_why(desk, each, table)),
                reach=_went(counts, figures.readers if figures else None, figures.accepted if figures else 0)
                if each in past and counts
                else _goes_to(tx, installation, each, table, readers),
                href=f"editions/{each.edition}" if each.edition else f"calendar?slot={each.schedule}/{each.key}",
                opened=each is opened,
                stories=_stories(tx, each.edition) if each is opened else (),
                done=_done(going.get(each.edition)),
            )
        )
    return rows[: len(past)], rows[len(past) :]


def _to_come(entries: Sequence[Entry], now: datetime, tomorrow: datetime) -> list[Entry]:
    """What is left of today, at most ``AFTER``; and tomorrow's first."""
    later = [each for each in entries if each.due > now]
    today = [each for each in later if each.due < tomorrow]
    return [*today[:AFTER], *later[len(today) : len(today) + 1]] if len(today) <= AFTER else today[:AFTER]


def _names(entries: Sequence[Entry]) -> list[str]:
    return sorted({each.schedule for each in entries})


def _table(installation: Installation, schedule: str) -> ScheduleTable | None:
    return installation.settings.schedules.get(schedule)


def _shown(entry: Entry, counts: Mapping[str, int], paused: bool) -> Shown:
    if entry.state is None:
        # While everything is paused its hour may come and go.
        return EDITION_STATES[EditionState.PAUSED] if paused else PLANNED
    failed = counts.get("failed", 0)
    if entry.state is EditionState.SENT and failed and not counts.get("unknown"):
        return Shown(_("%(count)s failed") % {"count": number(failed)}, "bad", "cross")
    return of_edition(entry.state, dict(counts))


def _off(balance: Balance | None) -> str:
    if balance is None or balance.balanced:
        return ""
    said = {"count": number(sum(balance.states.values())), "snapshot": number(balance.snapshot)}
    return _("The books do not balance: %(count)s deliveries, %(snapshot)s in the snapshot.") % said


def _why(desk: Desk, entry: Entry, table: ScheduleTable | None) -> str:
    if entry.state in (EditionState.SENT, EditionState.APPROVED, EditionState.AWAITING):
        return ""
    if entry.state is not None or table is None:
        return entry.reason
    if entry.note:
        return entry.note
    if table.lead_time and entry.due - table.lead_time <= desk.times.now:
        return _("Made in a moment, needs approval") if table.approval else _("Made in a moment")
    made = desk.times.words(entry.due - table.lead_time)
    if table.approval:
        return _("Made %(time)s, needs approval") % {"time": made}
    return _("Made %(time)s") % {"time": made} if table.lead_time else ""


def _goes_to(
    tx: Transaction,
    installation: Installation,
    entry: Entry,
    table: ScheduleTable | None,
    readers: Mapping[str, int],
) -> tuple[str, ...]:
    if entry.key.startswith(CORRECTION_MAIL):
        return (readers_said(readers_of(tx, entry.edition)),)
    return reach_said(installation, table, readers) if table else ()


def _went(counts: Mapping[str, int], readers: int | None, accepted: int) -> tuple[str, ...]:
    """``5,653 of 5,870 readers``, ``2 of 3 posts``; all together while nobody has told the two apart."""
    all_accepted, everything = counts.get("accepted", 0), sum(counts.values())
    if readers is None:
        both = {"count": number(all_accepted), "all": number(everything)}
        return (_("%(count)s of %(all)s delivered") % both,)
    said = []
    if readers:
        whole = ngettext("%(count)s of %(all)s reader", "%(count)s of %(all)s readers", readers)
        said.append(whole % {"count": number(accepted), "all": number(readers)})
    posts = everything - readers
    if posts > 0:
        whole = ngettext("%(count)s of %(all)s post", "%(count)s of %(all)s posts", posts)
        said.append(whole % {"count": number(max(all_accepted - accepted, 0)), "all": number(posts)})
    return tuple(said)


def _done(balance: Balance | None) -> float | None:
    if balance is None or not balance.snapshot:
        return None
    return (balance.snapshot - balance.open) / balance.snapshot


def _stories(tx: Transaction, edition: str) -> tuple[str, ...]:
    """The headlines below the first."""
    return tuple(tx.editions.titles(edition)[1 : STORIES + 1])


def whom(reach: Sequence[str]) -> str:
    """``12,408 readers and 3 channels``."""
    return format_list(list(reach), locale=locale()) if reach else ""
