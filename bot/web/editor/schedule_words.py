"""A schedule in the desk's words: why articles stay out, what changed, when it goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from bot.schedules.plan import Slot
from bot.settings.differences import differences
from bot.speech.catalog import N_, _, listing, locale
from bot.speech.phrases import told
from bot.web.editor.schedule_form import DAYS, PUBLISH, TIMES, ScheduleForm

_LEFT_OUT = {
    "over-maximum": N_("below the last place"),
    "section-full": N_("over the most of one section"),
    "told-before": N_("told before, and nothing new in it"),
    "sent-before": N_("sent before"),
    "reserved": N_("in an edition that is not sent yet"),
    "copy": N_("copies"),
    "same-event": N_("tell the same as another"),
    "withdrawn": N_("withdrawn by the newsroom"),
    "in-future": N_("not published yet"),
    "source": N_("of another source"),
    "section": N_("of another section"),
    "excluded-section": N_("of a section left out"),
    "tag": N_("without a wanted tag"),
    "excluded-tag": N_("with a tag left out"),
    "author": N_("by other authors"),
    "excluded-author": N_("by an author left out"),
    "language": N_("in another language"),
    "excluded-language": N_("in a language left out"),
    "too-old": N_("too old"),
    "before-window": N_("before the window"),
    "backlog": N_("from before the schedule began"),
}
_FIELDS = {
    "name": N_("Name"),
    "short": N_("Short name"),
    "description": N_("Description"),
    "archive": N_("In the archive"),
    "cron": N_("Rhythm"),
    "times": N_("Goes out at"),
    "days": N_("Days"),
    "on_publish": N_("As articles appear"),
    "settle": N_("Settles for"),
    "timezone": N_("Time zone"),
    "enabled": N_("On"),
    "audience": N_("Audience"),
    "channels": N_("Channels"),
    "template": N_("Template"),
    "subject": N_("Subject"),
    "preheader": N_("Preview line"),
    "posts": N_("Posts"),
    "catch_up": N_("After the desk was down"),
    "max_lateness": N_("Late by at most"),
    "approval": N_("Approval"),
    "prepare_before": N_("Made before"),
    "if_unapproved": N_("If nobody approves"),
    "selection.window": N_("Articles from"),
    "selection.sources": N_("Sources"),
    "selection.sections": N_("Only sections"),
    "selection.exclude_sections": N_("Sections left out"),
    "selection.tags": N_("Only tags"),
    "selection.exclude_tags": N_("Tags left out"),
    "selection.authors": N_("Only authors"),
    "selection.exclude_authors": N_("Authors left out"),
    "selection.languages": N_("Only languages"),
    "selection.exclude_languages": N_("Languages left out"),
    "selection.minimum": N_("Stories at least"),
    "selection.maximum": N_("Stories at most"),
    "selection.max_age": N_("Oldest article"),
    "selection.section_maximum": N_("Of one section at most"),
    "selection.half_life": N_("Half as new after"),
    "selection.weights": N_("Weights"),
    "selection.flood": N_("Held above"),
}
_SHORT = 60


def left_out(rule: str) -> str:
    """Why the articles of a group stay out."""
    return _(_LEFT_OUT[rule]) if rule in _LEFT_OUT else rule


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that has another value than what is saved; "" for what is not said."""

    field: str
    before: str
    after: str


def changed(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[Changed]:
    """What a form changes, field by field."""
    return [Changed(_field(each.path), _said(each.before), _said(each.after)) for each in differences(saved, now)]


def _field(path: str) -> str:
    weight = path.removeprefix("selection.weights.")
    if weight != path:
        return _("Weight of %(what)s") % {"what": weight}
    return _(_FIELDS[path]) if path in _FIELDS else path


def _said(value: Any) -> str:
    if value is None or value == [] or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = listing(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def day_names() -> dict[str, str]:
    """The keys of the days with their short names."""
    names = get_day_names("abbreviated", context="stand-alone", locale=locale())
    return {day: names[at] for at, day in enumerate(DAYS)}


def when(form: ScheduleForm, place: str) -> str:
    """In a sentence: ``Mon–Fri at 07:00, London time``."""
    if form.rhythm == PUBLISH:
        return _("As each article appears")
    if form.rhythm != TIMES:
        return _("By the cron %(cron)s, %(place)s time") % {"cron": form.cron, "place": place}
    return _("%(days)s at %(times)s, %(place)s time") % {"days": _days(form.days), "times": form.times, "place": place}


def _days(days: Sequence[str]) -> str:
    if len(days) == len(DAYS):
        return _("Every day")
    names, at = day_names(), [DAYS.index(each) for each in DAYS if each in days]
    if len(at) > 2 and at == list(range(at[0], at[-1] + 1)):
        return f"{names[DAYS[at[0]]]}–{names[DAYS[at[-1]]]}"
    return listing(names[DAYS[each]] for each in at)


def clock_change(slot: Slot, before: datetime | None, zone: ZoneInfo) -> str:
    """What a clock change does to a slot, or that it is the first after one; "" for the others."""
    if slot.note:
        return told(slot.note)
    here = slot.due.astimezone(zone)
    if before is None or before.astimezone(zone).utcoffset() == here.utcoffset():
        return ""
    return _("summer time") if here.dst() else _("winter time")
