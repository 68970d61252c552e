"""What was made on the desk, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.testing import NOW

TABLE = {"name": "Morgenpost „früh“", "times": ["07:00"], "selection": {"maximum": 6, "weights": {"tag:a b": -0.5}}}


@pytest.fixture
def put(store):
    def call(kind="schedules", key="morning", content=TABLE, *, who="Inés", at=NOW, version=None):
        with store.write() as tx:
            return tx.declarations.put(kind, key, content, who=who, now=at, version=version)

    return call


def test_what_was_made_comes_back_as_it_was_given(store, put):
    put()
    with store.read() as tx:
        found = tx.declarations.get("schedules", "morning")
    assert (found.content, found.who, found.made, found.changed, found.version) == (TABLE, "Inés", NOW, NOW, 1)
    assert found.at == "schedules.morning"


def test_a_change_counts_and_keeps_when_it_was_made(store, put):
    put()
    later = NOW + timedelta(hours=1)
    changed = put(content={"name": "Evening"}, who="Tom", at=later, version=1)
    assert (changed.content, changed.who, changed.made, changed.changed, changed.version) == (
        {"name": "Evening"},
        "Tom",
        NOW,
        later,
        2,
    )


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_change_of_an_older_version_changes_nothing(store, put, version):
    put()
    put(content={"name": "Evening"}, version=1)
    assert put(content={"name": "Lost"}, version=version) is None
    with store.read() as tx:
        assert tx.declarations.get("schedules", "morning").content == {"name": "Evening"}


def test_one_that_is_new_to_both_is_made_once(put):
    assert put(version=0) is not None
    assert put(version=0) is None


def test_all_come_in_the_order_in_which_they_were_made(store, put):
    put("sources", "wire", at=NOW + timedelta(minutes=2))
    put("brand", "", {"accent": "#112233"}, at=NOW + timedelta(minutes=1))
    put()
    with store.read() as tx:
        assert [each.at for each in tx.declarations.all()] == ["schedules.morning", "brand", "sources.wire"]


def test_the_mark_is_another_after_each_change_and_the_same_without_one(store, put):
    marks = []

    def mark():
        with store.read() as tx:
            marks.append(tx.declarations.mark())

    mark()
    put()
    mark()
    put(content={"name": "Evening"})
    mark()
    put(content={"name": "Lost"}, version=1)
    mark()
    with store.write() as tx:
        assert tx.declarations.remove("schedules", "morning", NOW)
    mark()
    assert marks[0] == ""
    assert marks[2] == marks[3]
    assert len(set(marks)) == 4


def test_what_was_removed_is_gone_and_can_be_removed_no_more(store, put):
    put()
    with store.write() as tx:
        assert tx.declarations.remove("schedules", "morning", NOW)
        assert not tx.declarations.remove("schedules", "morning", NOW)
        assert tx.declarations.get("schedules", "morning") is None
