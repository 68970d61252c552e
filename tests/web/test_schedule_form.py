"""The form of a schedule says what its table says, and the table what its form says."""

from __future__ import annotations

import pytest
from starlette.datastructures import FormData

from bot.settings import ScheduleTable
from bot.web.editor.form import Submission
from bot.web.editor.schedule_form import DAYS, form_of, read, table_of

WHOLE = {
    "name": "Morning",
    "short": "Morn",
    "description": "Weekdays at 7",
    "archive": False,
    "times": ["07:00", "12:30"],
    "days": "mon-fri",
    "timezone": "Europe/London",
    "enabled": False,
    "audience": "readers",
    "channels": ["mail", "board"],
    "template": "headlines",
    "subject": "{{ lead.title }}, and more",
    "preheader": "{{ titles | length }}",
    "posts": "thread",
    "catch_up": "skip",
    "max_lateness": "90m",
    "approval": True,
    "prepare_before": "1h",
    "if_unapproved": "skip",
    "selection": {
        "window": "last 36h",
        "sources": ["site"],
        "sections": ["City, hall"],
        "exclude_sections": ["Sport"],
        "tags": ["a", "b c"],
        "exclude_tags": ["x"],
        "authors": ["Ines Okafor"],
        "exclude_authors": ["Bot"],
        "languages": ["en"],
        "exclude_languages": ["de"],
        "minimum": 3,
        "maximum": 6,
        "max_age": "3d",
        "section_maximum": 2,
        "half_life": "1.5h",
        "weights": {"section:Sport": -0.3, "tag:a": 1.0},
        "flood": 20,
    },
}
PUBLISH = {"name": "Now", "on_publish": True, "settle": "90s", "channels": ["board"], "selection": {"max_age": "6h"}}


def sent(form):
    """As a browser sends it."""
    pairs = []
    for name, value in vars(form).items():
        if isinstance(value, bool):
            pairs += [(name, "yes")] if value else []
        else:
            pairs += [(name, each) for each in ([value] if isinstance(value, str) else value)]
    return Submission(FormData(pairs))


@pytest.mark.parametrize(
    "table",
    [
        WHOLE,
        PUBLISH,
        {"name": "Odd", "cron": "*/15 7-9 * * 1-5", "channels": ["board"]},
        {"name": "Least", "times": ["07:00"], "channels": ["board"]},
        {"name": "Own", "times": ["07:00"], "channels": ["board"], "subject": "The week", "preheader": "{{ date }}"},
        {
            "name": "Lines as usual, and said",
            "times": ["07:00"],
            "channels": ["board"],
            "subject": "{{ lead.title }}",
            "preheader": "{{ titles[1:4] | join(' · ') }}",
            "selection": {"section_maximum": 0},
        },
        {
            "name": "Usual, and said",
            "times": ["07:00"],
            "channels": ["board"],
            "posts": "edition",
            "max_lateness": "3h",
        },
    ],
    ids=lambda table: table["name"],
)
def test_a_form_that_nobody_touched_changes_nothing(table):
    ScheduleTable.model_validate(table)
    assert table_of(read(sent(form_of(table))), table) == table


@pytest.mark.parametrize("field", sorted(set(ScheduleTable.model_fields) - {"cron", "on_publish", "settle"}))
def test_each_field_of_the_settings_can_be_written_in_the_form(field):
    made, whole = (ScheduleTable.model_validate(each) for each in (table_of(form_of(WHOLE), {"enabled": False}), WHOLE))
    assert getattr(made, field) == getattr(whole, field)
    assert getattr(whole, field) != ScheduleTable.model_fields[field].get_default(call_default_factory=True)


@pytest.mark.parametrize(
    ("cron", "times", "days"),
    [
        ("0 7 * * *", "07:00", DAYS),
        ("30 7,18 * * 1-5", "07:30, 18:30", ("mon", "tue", "wed", "thu", "fri")),
        ("5 9 * * 0,6", "09:05", ("sat", "sun")),
        ("5 9 * * 7", "09:05", ("sun",)),
    ],
)
def test_a_simple_cron_is_said_in_days_and_hours(cron, times, days):
    form = form_of({"name": "x", "cron": cron})
    assert (form.rhythm, form.times, form.days) == ("times", times, days)


@pytest.mark.parametrize("cron", ["0 7 1 * *", "*/5 * * * *", "0 7 * * mon", "0 7 * * 1#2"])
def test_any_other_cron_stays_one(cron):
    form = form_of({"name": "x", "cron": cron})
    assert (form.rhythm, form.cron) == ("cron", cron)


@pytest.mark.parametrize(
    ("days", "said"),
    [(("mon", "tue", "wed"), "mon-wed"), (("sat", "sun"), "sat,sun"), (("mon", "wed"), "mon,wed"), (DAYS, None)],
)
def test_days_are_written_as_people_would(days, said):
    form = read(Submission(FormData([("rhythm", "times"), ("times", "7:00"), *(("days", day) for day in days)])))
    assert table_of(form, {}).get("days") == said


def test_what_is_written_beside_the_boxes_comes_to_what_is_checked():
    form = read(Submission(FormData([("sections", "Sport"), ("sections_more", "Culture; Sport, City hall")])))
    assert form.sections == ("Sport", "Culture", "City hall")


@pytest.mark.parametrize(
    ("field", "text", "path", "kept"),
    [
        ("maximum", "many", ("selection", "maximum"), "many"),
        ("max_lateness", "soon", ("max_lateness",), "soon"),
        ("max_lateness", "1,5", ("max_lateness",), "1.5h"),
        ("weights", "Sport", ("selection", "weights"), {"Sport": 0.0}),
    ],
)
def test_what_is_no_number_is_left_to_the_settings_to_refuse(field, text, path, kept):
    value = table_of(read(Submission(FormData([("name", "x"), (field, text)]))), {})
    for each in path:
        value = value[each]
    assert value == kept
