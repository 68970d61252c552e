"""What changed after it was sent waits for a decision, and is asked for again only when it changes again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Change, Decision
from bot.store.headlines import Look
from bot.testing import NOW, article, edition


@pytest.fixture
def change(store):
    one, made = article(), edition()
    with store.write() as tx:
        tx.articles.put(one, url_key=one.url, present={one.guid}, now=NOW)
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
        known = Change(
            article=1,
            edition=made.id,
            revision=2,
            withdrawn=False,
            at=NOW,
            title=one.title,
            what="numbers changed",
            was="6.2",
            now="4.2",
        )
        tx.changes.put(known)
    return known


def test_a_change_waits_with_the_edition_that_told_it(store, change):
    with store.read() as tx:
        (waiting,) = tx.changes.open()
        assert (waiting.change, waiting.name, waiting.slot) == (change, "Morning briefing", NOW)
        assert tx.changes.count() == 1


def test_what_is_decided_waits_no_more_and_says_who_decided(store, change):
    with store.write() as tx:
        assert tx.changes.decide(1, Decision.DISMISSED, who="ines", now=NOW) == 1
        assert tx.changes.decide(1, Decision.CORRECTED, who="tom", now=NOW) == 0
        (known,) = tx.changes.of_articles([1])
        assert (known.decided, known.who, known.decided_at) == (Decision.DISMISSED, "ines", NOW)
        assert (tx.changes.open(), tx.changes.count()) == ([], 0)


def test_the_next_revision_asks_again(store, change):
    with store.write() as tx:
        tx.changes.decide(1, Decision.CORRECTED, who="ines", now=NOW)
        tx.changes.put(replace(change, revision=3, at=NOW + timedelta(hours=1)))
        assert [each.change.revision for each in tx.changes.open()] == [3]


def test_what_says_again_what_was_sent_needs_no_decision(store, change):
    with store.write() as tx:
        tx.changes.forget(1, change.edition)
        assert tx.changes.count() == 0


def test_an_article_that_waits_is_marked_in_the_list(store, change):
    with store.read() as tx:
        assert [each.open for each in tx.headlines.look(Look()).articles] == [True]
