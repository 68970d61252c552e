from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.schedules.plan import Slot, due_slots, previous_slot, slots_after, slots_between

BERLIN = "Europe/Berlin"
ZONES = [
    BERLIN,
    "UTC",
    "Asia/Beirut",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Casablanca",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Kathmandu",
]
# Every kind of clock change: an hour, half an hour, at midnight, at 00:01, backwards in spring, a lost day.
CHANGES = [
    (BERLIN, datetime(2027, 3, 27, tzinfo=UTC)),
    (BERLIN, datetime(2027, 10, 30, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2027, 3, 27, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2027, 10, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 4, 2, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 10, 1, tzinfo=UTC)),
    ("America/St_Johns", datetime(2006, 4, 1, tzinfo=UTC)),
    ("America/St_Johns", datetime(2006, 10, 28, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2027, 2, 6, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 29, tzinfo=UTC)),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def keys_and_dues(slots: list[Slot]) -> list[tuple[str, str]]:
    return [(slot.key, slot.due.strftime("%H:%MZ")) for slot in slots]


def day(cron: str, zone: str, date: str) -> list[Slot]:
    """The slots of a local calendar day."""
    start = datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone))
    end = (datetime.fromisoformat(date) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
    just_before = timedelta(seconds=1)
    return slots_between("s", cron, zone, start.astimezone(UTC) - just_before, end.astimezone(UTC) - just_before)


def test_a_weekday_schedule_names_its_slots_by_wall_time() -> None:
    slots = slots_after("morning", "0 7 * * 1-5", BERLIN, utc("2026-11-24T12:00"), count=4)
    assert [slot.key for slot in slots] == [
        "2026-11-25T07:00",
        "2026-11-26T07:00",
        "2026-11-27T07:00",
        "2026-11-30T07:00",
    ]
    assert slots[0] == Slot("morning", "2026-11-25T07:00", utc("2026-11-25T06:00"))


def test_a_slot_in_the_gap_runs_right_after_it_under_its_own_key() -> None:
    (slot,) = day("30 2 * * *", BERLIN, "2027-03-28")
    assert (slot.key, slot.due) == ("2027-03-28T02:30", utc("2027-03-28T01:00"))
    assert slot.note == "clock change: moved from 02:30"


def test_a_slot_in_the_repeated_hour_runs_once_in_the_first_pass() -> None:
    (slot,) = day("30 2 * * *", BERLIN, "2027-10-31")
    assert (slot.key, slot.due) == ("2027-10-31T02:30", utc("2027-10-31T00:30"))
    assert slot.note == "clock change: repeated hour, runs once"


def test_a_midnight_slot_is_not_lost_where_the_gap_is_at_midnight() -> None:
    slots = slots_after("s", "0 0 * * *", "Asia/Beirut", utc("2027-03-27T00:00"), count=2)
    assert keys_and_dues(slots) == [("2027-03-28T00:00", "22:00Z"), ("2027-03-29T00:00", "21:00Z")]


def test_two_slots_that_the_gap_pushes_onto_one_moment_are_one() -> None:
    slots = day("0 2,3 * * *", BERLIN, "2027-03-28")
    assert [(slot.key, slot.note) for slot in slots] == [("2027-03-28T03:00", "")]


def test_minutes_within_a_named_hour_survive_the_gap_as_one_slot() -> None:
    (slot,) = day("*/30 2 * * *", BERLIN, "2027-03-28")
    assert (slot.key, slot.due) == ("2027-03-28T02:00", utc("2027-03-28T01:00"))


def test_half_hours_over_the_repeated_hour_are_four_instants() -> None:
    slots = slots_between("s", "*/30 * * * *", BERLIN, utc("2027-10-30T23:59"), utc("2027-10-31T01:30"))
    assert [slot.key for slot in slots] == [
        "2027-10-31T00:00Z",
        "2027-10-31T00:30Z",
        "2027-10-31T01:00Z",
        "2027-10-31T01:30Z",
    ]


def test_an_hourly_range_keeps_the_rhythm_of_real_time_over_the_gap() -> None:
    slots = day("0 1-4 * * *", BERLIN, "2027-03-28")
    assert [slot.due for slot in slots] == [utc(f"2027-03-28T0{hour}:00") for hour in (0, 1, 2)]


def test_between_leaves_out_its_start_and_takes_its_end() -> None:
    slots = slots_between("s", "0 7 * * *", "UTC", utc("2026-11-24T07:00"), utc("2026-11-26T07:00"))
    assert [slot.key for slot in slots] == ["2026-11-25T07:00", "2026-11-26T07:00"]


def test_between_stops_at_its_limit_with_the_oldest() -> None:
    slots = slots_between("s", "* * * * *", "UTC", utc("2026-01-01T00:00"), utc("2026-12-31T00:00"), limit=3)
    assert [slot.key for slot in slots] == ["2026-01-01T00:01Z", "2026-01-01T00:02Z", "2026-01-01T00:03Z"]


def test_fractions_of_a_second_neither_lose_nor_repeat_a_slot() -> None:
    moment = utc("2026-11-24T06:59:59.9")
    assert slots_after("s", "0 7 * * *", "UTC", moment, count=1)[0].due == utc("2026-11-24T07:00")
    assert slots_after("s", "0 7 * * *", "UTC", moment + timedelta(seconds=1), count=1)[0].due == utc(
        "2026-11-25T07:00"
    )


def test_the_previous_slot_is_never_the_one_due_at_that_moment() -> None:
    found = previous_slot("s", "0 7 * * 1", BERLIN, utc("2026-11-23T06:00"))
    assert found is not None and found.key == "2026-11-16T07:00"


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 7 * * *", "0 7 * * 1", "0 9 1 * *", "0 0 29 2 *"])
def test_the_previous_slot_is_found_however_long_ago_it_was(cron: str) -> None:
    after_next = slots_after("s", cron, BERLIN, utc("2026-11-24T12:00"), count=2)
    assert previous_slot("s", cron, BERLIN, after_next[1].due) == after_next[0]


def test_the_previous_slot_before_the_second_pass_is_in_the_first() -> None:
    found = previous_slot("s", "30 2 * * *", BERLIN, utc("2027-10-31T01:45"))
    assert found is not None and found.due == utc("2027-10-31T00:30")


LATE = [Slot("s", f"2026-11-24T0{hour}:00", utc(f"2026-11-24T0{hour}:00")) for hour in (5, 6, 7)]
HOURS = timedelta(hours=3)


def keys(slots: list[Slot]) -> list[str]:
    return [slot.key[-5:] for slot in slots]


def test_latest_makes_up_for_the_newest_slot_only() -> None:
    make, skipped = due_slots(LATE, catch_up="latest", max_lateness=HOURS, now=utc("2026-11-24T07:40"))
    assert keys(make) == ["07:00"]
    assert [(slot.key[-5:], reason) for slot, reason in skipped] == [
        ("05:00", "missed while Broadsheet was down; only the latest is made up"),
        ("06:00", "missed while Broadsheet was down; only the latest is made up"),
    ]


def test_all_makes_each_slot_but_none_that_is_too_late() -> None:
    make, skipped = due_slots(LATE, catch_up="all", max_lateness=HOURS, now=utc("2026-11-24T08:12"))
    assert keys(make) == ["06:00", "07:00"]
    assert [reason for _, reason in skipped] == ["3 h 12 min late, at most 3 h"]


def test_skip_makes_only_a_slot_that_is_on_time() -> None:
    make, skipped = due_slots(LATE, catch_up="skip", max_lateness=HOURS, now=utc("2026-11-24T07:00:59"))
    assert keys(make) == ["07:00"]
    assert len(skipped) == 2 and "makes up for none" in skipped[0][1]
    make, skipped = due_slots(LATE, catch_up="skip", max_lateness=HOURS, now=utc("2026-11-24T07:01:01"))
    assert make == [] and len(skipped) == 3


def test_a_newest_slot_that_is_too_late_is_not_replaced_by_an_older_one() -> None:
    make, skipped = due_slots(LATE, catch_up="latest", max_lateness=HOURS, now=utc("2026-11-25T09:30"))
    assert make == []
    assert [reason for _, reason in skipped][-1] == "1 d 2 h late, at most 3 h"


numbers = st.lists(st.integers(0, 23), min_size=1, max_size=4).map(lambda hours: ",".join(map(str, hours)))
minutes = st.sampled_from(["0", "30", "1", "59", "*/15", "*/7", "29,31"])
rhythms = st.sampled_from(["*", "*/2", "0-3", "1-23/2", "*/5"])
crons = st.builds(
    "{} {} {} * {}".format, minutes, numbers | rhythms, st.sampled_from(["*", "*/9", "1,15,L"]), st.just("*")
)


@settings(max_examples=60, deadline=None)
@given(cron=crons, zone=st.sampled_from(ZONES), hours=st.integers(0, 350_000))
def test_slots_move_on_and_no_key_comes_twice(cron: str, zone: str, hours: int) -> None:
    start = utc("2000-01-01T00:00") + timedelta(hours=hours)
    slots = slots_between("s", cron, zone, start, start + timedelta(days=760), limit=500)
    dues = [slot.due for slot in slots]
    assert all(earlier < later for earlier, later in pairwise([start, *dues]))
    assert len({slot.key for slot in slots}) == len(slots)


@settings(max_examples=60, deadline=None)
@given(cron=crons, place=st.sampled_from(CHANGES), cut=st.integers(0, 2879))
def test_looking_in_two_parts_finds_the_slots_of_one_look(cron: str, place: tuple[str, datetime], cut: int) -> None:
    zone, start = place
    end, middle = start + timedelta(minutes=2880), start + timedelta(minutes=cut)
    whole = slots_between("s", cron, zone, start, end)
    assert slots_between("s", cron, zone, start, middle) + slots_between("s", cron, zone, middle, end) == whole
    earlier = [slot for slot in whole if slot.due < middle]
    if earlier:
        assert previous_slot("s", cron, zone, middle) == earlier[-1]


@settings(max_examples=40, deadline=None)
@given(
    minute=st.sampled_from([("0", 60), ("*/15", 15), ("*/20", 20)]),
    hour=st.sampled_from([("*", 1), ("*/2", 2), ("*/5", 5)]),
    place=st.sampled_from(CHANGES),
)
def test_a_rhythm_has_every_instant_whose_wall_time_matches(
    minute: tuple[str, int], hour: tuple[str, int], place: tuple[str, datetime]
) -> None:
    zone, start = place
    instants = [start + timedelta(minutes=5 * step) for step in range(1, 577)]
    walls = [(instant, instant.astimezone(ZoneInfo(zone))) for instant in instants]
    wanted = [instant for instant, wall in walls if wall.minute % minute[1] == 0 and wall.hour % hour[1] == 0]
    found = slots_between("s", f"{minute[0]} {hour[0]} * * *", zone, start, instants[-1])
    assert [slot.due for slot in found] == wanted


@settings(max_examples=40, deadline=None)
@given(hours=st.sets(st.integers(0, 23), min_size=1, max_size=3), place=st.sampled_from(CHANGES))
def test_each_named_time_that_exists_is_one_slot(hours: set[int], place: tuple[str, datetime]) -> None:
    zone, start = place
    listed = ",".join(map(str, sorted(hours)))
    first = start.astimezone(ZoneInfo(zone)).date()
    found = slots_between("s", f"0 {listed} * * *", zone, start - timedelta(days=2), start + timedelta(days=4))
    for days in range(3):
        for hour in hours:
            wall = datetime.combine(first + timedelta(days=days), time(hour), ZoneInfo(zone))
            if wall.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(fold=0) == wall:
                assert [slot.key for slot in found].count(f"{wall:%Y-%m-%dT%H:%M}") == 1


def test_best_times_are_one_timetable_in_order() -> None:
    times = ("10 8 * * 1,2,3,4,5", "30 12 * * 1,2,3,4,5", "45 17 * * 1,2,3,4,5")
    slots = slots_after("posts", times, BERLIN, utc("2026-11-27T11:00"), count=4)
    assert [slot.key for slot in slots] == [
        "2026-11-27T12:30",
        "2026-11-27T17:45",
        "2026-11-30T08:10",
        "2026-11-30T12:30",
    ]
    assert previous_slot("posts", times, BERLIN, slots[2].due) == slots[1]


def test_best_times_within_the_gap_of_a_clock_change_are_one_slot() -> None:
    slots = slots_between(
        "s", ("30 2 * * *", "45 2 * * *", "0 3 * * *"), BERLIN, utc("2027-03-27T23:00"), utc("2027-03-28T20:00")
    )
    assert [(slot.key, slot.due, slot.note) for slot in slots] == [("2027-03-28T03:00", utc("2027-03-28T01:00"), "")]
    without = slots_between("s", ("30 2 * * *", "45 2 * * *"), BERLIN, utc("2027-03-27T23:00"), utc("2027-03-28T20:00"))
    assert [(slot.due, slot.note) for slot in without] == [(utc("2027-03-28T01:00"), "clock change: moved from 02:30")]


def test_best_times_in_the_repeated_hour_come_once_each() -> None:
    slots = slots_between("s", ("10 2 * * *", "50 2 * * *"), BERLIN, utc("2027-10-30T22:00"), utc("2027-10-31T20:00"))
    assert [(slot.key, slot.due) for slot in slots] == [
        ("2027-10-31T02:10", utc("2027-10-31T00:10")),
        ("2027-10-31T02:50", utc("2027-10-31T00:50")),
    ]


@settings(max_examples=40, deadline=None)
@given(
    walls=st.sets(st.tuples(st.integers(0, 23), st.sampled_from([0, 10, 30, 45])), min_size=1, max_size=4),
    place=st.sampled_from(CHANGES),
)
def test_several_times_are_the_slots_of_each_alone(walls: set[tuple[int, int]], place: tuple[str, datetime]) -> None:
    zone, start = place
    crons = [f"{minute} {hour} * * *" for hour, minute in walls]
    span = (start - timedelta(days=2), start + timedelta(days=2))
    together = slots_between("s", crons, zone, *span)
    alone = {slot.due for cron in crons for slot in slots_between("s", cron, zone, *span)}
    assert [slot.due for slot in together] == sorted(alone)


def test_what_goes_out_on_publish_has_no_timetable() -> None:
    assert slots_after("s", (), BERLIN, utc("2026-11-24T12:00"), count=3) == []
    assert previous_slot("s", (), BERLIN, utc("2026-11-24T12:00")) is None
