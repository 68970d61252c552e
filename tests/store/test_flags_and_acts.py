from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import bot.store
from bot.model import Act
from bot.store.acts import Acts
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


def test_the_last_act_on_each_thing_is_told(store):
    with store.write() as tx:
        for number, thing in enumerate(("wording:a", "wording:b", "wording:a")):
            tx.acts.add(Act(at=NOW, who="mara", what=f"act {number}", thing=thing))
    with store.read() as tx:
        found = tx.acts.last(["wording:a", "wording:b", "wording:c"])
    assert {thing: act.what for thing, act in found.items()} == {"wording:a": "act 2", "wording:b": "act 1"}


def _record(store, number):
    with store.write() as tx:
        for each in range(number):
            who, thing = ("mara", "tom", "broadsheet")[each % 3], ("edition:a", "channel:b", "installation")[each % 3]
            at = NOW + timedelta(minutes=each // 4)
            tx.acts.add(Act(at=at, who=who, what=f"act {each}", thing=thing))


def test_the_record_is_read_page_by_page_both_ways(store):
    _record(store, 25)
    with store.read() as tx:
        first = tx.acts.page(limit=10)
        second = tx.acts.page(limit=10, beyond=first[-1][0])
        last = tx.acts.page(limit=10, beyond=second[-1][0])
        back = tx.acts.page(limit=10, beyond=last[0][0], way="newer")
    assert [each.what for page in (first, second, last) for _, each in page] == [f"act {n}" for n in range(24, -1, -1)]
    assert back == second


def test_the_record_is_asked_for_one_person_one_kind_of_thing_and_one_day(store):
    _record(store, 24)
    with store.read() as tx:
        assert {each.who for _, each in tx.acts.page(who="tom")} == {"tom"}
        assert len(tx.acts.page(who="tom")) == 8
        assert {each.thing for _, each in tx.acts.page(kind="edition")} == {"edition:a"}
        assert tx.acts.page(who="tom", kind="edition") == []
        span = tx.acts.page(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=2))
        assert [each.what for _, each in span] == ["act 7", "act 6", "act 5", "act 4"]
        assert tx.acts.people() == ["broadsheet", "mara", "tom"]
        assert tx.acts.kinds() == ["channel", "edition"]


def test_nothing_in_the_store_changes_or_deletes_an_act(store):
    changed = []
    for file in Path(bot.store.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("update", "delete"):
                changed += [(file.name, ast.unparse(each)) for each in call.args]
    assert len(changed) > 30
    assert [each for each in changed if each[1] == "acts"] == []
    own = {name for name in dir(Acts) if not name.startswith("_")}
    assert own == {"add", "newest", "last", "page", "people", "kinds"}
