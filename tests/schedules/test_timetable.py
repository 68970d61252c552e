from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import MovedSlot
from bot.schedules.plan import slots_after
from bot.schedules.timetable import Timetable

LONDON = "Europe/London"
DAILY = ("0 7 * * *",)
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moved(key: str, was: str, due: str) -> MovedSlot:
    return MovedSlot(schedule="s", slot_key=key, was=utc(was), due=utc(due), who="Inés", at=START)


def of(*moves: MovedSlot, crons: tuple[str, ...] = DAILY, zone: str = LONDON) -> Timetable:
    return Timetable("s", crons, zone, moves)


ONE = moved("2026-11-24T07:00", "2026-11-24T07:00", "2026-11-25T09:30")


def test_a_moved_slot_keeps_its_key_and_stands_among_the_others_by_its_new_time() -> None:
    keys = [(slot.key, f"{slot.due:%d %H:%M}") for slot in of(ONE).after(START, count=3)]
    assert keys == [
        ("2026-11-25T07:00", "25 07:00"),
        ("2026-11-24T07:00", "25 09:30"),
        ("2026-11-26T07:00", "26 07:00"),
    ]
    assert of(ONE).after(START, count=2)[1].note == "moved from 2026-11-24 07:00 by Inés"


def test_what_lies_between_two_moments_is_told_by_the_times_that_stand() -> None:
    table = of(ONE)
    assert table.between(START, utc("2026-11-24T23:00")) == []
    assert [each.key for each in table.between(utc("2026-11-25T09:00"), utc("2026-11-25T09:30"))] == [ONE.slot_key]


def test_the_slot_before_a_moment_is_the_newest_that_stands_there() -> None:
    table = of(ONE)
    assert table.previous(utc("2026-11-24T12:00")).key == "2026-11-23T07:00"  # type: ignore[union-attr]
    assert table.previous(utc("2026-11-25T12:00")).key == "2026-11-24T07:00"  # type: ignore[union-attr]


def test_a_slot_is_found_by_its_key_wherever_it_stands() -> None:
    assert of(ONE).named("2026-11-24T07:00").due == ONE.due  # type: ignore[union-attr]
    assert of(ONE).named("2026-11-26T07:00").planned == utc("2026-11-26T07:00")  # type: ignore[union-attr]
    assert of(ONE).named("2026-11-26T08:00") is None
    assert of(ONE).named("no time") is None
    rhythm = of(crons=("30 */2 * * *",))
    assert rhythm.named("2026-11-24T10:30Z").due == utc("2026-11-24T10:30")  # type: ignore[union-attr]


def test_a_move_of_what_the_timetable_no_longer_names_counts_for_nothing() -> None:
    changed = of(ONE, crons=("0 8 * * *",))
    assert [each.key for each in changed.after(START, count=2)] == ["2026-11-24T08:00", "2026-11-25T08:00"]
    elsewhere = of(ONE, zone="America/New_York")
    assert elsewhere.after(START, count=1)[0].due == utc("2026-11-24T12:00")


def test_a_slot_in_the_gap_of_a_clock_change_can_be_moved() -> None:
    gap = moved("2027-03-28T01:30", "2027-03-28T01:00", "2027-03-28T09:00")
    table = of(gap, crons=("30 1 * * *",))
    assert [each.due for each in table.between(utc("2027-03-27T12:00"), utc("2027-03-28T12:00"))] == [gap.due]


CRONS = [DAILY, ("0 7,18 * * *",), ("15 */3 * * *",), ("0 7 * * *", "30 12 * * 1-5")]
MINUTES = st.integers(1, 3 * 1440)


@given(
    st.sampled_from(CRONS),
    st.lists(st.tuples(MINUTES, st.integers(0, 11), MINUTES), min_size=3, max_size=40),
    st.integers(0, 180),
)
@settings(max_examples=200)
def test_whatever_is_moved_each_slot_is_made_where_it_stands(
    crons: tuple[str, ...], looks: list[tuple[int, int, int]], lead: int
) -> None:
    """Between two looks, as far apart as after a standstill, somebody moves a slot that is not made yet."""
    slots = slots_after("s", crons, LONDON, START, count=12)
    early, moves, made = timedelta(minutes=lead), dict[str, MovedSlot](), dict[str, datetime]()
    now = reckoned = START
    for wait, which, ahead in [*looks, (40 * 1440, 0, 1)]:
        slot, due = slots[which], now + timedelta(minutes=ahead)
        if slot.key not in made and slot.due > now:
            moves[slot.key] = MovedSlot(schedule="s", slot_key=slot.key, was=slot.due, due=due, who="I", at=now)
        now += timedelta(minutes=wait)
        table = of(*moves.values(), crons=crons)
        planned = table.planned(reckoned, now + early)
        for each in table.due(planned, now + early, made.keys()):
            assert each.key not in made
            made[each.key] = each.due
        reckoned = planned[-1].due if planned else reckoned
    for slot in slots:
        assert made[slot.key] == (moves[slot.key].due if slot.key in moves else slot.due)
