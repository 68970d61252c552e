"""One slot of a schedule, moved and skipped from the command line."""

from __future__ import annotations


def _slots(broadsheet, count=4):
    return broadsheet("schedules", "morning", "--next", str(count), "--json").value


def test_one_slot_is_moved_by_its_key_or_its_time_and_no_other(broadsheet, folder):  # noqa: ARG001
    _, second, third, _ = _slots(broadsheet)
    said = broadsheet("schedules", "morning", "--move", second["key"], "--to", f"{second['key'][:10]}T09:30")
    assert (said.code, said.err) == (0, "")
    moved = _slots(broadsheet)[1]
    assert (moved["key"], moved["local"][11:16]) == (second["key"], "09:30")
    assert "moved from" in moved["note"]
    assert _slots(broadsheet)[2] == third
    again = broadsheet("schedules", "morning", "--move", moved["local"][:16], "--to", f"{second['key'][:10]}T10:00")
    assert again.code == 0
    back = broadsheet("schedules", "morning", "--put-back", second["key"], "--json")
    assert back.value["local"] == second["local"]


def test_a_skipped_slot_is_listed_with_who_skipped_it_and_why(broadsheet, folder):  # noqa: ARG001
    _, second, *_ = _slots(broadsheet)
    said = broadsheet("schedules", "morning", "--skip", second["key"], "--note", "a holiday")
    assert said.code == 0
    note = _slots(broadsheet)[1]["note"]
    assert note.startswith("skipped by ")
    assert note.endswith(": a holiday")
    assert broadsheet("schedules", "morning", "--skip", second["key"]).code == 3


def test_what_cannot_be_done_is_said_in_one_line(broadsheet, folder):  # noqa: ARG001
    first, second, *_ = _slots(broadsheet)
    past = broadsheet("schedules", "morning", "--move", second["key"], "--to", "-1d")
    assert past.code == 1
    assert "a time to come" in past.err
    assert "goes out then" in broadsheet("schedules", "morning", "--move", second["key"], "--to", first["key"]).err
    for arguments in (["--move", second["key"]], ["--to", "now"], ["--skip", "a", "--put-back", "b"]):
        assert broadsheet("schedules", "morning", *arguments).code == 2
    assert broadsheet("schedules", "--skip", second["key"]).code == 2
    assert broadsheet("schedules", "morning", "--skip", "2026-01-01T03:33").code == 1
