"""How older articles begin: each is read once by who asks again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.schedules.openings import Openings
from bot.testing import NOW, article

SINCE, UNTIL = NOW - timedelta(days=30), NOW - timedelta(days=4)


def put(store, *brought):
    with store.write() as tx:
        for each in brought:
            tx.articles.put(each, url_key=each.url, present=(), now=NOW)


@pytest.fixture
def asked(store):
    """The terms that openings are found to have, and whether any article was read for it."""
    openings = Openings()

    def ask():
        statements = []
        with store.read() as tx:
            event.listen(tx.connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
            found = openings.between(tx, SINCE, UNTIL)
        return [set(each) for each in found], any("substr" in each for each in statements)

    return ask


def old(**fields):
    return article(published=NOW - timedelta(days=9), standfirst="", body="", **fields)


def test_an_article_is_read_once_and_each_revision_of_it_anew(store, asked):
    first = old(title="Ferry returns")
    put(store, first, article(title="Too new"))
    assert asked() == ([{"ferry", "return"}], True)
    assert asked() == ([{"ferry", "return"}], False)
    put(store, replace(first, title="Bridge returns"))
    assert asked() == ([{"bridge", "return"}], True)


def test_one_that_says_nothing_is_not_read_again(store, asked):
    put(store, old(title="…"))
    assert asked() == ([set()], True)
    assert asked() == ([set()], False)


def test_one_that_was_withdrawn_is_forgotten(store, asked):
    gone = old(title="Gone by noon")
    put(store, gone)
    assert len(asked()[0]) == 1
    with store.write() as tx:
        tx.articles.withdraw(gone.source, [gone.guid], NOW)
    assert asked() == ([], False)
