"""What changes after it was sent is seen, told to an editor, and corrected for the readers, once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from bot.delivery.alerts import CHANGED, due
from bot.editions import lifecycle
from bot.errors import NotFound, NothingToDo, StateError, UsageError
from bot.model import Act, EditionState
from bot.schedules.corrected import WITHIN, correct, drop, reach, watch_changes
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make
from bot.settings.tables import AlertsTable
from bot.testing import NOW

SAID, RIGHT = "the subsidy is $14 million a year.", "it is $1.4 million."
LATER = NOW + timedelta(hours=2)


def slot(day=0):
    due = NOW + timedelta(days=day)
    return Slot("morning", f"{due:%Y-%m-%dT%H:%M}", due)


@pytest.fixture
def sent(newsroom, publish, store):
    """The installation; its edition ``sent.edition`` told the story of article 1."""
    publish("The ferry returns", body="<p>The subsidy is $14 million a year.</p><p>It sails on Friday.</p>")
    installation = newsroom()
    made = make(installation, "morning", slot(), NOW)
    assert advance(installation, made, NOW) is EditionState.SENDING
    with store.write() as tx:
        tx.editions.consume(made.id)
        tx.editions.move(made.id, to=EditionState.SENT, since=[EditionState.SENDING], now=NOW)
    return made


@pytest.fixture
def publish(store, publish):
    def put(title, *, body="", **fields):
        made = publish(title, **fields)[0]
        return change(store, made, body=body, now=made.published) if body else made

    return put


def change(store, article, *, now=LATER, **fields):
    changed = dataclasses.replace(article, **fields)
    with store.write() as tx:
        tx.articles.put(changed, url_key=changed.url, present={changed.guid}, now=now)
    return changed


def story(store):
    with store.read() as tx:
        return tx.articles.get(1)


def acts(store, edition):
    with store.read() as tx:
        return [act for act in tx.acts.newest(thing=f"edition:{edition.id}") if act.what == CHANGED]


def test_a_number_that_changed_is_on_record_with_both_sentences_once_for_each_revision(newsroom, store, sent):
    installation = newsroom()
    assert watch_changes(installation, LATER) == 0
    change(store, story(store), body="<p>The subsidy is $1.4 million a year.</p><p>It sails on Friday.</p>")
    assert [watch_changes(installation, LATER) for _ in range(2)] == [1, 0]
    (act,) = acts(store, sent)
    assert "numbers changed" in act.note
    assert "was “The subsidy is $14 million a year.”, is “The subsidy is $1.4 million a year.”" in act.note
    change(store, story(store), body="<p>The subsidy is $1.5 million a year.</p><p>It sails on Friday.</p>")
    assert watch_changes(installation, LATER) == 1


def test_what_readers_would_not_call_another_story_is_no_change(newsroom, store, sent):
    change(store, story(store), body="<p>The subsidy is $14 million a year!</p><p>It sails on Friday.</p>")
    assert watch_changes(newsroom(), LATER) == 0


def test_a_story_that_is_withdrawn_after_it_was_sent_is_on_record(newsroom, store, sent):
    with store.write() as tx:
        tx.articles.withdraw(story(store).source, [story(store).guid], LATER)
    assert watch_changes(newsroom(), LATER) == 1
    assert "withdrawn" in acts(store, sent)[0].note


def test_what_went_out_long_ago_is_not_watched(newsroom, store, sent):
    change(store, story(store), now=LATER + WITHIN, title="The ferry does not return")
    assert watch_changes(newsroom(), LATER + WITHIN) == 0


def test_an_edition_that_was_not_sent_is_not_watched(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom()
    made = make(installation, "morning", slot(1), NOW)
    change(store, story(store), title="The ferry does not return")
    assert watch_changes(installation, LATER) == 0
    assert acts(store, made) == []


def test_an_editor_is_told_once_and_of_the_next_change_again(newsroom, store, sent):
    rules = AlertsTable(channels=("mail",), quiet="1h")
    change(store, story(store), title="The ferry does not return")
    watch_changes(newsroom(), LATER)
    with store.read() as tx:
        (alert,) = due(tx, rules, "UTC", LATER)
    assert (alert.status, alert.title) == (
        "Changed after it was sent",
        "Morning briefing: a story changed after it went out",
    )
    assert alert.do[0].startswith("broadsheet correct 1:")


def tells(edition):
    (rendition,) = edition.renditions
    return [
        SAID in part and RIGHT in part for part in (rendition.email.html, rendition.email.text, rendition.email.web)
    ]


def test_the_next_edition_tells_the_correction_and_the_one_after_does_not(newsroom, publish, store, sent):
    installation = newsroom()
    (made,) = correct(installation, 1, said=f"  {SAID} ", right=RIGHT, who="mara", now=LATER)
    assert (made.schedule, made.edition, made.told) == ("morning", sent.id, sent.slot)
    for number, expected in ((1, True), (2, False)):
        publish(f"Other news of day {number}", published=NOW + timedelta(days=number, hours=-1))
        edition = make(installation, "morning", slot(number), NOW + timedelta(days=number))
        assert tells(edition) == [expected] * 3
        assert advance(installation, edition, NOW + timedelta(days=number)) is EditionState.SENDING
        with store.write() as tx:
            tx.editions.consume(edition.id)
        with store.read() as tx:
            stored = tx.editions.get(edition.id)
            assert [each.right for each in stored.corrections] == [RIGHT] * expected
            assert tells(stored) == [expected] * 3
    with store.read() as tx:
        (carried,) = reach(tx, 1).corrections
        assert tx.editions.of_slot("morning", slot(1).key).id == carried.carried


def test_a_correction_whose_edition_ended_unsent_waits_for_the_next(newsroom, publish, store, sent):
    installation = newsroom()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    publish("Other news", published=NOW + timedelta(hours=23))
    first = make(installation, "morning", slot(1), NOW + timedelta(days=1))
    lifecycle.cancel(store, first.id, who="mara", now=NOW + timedelta(days=1))
    second = make(installation, "morning", slot(2), NOW + timedelta(days=2))
    assert (tells(first), tells(second)) == ([True] * 3, [True] * 3)


def test_an_edition_that_was_changed_before_it_went_out_still_tells_it(newsroom, publish, store, sent):
    installation = newsroom()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    other = publish("Other news", published=NOW + timedelta(hours=23))
    edition = make(installation, "morning", slot(1), NOW + timedelta(hours=23, minutes=30))
    change(store, other, title="Other news, and more of it")
    assert advance(installation, edition, NOW + timedelta(days=1)) is EditionState.SENDING
    with store.read() as tx:
        stored = tx.editions.get(edition.id)
    assert "and more of it" in stored.renditions[0].email.html
    assert tells(stored) == [True] * 3


def test_an_edition_without_a_story_is_not_made_for_a_correction(newsroom, store, sent):
    installation = newsroom()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    assert make(installation, "morning", slot(1), NOW + timedelta(days=1)).state is EditionState.SKIPPED
    with store.read() as tx:
        assert [each.carried for each in reach(tx, 1).corrections] == [""]


def test_a_correction_is_taken_back_until_an_edition_tells_it(newsroom, publish, store, sent):
    installation = newsroom()
    for _ in range(2):
        correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
        with pytest.raises(StateError, match="waits already"):
            correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
        with store.read() as tx:
            newest = reach(tx, 1).corrections[-1].id
        if not _:
            drop(installation, newest, who="mara", now=LATER)
    publish("Other news", published=NOW + timedelta(hours=23))
    make(installation, "morning", slot(1), NOW + timedelta(days=1))
    with pytest.raises(StateError, match="an edition tells it already"):
        drop(installation, newest, who="mara", now=LATER)


def test_all_of_it_is_on_the_record(newsroom, store, sent):
    correct(newsroom(), 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    with store.read() as tx:
        (act,) = (each for each in tx.acts.newest(thing=f"edition:{sent.id}") if each.what == "correct")
    assert isinstance(act, Act)
    assert (act.who, SAID in act.note, RIGHT in act.note) == ("mara", True, True)


def test_what_nobody_was_sent_needs_no_correction(newsroom, publish, store):
    publish("The ferry returns")
    with pytest.raises(NothingToDo):
        correct(newsroom(), 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    with pytest.raises(NotFound):
        correct(newsroom(), 77, said=SAID, right=RIGHT, who="mara", now=LATER)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 601])
def test_a_correction_is_a_sentence_or_two(newsroom, sent, text):
    with pytest.raises(UsageError, match="--right"):
        correct(newsroom(), 1, said=SAID, right=text, who="mara", now=LATER)
