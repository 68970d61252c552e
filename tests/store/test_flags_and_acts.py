from __future__ import annotations

from datetime import timedelta

from bot.model import Act
from bot.store.flags import PAUSED
from bot.testing import NOW


def test_a_flag_is_set_changed_and_cleared(store):
    seen = []
    for value in ("all", "mail", "", ""):
        with store.write() as tx:
            tx.flags.set(PAUSED, value, NOW)
        with store.read() as tx:
            seen.append(tx.flags.get(PAUSED))
    assert seen == ["all", "mail", "", ""]


def test_acts_come_newest_first_and_can_be_asked_for_one_thing(store):
    with store.write() as tx:
        for number, thing in enumerate(("edition:a", "edition:b", "edition:a")):
            tx.acts.add(Act(at=NOW + timedelta(minutes=number // 2), who="mara", what=f"act {number}", thing=thing))
    with store.read() as tx:
        assert [each.what for each in tx.acts.newest()] == ["act 2", "act 1", "act 0"]
        assert [each.what for each in tx.acts.newest(thing="edition:a", limit=1)] == ["act 2"]
        assert [each.what for each in tx.acts.newest(since=NOW + timedelta(seconds=1))] == ["act 2"]
