"""What changes after it was sent is seen, told to an editor, and corrected for the readers, once."""

from __future__ import annotations

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.channels.base import KINDS
from bot.clock import SetClock
from bot.delivery.alert import CHANGED
from bot.delivery.alerts import TOLD as TOLD_ALERT
from bot.delivery.alerts import due
from bot.delivery.engine import Engine
from bot.editions import lifecycle
from bot.errors import NotFound, NothingToDo, StateError, UsageError
from bot.model import Act, EditionState, Limits, Parcel, Receipt
from bot.schedules import corrected
from bot.schedules.corrected import (
    WITHIN,
    correct,
    dismiss,
    drop,
    reach,
    stands,
    to_decide,
    untold,
    watch_changes,
)
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make
from bot.schedules.tick import Ticked, advance_waiting
from bot.settings.tables import AlertsTable
from bot.store.flags import PAUSED
from bot.store.tables import changes
from bot.testing import KEYS, NOW
from tests.schedules.conftest import Scripted

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
    assert alert.do[0].line == "broadsheet correct 1"


def test_an_editor_is_told_of_each_story_of_an_edition_that_changed(newsroom, publish, store):
    publish("The ferry returns")
    publish("The bakery closes")
    installation = newsroom()
    made = make(installation, "morning", slot(), NOW)
    assert advance(installation, made, NOW) is EditionState.SENDING
    for each in made.stories:
        change(store, each.article, title=f"{each.article.title} after all")
    assert watch_changes(installation, LATER) == 2
    rules = AlertsTable(channels=("mail",), quiet="1h")
    with store.read() as tx:
        alerts = due(tx, rules, "UTC", LATER)
    assert sorted(each.do[0].line for each in alerts) == ["broadsheet correct 1", "broadsheet correct 2"]
    assert len({each.flag for each in alerts}) == 2
    with store.write() as tx:
        tx.flags.set(alerts[0].flag, TOLD_ALERT, LATER)
    with store.read() as tx:
        assert due(tx, rules, "UTC", LATER) == alerts[1:]


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


class Network(Scripted):
    """A social network: it takes posts of 300 characters and names each."""

    def __init__(self, name, options, around):
        super().__init__(name, options, around)
        self.medium, self.template, self.limits = "post", "default", Limits(characters=300, thread=True)
        self.answer = lambda parcel: Receipt(server="social", code=200, id=f"post:{parcel.token}")
        # A second one would find that the first part does not stand yet, and wait.
        self.connections = 1
        self.sent = TOLD


TOLD: list[Parcel] = []
POSTS = """
[channels.social]
type = "network"

[schedules.posts]
name = "Posts"
cron = "0 7 * * *"
channels = ["social"]
posts = "{posts}"
"""


@pytest.fixture
def social(newsroom, store, monkeypatch):
    """Builds an installation whose schedule ``posts`` has posted about article 1, and a way to let time do its work."""
    monkeypatch.setitem(KINDS, "network", Network)
    TOLD.clear()

    def build(posts="each", schedule="posts"):
        installation = newsroom(POSTS.format(posts=posts))
        due = Slot(schedule, f"{NOW:%Y-%m-%dT%H:%M}", NOW)
        make(installation, schedule, due, NOW)
        work(installation, NOW)
        return installation

    return build


def work(installation, now):
    """What a tick and the engine after it do."""
    advance_waiting(installation, now, Ticked())
    channels = {"social": Network("social", None, None), "mail": Scripted("mail", None, None)}
    rules = installation.settings.delivery
    asyncio.run(Engine(installation.store, channels, KEYS, SetClock(now), rules).deliver())


def test_in_a_thread_the_part_that_was_wrong_is_answered(social, publish, store):
    publish("The ferry returns")
    publish("The bakery closes")
    installation = social(posts="thread")
    told = {each.rendition.subject: each for each in TOLD}
    assert sorted(told) in (["", "1"], ["", "2"])
    wrong = told["1"] if "1" in told else told[""]
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    work(installation, LATER)
    (reply,) = TOLD[2:]
    assert reply.rendition.post.answers == f"post:{wrong.token}"
    assert reply.rendition.subject == wrong.rendition.subject


def test_a_post_is_corrected_by_a_reply_to_it_at_once_and_once(social, publish, store):
    publish("The ferry returns")
    publish("The bakery closes")
    installation = social()
    (first,) = (each for each in TOLD if "ferry" in each.rendition.post.text)
    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    for _ in range(2):
        work(installation, LATER)
    (reply,) = TOLD[2:]
    assert reply.rendition.post.answers == f"post:{first.token}"
    assert [line for line in reply.rendition.post.text.splitlines() if line] == [
        "Correction",
        f"On 24\u00a0November\u00a02026 we said: {SAID}",
        f"In fact: {RIGHT}",
        story(store).url,
    ]
    with store.read() as tx:
        edition = tx.editions.get(made.carried)
        assert edition.state is EditionState.SENT
        assert [each.carried for each in reach(tx, 1).corrections] == [edition.id]


def test_a_reply_that_goes_out_does_not_move_what_is_new_since_the_last_edition(social, publish, store):
    publish("The ferry returns")
    installation = social()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    publish("Other news", published=NOW + timedelta(hours=1))
    work(installation, LATER)
    edition = make(installation, "posts", Slot("posts", "tomorrow", NOW + timedelta(days=1)), NOW + timedelta(days=1))
    assert [each.article.title for each in edition.stories] == ["Other news"]


def test_the_post_of_a_whole_edition_is_corrected_only_where_it_told_the_story(social, publish, store):
    publish("The ferry returns", hours=1)
    publish("The bakery closes", hours=3)
    installation = social(posts="edition")
    assert len(TOLD) == 1
    with store.read() as tx:
        other = next(each.id for each in tx.articles.newest() if "bakery" in each.title)
    with pytest.raises(NothingToDo):
        correct(installation, other, said=SAID, right=RIGHT, who="mara", now=LATER)
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    work(installation, LATER)
    assert len(TOLD) == 2


def test_a_network_of_few_characters_is_told_what_is_right_and_nothing_of_it_is_cut(social, publish):
    publish("The ferry returns")
    installation = social()
    right = "It is $1.4 million, " + "of which the county pays half, " * 5 + "and no more."
    correct(installation, 1, said="The subsidy " * 12, right=right, who="mara", now=LATER)
    work(installation, LATER)
    text = TOLD[-1].rendition.post.text
    assert right in text and "we said" not in text


def test_what_does_not_fit_even_so_is_refused_and_nothing_is_kept(social, publish, store):
    publish("The ferry returns")
    installation = social()
    with pytest.raises(UsageError, match="social: the correction is longer than the 300 characters"):
        correct(installation, 1, said=SAID, right="It is so, and so. " * 20, who="mara", now=LATER)
    with store.read() as tx:
        assert reach(tx, 1).corrections == ()


def test_a_reply_waits_while_everything_is_paused_and_expires_rather_than_come_late(social, publish, store):
    publish("The ferry returns")
    installation = social()
    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    with store.write() as tx:
        tx.flags.set(PAUSED, "mara", LATER)
    work(installation, LATER)
    assert len(TOLD) == 1
    with store.write() as tx:
        tx.flags.set(PAUSED, "", LATER)
    work(installation, LATER + timedelta(hours=4))
    with store.read() as tx:
        assert tx.editions.state(made.carried) is EditionState.EXPIRED
    assert len(TOLD) == 1


BOTH = """
[channels.social]
type = "network"

[schedules.both]
name = "Both"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail", "social"]
posts = "each"
"""


@pytest.fixture
def both(social, newsroom):
    """Builds an installation whose schedule ``both`` has mailed article 1 and posted about it."""

    def build():
        installation = newsroom(BOTH)
        make(installation, "both", Slot("both", f"{NOW:%Y-%m-%dT%H:%M}", NOW), NOW)
        work(installation, NOW)
        return installation

    return build


def test_the_same_correction_answers_the_same_posts_once(social, publish, store):
    publish("The ferry returns")
    installation = social()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    for _ in range(2):
        with pytest.raises(StateError, match="is told already"):
            correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
        work(installation, LATER)
    assert len(TOLD) == 2
    with store.read() as tx:
        assert len(reach(tx, 1).corrections) == 1


def test_the_same_correction_is_not_mailed_and_answered_again_once_an_edition_tells_it(both, publish, store):
    publish("The ferry returns")
    installation = both()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    publish("Other news", published=NOW + timedelta(hours=23))
    assert make(installation, "both", Slot("both", "tomorrow", NOW + timedelta(days=1)), NOW + timedelta(days=1))
    with pytest.raises(StateError, match="is told already"):
        correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    work(installation, LATER)
    assert len([each for each in TOLD if each.rendition.post and each.rendition.post.answers]) == 1


def test_a_correction_whose_replies_ended_unsent_may_be_said_again_and_no_mail_tells_it_twice(both, publish, store):
    publish("The ferry returns")
    installation = both()
    for _ in range(2):
        made = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
        with store.read() as tx:
            replies = reach(tx, 1).replies[made[0].id]
        if not _:
            lifecycle.cancel(store, replies.id, who="mara", now=LATER)
    work(installation, LATER)
    assert len([each for each in TOLD if each.rendition.post and each.rendition.post.answers]) == 1
    publish("Other news", published=NOW + timedelta(hours=23))
    due = NOW + timedelta(days=1)
    edition = make(installation, "both", Slot("both", "tomorrow", due), due)
    assert [each.right for each in edition.corrections] == [RIGHT]


def test_what_was_answered_before_its_replies_were_cancelled_is_not_answered_again(social, publish, store):
    publish("The ferry returns")
    installation = social()
    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    work(installation, LATER)
    with store.write() as tx:
        assert tx.editions.move(made.carried, to=EditionState.CANCELLED, since=[EditionState.SENT], now=LATER)
    with pytest.raises(StateError, match="is told already"):
        correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)


def test_where_no_post_can_be_answered_nothing_is_kept_and_it_is_said(social, publish, store):
    publish("The ferry returns", hours=1)
    publish("The bakery closes", hours=3)
    installation = social(posts="edition")
    with store.read() as tx:
        other = next(each.id for each in tx.articles.newest() if "bakery" in each.title)
    with pytest.raises(NothingToDo, match=r"posts: it sends no mail, and no post about it can be answered"):
        correct(installation, other, said=SAID, right=RIGHT, who="mara", now=LATER)
    with store.read() as tx:
        assert reach(tx, other).corrections == ()
        assert [act for act in tx.acts.newest() if act.what == "correct"] == []


def test_one_post_is_one_on_record(social, publish, store):
    publish("The ferry returns")
    installation = social()
    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    with store.read() as tx:
        (act,) = (each for each in tx.acts.newest() if each.what == "correct")
    assert act.note.endswith(f"edition {made.carried} answers 1 post with it")


def test_a_correction_says_whether_readers_are_told(social, publish, store):
    publish("The ferry returns")
    installation = social()

    def said():
        with store.read() as tx:
            found = reach(tx, 1)
        return stands(installation, found, found.corrections[-1])

    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    assert said() == f"to be told by edition {made.carried}"
    lifecycle.cancel(store, made.carried, who="mara", now=LATER)
    assert said() == f"edition {made.carried} was to tell it and is cancelled; what it did not answer, nobody is told"
    (again,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    work(installation, LATER)
    work(installation, LATER)
    assert said() == f"told by edition {again.carried}"


def test_a_schedule_that_can_tell_nobody_keeps_none_waiting_and_the_others_tell(social, publish, newsroom, store):
    publish("The ferry returns", hours=1)
    publish("The bakery closes", hours=3)
    installation = social(posts="edition")
    make(installation, "morning", slot(), NOW)
    work(installation, NOW)
    with store.read() as tx:
        other = next(each.id for each in tx.articles.newest() if "bakery" in each.title)
    (made,) = correct(installation, other, said=SAID, right=RIGHT, who="mara", now=LATER)
    with store.read() as tx:
        found = reach(tx, other)
    assert made.schedule == "morning"
    assert [each.schedule for each in found.corrections] == ["morning"]
    assert untold(found, said=f" {SAID}", right=RIGHT) == ["posts"]
    assert stands(installation, found, made) == "the next edition tells it"


RIGHT_BODY = "<p>The subsidy is $1.4 million a year.</p><p>It sails on Friday.</p>"


def waiting(store):
    with store.read() as tx:
        assert tx.changes.count() == len(to_decide(tx))
        return [(each.newest.revision, each.newest.what, len(each.editions)) for each in to_decide(tx)]


def test_a_change_waits_for_a_decision_with_both_sentences(newsroom, store, sent):
    change(store, story(store), body=RIGHT_BODY)
    watch_changes(newsroom(), LATER)
    with store.read() as tx:
        (found,) = to_decide(tx)
    assert (found.newest.article, found.newest.what, found.newest.at) == (1, "numbers changed", LATER)
    assert found.newest.was == "The subsidy is $14 million a year."
    assert found.newest.now == "The subsidy is $1.4 million a year."
    assert [(each.change.edition, each.name) for each in found.editions] == [(sent.id, "Morning briefing")]


def test_a_correction_decides_it_and_the_next_change_asks_again(newsroom, store, sent):
    change(store, story(store), body=RIGHT_BODY)
    watch_changes(newsroom(), LATER)
    correct(newsroom(), 1, said=SAID, right=RIGHT, who="mara", now=LATER)
    watch_changes(newsroom(), LATER)
    assert waiting(store) == []
    change(store, story(store), body=RIGHT_BODY.replace("1.4", "1.5"))
    watch_changes(newsroom(), LATER)
    assert waiting(store) == [(4, "numbers changed", 1)]


def test_what_an_editor_finds_not_worth_a_word_is_decided_and_on_record(newsroom, store, sent):
    change(store, story(store), body=RIGHT_BODY)
    watch_changes(newsroom(), LATER)
    dismiss(newsroom(), 1, who="mara", now=LATER, note="a slip of the keyboard")
    assert waiting(store) == []
    with store.read() as tx:
        (act,) = tx.acts.newest(thing="article:1")
    assert (act.who, act.what, act.note) == ("mara", "correction not needed", "a slip of the keyboard")
    with pytest.raises(NothingToDo, match="no change of it waits"):
        dismiss(newsroom(), 1, who="mara", now=LATER)


def test_what_is_decided_while_another_visit_looks_stays_decided(newsroom, store, sent, monkeypatch):
    change(store, story(store), body=RIGHT_BODY)
    installation, slow = newsroom(), corrected._corrected

    def decided_meanwhile(tx, articles):
        monkeypatch.setattr(corrected, "_corrected", slow)
        with ThreadPoolExecutor(1) as other:
            other.submit(watch_changes, installation, LATER).result()
            other.submit(dismiss, installation, 1, who="mara", now=LATER).result()
        return slow(tx, articles)

    monkeypatch.setattr(corrected, "_corrected", decided_meanwhile)
    assert watch_changes(installation, LATER) == 0
    assert waiting(store) == []


def test_an_article_that_says_again_what_was_sent_asks_nobody(newsroom, store, sent):
    before = story(store)
    change(store, before, body=RIGHT_BODY)
    watch_changes(newsroom(), LATER)
    change(store, story(store), body=before.body)
    watch_changes(newsroom(), LATER)
    assert waiting(store) == []


def test_what_was_seen_and_corrected_before_changes_were_kept_asks_nobody(newsroom, store, sent):
    change(store, story(store), body=RIGHT_BODY)
    watch_changes(newsroom(), LATER)
    correct(newsroom(), 1, said=SAID, right=RIGHT, who="mara", now=LATER + timedelta(hours=1))
    with store.write() as tx:
        tx.connection.execute(changes.delete())
    assert watch_changes(newsroom(), LATER + timedelta(hours=2)) == 0
    assert waiting(store) == []


def test_a_correction_reaches_only_those_who_were_chosen(both, publish, store):
    publish("The ferry returns")
    installation = both()
    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER, mail=())
    work(installation, LATER)
    assert len([each for each in TOLD if each.rendition.post and each.rendition.post.answers]) == 1
    with store.read() as tx:
        assert tx.corrections.waiting("both") == []
    assert made.carried


def test_who_corrected_the_posts_first_may_tell_the_readers_of_the_mail_later_and_once(both, publish, store):
    publish("The ferry returns")
    installation = both()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER, mail=())
    work(installation, LATER)
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER, posts=())
    with store.read() as tx:
        assert [each.right for each in tx.corrections.waiting("both")] == [RIGHT]
    assert len([each for each in TOLD if each.rendition.post and each.rendition.post.answers]) == 1
    with pytest.raises(StateError, match="waits already"):
        correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER)


def test_posts_that_were_not_chosen_stand_as_they_are(both, publish, store):
    publish("The ferry returns")
    installation = both()
    correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER, posts=())
    work(installation, LATER)
    assert [each for each in TOLD if each.rendition.post and each.rendition.post.answers] == []
    with store.read() as tx:
        assert [each.right for each in tx.corrections.waiting("both")] == [RIGHT]


def test_a_correction_for_nobody_is_refused_and_leaves_the_decision_open(newsroom, store, sent):
    change(store, story(store), body=RIGHT_BODY)
    watch_changes(newsroom(), LATER)
    with pytest.raises(NothingToDo, match="choose a newsletter or a post"):
        correct(newsroom(), 1, said=SAID, right=RIGHT, who="mara", now=LATER, mail=(), posts=())
    assert len(waiting(store)) == 1
