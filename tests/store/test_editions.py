from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.errors import ReservedElsewhere
from bot.model import Card, EditionState, EditionStory, Email, Post, Rendition, Summary
from bot.testing import NOW, article, edition

LATER = NOW + timedelta(hours=3)


def _add(store, made):
    with store.write() as tx:
        return tx.editions.add(made, expires=LATER, report={"picks": []})


def _stored_article(store):
    with store.write() as tx:
        brought = article()
        tx.articles.put(brought, url_key=brought.url, present={brought.guid}, now=NOW)
        return next(each for each in tx.articles.newest() if each.guid == brought.guid)


def test_an_edition_comes_back_whole(store):
    post = Post(text="Read this", url="https://record.example/a", card=Card(url="https://record.example/a", title="A"))
    made = edition(renditions=(Rendition(channel="sky", subject="7", post=post),))
    assert _add(store, made)
    with store.read() as tx:
        found = tx.editions.get(made.id)
    assert found.renditions == made.renditions
    assert found.stories[0].article.content() == made.stories[0].article.content()
    assert found.stories[0].summary == made.stories[0].summary


def test_a_slot_has_one_edition_and_the_second_claim_changes_nothing(store):
    first = edition(slot_key="2026-11-24T07:00")
    second = edition(slot_key="2026-11-24T07:00")
    assert _add(store, first)
    assert not _add(store, second)
    with store.read() as tx:
        assert tx.editions.of_slot("morning", "2026-11-24T07:00").id == first.id
        assert tx.editions.get(second.id) is None


def test_a_story_reserved_by_one_edition_is_refused_to_the_next_of_its_schedule(store):
    lead = _stored_article(store)
    _add(store, edition(lead=lead))
    late = edition(lead=lead)
    with pytest.raises(ReservedElsewhere):
        _add(store, late)
    with store.read() as tx:
        assert tx.editions.get(late.id) is None
    assert _add(store, edition(lead=lead, schedule="evening"))


def test_a_story_is_reserved_then_consumed_and_released_when_unsent(store):
    lead = _stored_article(store)
    made = edition(lead=lead)
    _add(store, made)
    since = NOW - timedelta(days=1)
    with store.write() as tx:
        assert tx.editions.held("morning", since) == (frozenset(), frozenset({lead.id}))
        tx.editions.consume(made.id)
        tx.editions.release(made.id)
        assert tx.editions.held("morning", since) == (frozenset({lead.id}), frozenset())
    unsent = edition(lead=lead, schedule="evening")
    _add(store, unsent)
    with store.write() as tx:
        tx.editions.release(unsent.id)
        assert tx.editions.held("evening", since) == (frozenset(), frozenset())


def test_a_state_is_left_only_from_where_the_mover_believes_it_to_be(store):
    made = edition()
    _add(store, made)
    with store.write() as tx:
        move = tx.editions.move
        assert move(made.id, to=EditionState.SENDING, since=[EditionState.DRAFTED], now=NOW)
        assert not move(made.id, to=EditionState.SENDING, since=[EditionState.DRAFTED], now=NOW)
        assert tx.editions.state(made.id) is EditionState.SENDING


def test_the_last_sent_edition_leaves_out_skipped_and_held_ones(store):
    sent = edition(state=EditionState.SENT, created=NOW - timedelta(days=1))
    for made in (sent, edition(state=EditionState.SKIPPED, stories=()), edition(state=EditionState.HELD, stories=())):
        _add(store, made)
    with store.read() as tx:
        assert tx.editions.last_sent("morning").id == sent.id
        assert tx.editions.last_sent("evening") is None


def test_the_last_edition_that_went_out_by_a_channel_is_found(store):
    mail = (Rendition(channel="mail", post=Post(text="x")),)
    other = (Rendition(channel="sky", post=Post(text="x")),)
    newest = edition(state=EditionState.SENDING, renditions=mail)
    for each in (
        edition(state=EditionState.SENT, renditions=mail, slot=NOW - timedelta(days=1)),
        newest,
        edition(state=EditionState.APPROVED, renditions=mail, slot=LATER),
        edition(state=EditionState.SENT, renditions=other, slot=LATER),
    ):
        assert _add(store, each)
    with store.write() as tx:
        assert tx.editions.last_out(["mail", "sky"])["mail"] == (newest.id, newest.created)
        tx.editions.move(newest.id, to=EditionState.SENT, since=[EditionState.SENDING], now=LATER)
    with store.read() as tx:
        assert tx.editions.last_out(["mail"]) == {"mail": (newest.id, LATER)}
        assert tx.editions.last_out(["none"]) == {}


def test_subjects_of_what_was_mailed_are_found_by_schedule_and_time(store):
    def mailed(subject, **fields):
        email = Email(subject=subject, preheader="", html="<p>x</p>", text="x")
        return edition(renditions=(Rendition(channel="mail", email=email),), **fields)

    first = mailed("The ferry returns", state=EditionState.SENT, slot=NOW - timedelta(hours=5))
    second = mailed("The library opens", state=EditionState.SENDING, schedule="evening")
    for each in (
        first,
        second,
        mailed("Too old", state=EditionState.SENT, slot=NOW - timedelta(days=3)),
        mailed("Not out", state=EditionState.APPROVED, slot=NOW - timedelta(hours=1)),
        mailed("Others'", state=EditionState.SENT, schedule="sport"),
        edition(state=EditionState.SENT, renditions=(Rendition(channel="sky", post=Post(text="x")),), slot=LATER),
    ):
        assert _add(store, each)
    with store.read() as tx:
        found = tx.editions.subjects(["morning", "evening"], NOW - timedelta(days=2))
    assert [(each.id, subject) for each, subject in found] == [
        (second.id, "The library opens"),
        (first.id, "The ferry returns"),
    ]


def test_stories_can_be_replaced_before_the_send(store):
    old, new = _stored_article(store), _stored_article(store)
    made = edition(lead=old)
    _add(store, made)
    story = EditionStory(position=1, article=new, summary=Summary("new"), article_ids=(new.id,))
    with store.write() as tx:
        tx.editions.replace_stories(replace(made, stories=(story,)))
        assert tx.editions.held("morning", NOW - timedelta(days=1))[1] == {new.id}
        assert [each.article.guid for each in tx.editions.get(made.id).stories] == [new.guid]


def test_what_a_schedule_sent_is_found_among_the_articles_of_a_time(store):
    lead = _stored_article(store)
    made = edition(lead=lead)
    _add(store, made)
    month = {"since": NOW - timedelta(days=30), "until": NOW}
    with store.write() as tx:
        assert tx.articles.sent("morning", **month) == []
        tx.editions.consume(made.id)
        assert tx.articles.sent("morning", **month) == [lead]
        assert tx.articles.sent("evening", **month) == []
        assert tx.articles.sent("morning", since=NOW - timedelta(days=30), until=NOW - timedelta(days=2)) == []


def test_many_editions_are_told_of_at_once_each_with_its_own(store):
    post = Post(text="Read this", url="https://record.example/a")
    one = edition(slot_key="a", renditions=(Rendition(channel="sky", subject="7", post=post),))
    two = edition(slot_key="b", schedule="evening")
    assert _add(store, one)
    assert _add(store, two)
    with store.read() as tx:
        slots = tx.editions.of_slots([("morning", "a"), ("evening", "b"), ("evening", "a")])
        whole = {each: tx.editions.get(each) for each in (one.id, two.id)}
        assert slots == {("morning", "a"): whole[one.id], ("evening", "b"): whole[two.id]}
        assert slots["morning", "a"].renditions == one.renditions
        assert {id: each.schedule for id, each in tx.editions.lights([one.id, two.id, "none"]).items()} == {
            one.id: "morning",
            two.id: "evening",
        }
        assert tx.editions.expiries([one.id, "none"]) == {one.id: LATER}
        told = tx.editions.renditions([one.id, two.id], ["sky"], ["7", ""])
    assert {key: each.post.text for key, each in told.items()} == {(one.id, "sky", "7"): "Read this"}


def test_what_is_listed_of_editions_is_read_without_their_reports(store):
    early, late = edition(slot=NOW, reason="quiet"), edition(slot=NOW + timedelta(days=1))
    for made in (early, late):
        _add(store, made)
    with store.read() as tx:
        asked = []
        event.listen(tx.connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert [each.id for each in tx.editions.latest(10)] == [late.id, early.id]
        assert [each.id for each in tx.editions.latest(1)] == [late.id]
        assert tx.editions.lights([early.id, "nobody"])[early.id].reason == "quiet"
        assert tx.editions.expiries([early.id, late.id, "nobody"]) == {early.id: LATER, late.id: LATER}
        assert tx.editions.expires("nobody") is None
        assert tx.editions.get(early.id).stories
        assert not any("report" in statement for statement in asked)


def test_one_note_of_a_report_is_read_alone(store):
    made = edition()
    _add(store, made)
    with store.write() as tx:
        tx.editions.note(made.id, "preflight", {"look": ["a"]})
        assert tx.editions.noted(made.id, "preflight") == {"look": ["a"]}
        assert tx.editions.noted(made.id, "nothing") is None
        assert tx.editions.noted("nobody", "preflight") is None
        assert tx.editions.report(made.id) == {"picks": [], "preflight": {"look": ["a"]}}
