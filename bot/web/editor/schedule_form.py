"""The form of a schedule: what it says in plain words ↔ the table of the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from bot.settings import ScheduleTable, SelectionTable, parse_duration, parse_window
from bot.settings.kinds import parse_days
from bot.web.editor.form import Submission

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMES, PUBLISH, CRON = "times", "publish", "cron"
LAST, SPAN = "last", "span"
USUAL, OWN = "usual", "own"

_CRON = re.compile(r"(\d{1,2}) (\d{1,2}(?:,\d{1,2})*) \* \* ([\d,*-]+)")
_LISTS = ("tags", "exclude_tags", "authors", "exclude_authors", "languages", "exclude_languages")
_NUMBERS = ("minimum", "maximum", "section_maximum", "flood")
_CHOSEN = ("sources", "sections", "exclude_sections")
_SAME = (
    *("name", "short", "description", "archive", "timezone", "audience", "template", "posts"),
    *("if_unapproved", "catch_up"),
)
"""What the form says in the settings' own words."""
_LINES = ("subject", "preheader")
"""Lines of the mail that are the ``USUAL`` ones or an editor's ``OWN``: words, or a pattern."""
_WEIGHT = re.compile(r"(.+?)\s*=\s*([-+]?\d+(?:[.,]\d+)?)")
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class ScheduleForm:
    """The fields as they are written, right or wrong. Times of the day and lists are texts with commas.

    ``rhythm`` is when it goes out: at ``times`` on ``days``, on ``publish``, or by ``cron``. ``since``: the window is
    that since the ``last`` edition, or a ``span`` of ``hours``. ``settle`` and ``prepare`` are minutes, ``max_age``,
    ``half_life``, ``hours`` and ``max_lateness`` hours. ``section_maximum`` "": about half. ``subject`` and
    ``preheader`` count where ``subject_as`` and ``preheader_as`` say ``own``, and are "" else.
    """

    name: str = ""
    short: str = ""
    description: str = ""
    archive: bool = True
    rhythm: str = TIMES
    days: tuple[str, ...] = DAYS
    times: str = ""
    cron: str = ""
    settle: str = "1"
    timezone: str = ""
    prepare: str = ""
    sources: tuple[str, ...] = ()
    since: str = LAST
    hours: str = "24"
    minimum: str = "1"
    maximum: str = "7"
    section_maximum: str = ""
    sections: tuple[str, ...] = ()
    exclude_sections: tuple[str, ...] = ()
    tags: str = ""
    exclude_tags: str = ""
    authors: str = ""
    exclude_authors: str = ""
    languages: str = ""
    exclude_languages: str = ""
    max_age: str = "72"
    half_life: str = "18"
    flood: str = "50"
    weights: str = ""
    audience: str = ""
    template: str = "briefing"
    channels: tuple[str, ...] = ()
    posts: str = "edition"
    subject_as: str = USUAL
    subject: str = ""
    preheader_as: str = USUAL
    preheader: str = ""
    approval: str = "no"
    if_unapproved: str = "hold"
    catch_up: str = "latest"
    max_lateness: str = "3"


def read(sent: Submission) -> ScheduleForm:
    """The form as it was sent."""
    found: dict[str, Any] = {}
    for each in fields(ScheduleForm):
        if each.type == "bool":
            found[each.name] = sent.checked(each.name)
        elif each.type == "str":
            found[each.name] = sent.text(each.name, longest=2000)
        else:
            # What is written beside the boxes comes to what is checked.
            more = _listed(sent.text(f"{each.name}_more", longest=1000))
            found[each.name] = tuple(dict.fromkeys([*filter(None, sent.all(each.name)), *more]))
    return ScheduleForm(**found)


def form_of(content: Mapping[str, Any]) -> ScheduleForm:
    """The form that says what a table says. A simple cron is said as days and hours."""
    selection = content.get("selection", {})
    found: dict[str, Any] = {name: content[name] for name in _SAME if name in content}
    found |= {name: ", ".join(selection.get(name, ())) for name in _LISTS}
    found |= {name: content[name] for name in _LINES if _is_own(content, name)}
    found |= {f"{name}_as": OWN for name in _LINES if _is_own(content, name)}
    found |= {name: str(selection[name]) for name in _NUMBERS if name in selection}
    if not selection.get("section_maximum"):
        found["section_maximum"] = ""
    found |= {name: tuple(selection.get(name, ())) for name in _CHOSEN}
    found |= _spans(content, ("max_lateness",), _HOUR)
    found |= _spans(content, ("settle",), _MINUTE)
    found |= _spans(selection, ("max_age", "half_life"), _HOUR)
    found["channels"] = tuple(content.get("channels", ()))
    found["approval"] = "yes" if content.get("approval") else "no"
    found["weights"] = "\n".join(f"{of} = {weight:g}" for of, weight in selection.get("weights", {}).items())
    if "prepare_before" in content:
        found["prepare"] = _count(content["prepare_before"], _MINUTE)
    window = parse_window(selection["window"]) if "window" in selection else None
    if window is not None:
        found |= {"since": SPAN, "hours": _count(window, _HOUR)}
    return ScheduleForm(**found, **_when(content))


def _is_own(content: Mapping[str, Any], name: str) -> bool:
    return content.get(name, "") not in ("", ScheduleTable.model_fields[name].default)


def _when(content: Mapping[str, Any]) -> dict[str, Any]:
    if content.get("on_publish"):
        return {"rhythm": PUBLISH}
    if content.get("times"):
        return {"times": ", ".join(content["times"]), "days": _days(parse_days(content.get("days", "")))}
    cron = str(content.get("cron", ""))
    simple = _CRON.fullmatch(cron)
    if simple:
        minute, hours, days = simple.groups()
        times = [f"{int(hour):02}:{int(minute):02}" for hour in hours.split(",")]
        with suppress(ValueError):
            return {"times": ", ".join(times), "days": _days(days)}
    return {"rhythm": CRON, "cron": cron} if cron else {}


def _days(field: str) -> tuple[str, ...]:
    """The days of a cron's fifth field. Raises ``ValueError``."""
    if field == "*":
        return DAYS
    found = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        found |= {(day - 1) % 7 for day in range(int(first), int(last or first) + 1)}
    return tuple(DAYS[day] for day in sorted(found))


def table_of(form: ScheduleForm, before: Mapping[str, Any]) -> dict[str, Any]:
    """The table that the form says. What ``before`` says in other words stays as it is; what is usual is left out."""
    table = _Table(before, ScheduleTable)
    table.put("name", form.name)
    for name in ("short", "description", "archive", "timezone", "audience", "template", "posts", "catch_up"):
        table.put(name, getattr(form, name))
    for name in _LINES:
        own = "" if getattr(form, f"{name}_as") == USUAL else getattr(form, name)
        # An empty line is the usual one: nobody means to send no subject.
        table.put(name, own or ScheduleTable.model_fields[name].default)
    _put_when(table, form)
    table.put("channels", list(form.channels))
    table.put("approval", form.approval == "yes")
    table.put("if_unapproved", form.if_unapproved)
    table.put_span("max_lateness", form.max_lateness, "h")
    table.put_span("prepare_before", form.prepare if form.rhythm != PUBLISH else "", "m")
    if "enabled" in before:
        table.put("enabled", before["enabled"])
    selection = _selection(form, before.get("selection", {}))
    if selection:
        table.made["selection"] = selection
    return table.made


def _put_when(table: _Table, form: ScheduleForm) -> None:
    if form.rhythm == PUBLISH:
        table.made["on_publish"] = True
        table.put_span("settle", form.settle, "m")
    elif form.rhythm == CRON:
        table.made["cron"] = form.cron
    else:
        # No day at all is a slip that the settings would take for every day.
        table.made["times"] = _listed(form.times) if form.days else []
        table.put("days", "" if set(form.days) >= set(DAYS) else _days_text(form.days))


def _days_text(days: Sequence[str]) -> str:
    """``mon-fri`` for days that follow one another, else ``sat,sun``."""
    at = [DAYS.index(day) for day in DAYS if day in days]
    if len(at) > 2 and at == list(range(at[0], at[-1] + 1)):
        return f"{DAYS[at[0]]}-{DAYS[at[-1]]}"
    return ",".join(DAYS[day] for day in at)


def _selection(form: ScheduleForm, before: Mapping[str, Any]) -> dict[str, Any]:
    table = _Table(before, SelectionTable)
    if form.rhythm != PUBLISH:
        table.put("window", "since last" if form.since == LAST else f"last {_span(form.hours, 'h')}")
        table.put("minimum", _number(form.minimum, 1))
    for name in _CHOSEN:
        table.put(name, list(getattr(form, name)))
    for name in _LISTS:
        table.put(name, _listed(getattr(form, name)))
    table.put("maximum", _number(form.maximum, 7))
    table.put("section_maximum", _number(form.section_maximum, 0))
    table.put("flood", _number(form.flood, 50))
    table.put_span("max_age", form.max_age, "h")
    table.put_span("half_life", form.half_life, "h")
    table.put("weights", _weights(form.weights))
    return table.made


class _Table:
    """A table in the making: what is usual and was not said before is not said."""

    def __init__(self, before: Mapping[str, Any], model: type[ScheduleTable | SelectionTable]) -> None:
        self.made: dict[str, Any] = {}
        self._before = before
        self._model = model

    def put(self, name: str, value: Any) -> None:
        default = self._model.model_fields[name].get_default(call_default_factory=True)
        usual = list(default) if isinstance(default, tuple) else default
        if value != usual or name in self._before:
            self.made[name] = value

    def put_span(self, name: str, text: str, unit: str) -> None:
        """A duration; "" is the usual one."""
        if not text:
            return
        value, default = _span(text, unit), self._model.model_fields[name].default
        for known in (self._before.get(name), default):
            # "3d" is not changed by a form that shows 72 hours.
            if known is not None and _same(known, value):
                if name in self._before:
                    self.made[name] = self._before[name]
                return
        self.made[name] = value


def _same(one: Any, other: Any) -> bool:
    try:
        return parse_duration(one) == parse_duration(other)
    except ValueError:
        return False


def _spans(table: Mapping[str, Any], names: Sequence[str], unit: timedelta) -> dict[str, str]:
    return {name: _count(table[name], unit) for name in names if name in table}


def _count(value: Any, unit: timedelta) -> str:
    """How many units a duration has: ``90``, ``1.5``."""
    return f"{parse_duration(value) / unit:g}"


def _span(text: str, unit: str) -> str:
    """A number of units as a duration; what is no number stays for the settings to refuse."""
    whole = text.replace(",", ".")
    return f"{whole}{unit}" if re.fullmatch(r"\d+(\.\d+)?", whole) else whole


def _number(text: str, usual: int) -> int | str:
    return usual if not text else int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _listed(text: str) -> list[str]:
    return [each.strip() for each in re.split(r"[,;\n،、]", text) if each.strip()]


def _weights(text: str) -> dict[str, float]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _WEIGHT.fullmatch(line)
        # What cannot be read stays, as a weight of nothing that the settings refuse by its name.
        found[match[1] if match else line] = float(match[2].replace(",", ".")) if match else 0.0
    return found
