"""Posts that stand are changed, replaced or taken down, each through the ledger and once."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from bot.channels.base import KINDS
from bot.clock import SetClock
from bot.delivery.engine import Engine
from bot.delivery.folding import fold
from bot.editions.amended import compose_amended
from bot.editions.compose import Outlet
from bot.editions.lifecycle import cancel
from bot.errors import DeliveryError, NothingToDo, OutcomeUnknown, StateError
from bot.model import (
    Correction,
    DeliveryState,
    EditionState,
    EditionStory,
    Idempotency,
    Limits,
    Newsroom,
    Pace,
    Post,
    PostAct,
    PostRules,
    Receipt,
    Summary,
)
from bot.schedules.corrected import correct, reach
from bot.schedules.plan import Slot
from bot.schedules.removal import remove, standing, to_remove
from bot.schedules.replies import Way
from bot.schedules.slot import make
from bot.schedules.tick import Ticked, advance_waiting
from bot.settings import shipped
from bot.testing import KEYS, NOW, article
from tests.schedules.conftest import Scripted

SAID, RIGHT = "the subsidy is $14 million a year.", "it is $1.4 million."
LATER = NOW + timedelta(hours=2)
SELECTION = """
[schedules.posts.selection]
window = "last 90d"
max_age = "90d"
"""
WRONG = {
    "article": 1,
    "edition": "e",
    "schedule": "posts",
    "title": "",
    "url": "",
    "said": SAID,
    "told": NOW,
    "at": NOW,
    "who": "mara",
}
TOML = """
[channels.social]
type = "{kind}"

[schedules.posts]
name = "Posts"
cron = "0 7 * * *"
channels = ["social"]
posts = "each"
"""


class Wall(Scripted):
    """A network that only takes posts; what followers see stands in ``SEEN`` by its id."""

    threads = True

    def __init__(self, name, options, around):
        super().__init__(name, options, around)
        self.medium, self.template = "post", "default"
        self.limits = Limits(characters=300, thread=self.threads)
        self.answer = self._post
        # A second one would find that the first part does not stand yet, and wait.
        self.connections = 1

    def _post(self, parcel):
        SEEN[f"post:{parcel.token}"] = parcel.rendition.post
        return Receipt(server="wall", code=200, id=f"post:{parcel.token}")


class Editable(Wall):
    threads = False

    async def edit(self, id, parcel):
        if id not in SEEN:
            raise DeliveryError("wall: there is no such post", permanent=True)
        SEEN[id] = parcel.rendition.post
        FAULTS and FAULTS.pop()()
        return Receipt(server="wall", code=200, id=id)


class Removable(Wall):
    async def remove(self, id):
        SEEN.pop(id, None)
        FAULTS and FAULTS.pop()()


class Chain(Editable):
    threads = True


WALLS = {"chain": Chain, "wall": Wall, "editable": Editable, "removable": Removable}
SEEN: dict[str, object] = {}
FAULTS: list = []


@pytest.fixture
def posted(newsroom, publish, monkeypatch):
    """Builds an installation that has posted about article 1 on a wall of a kind, and the id of that post."""
    SEEN.clear()
    FAULTS.clear()
    for name, cls in WALLS.items():
        monkeypatch.setitem(KINDS, name, cls)

    def build(kind, *titles, posts="each", hours=1.0, with_mail=False):
        publish("The ferry returns", *titles, hours=hours)
        toml = TOML.format(kind=kind).replace("each", posts) + SELECTION
        toml = toml.replace('["social"]', '["social", "mail"]\naudience = "readers"') if with_mail else toml
        installation = newsroom(toml)
        make(installation, "posts", Slot("posts", f"{NOW:%Y-%m-%dT%H:%M}", NOW), NOW)
        work(installation, NOW, kind)
        return installation, next(iter(SEEN), None)

    return build


def work(installation, now, kind):
    advance_waiting(installation, now, Ticked())
    channels = {"social": WALLS[kind]("social", None, None), "mail": Scripted("mail", None, None)}
    rules = installation.settings.delivery
    return asyncio.run(Engine(installation.store, channels, KEYS, SetClock(now), rules).deliver())


def correct_by(installation, way):
    (made,) = correct(installation, 1, said=SAID, right=RIGHT, who="mara", now=LATER, way=way)
    return made


def test_a_post_is_changed_where_it_stands_and_says_what_is_right_before_its_link(posted, store):
    installation, id = posted("editable")
    correct_by(installation, Way.EDIT)
    work(installation, LATER, "editable")
    assert list(SEEN) == [id]
    lines = [line for line in SEEN[id].text.splitlines() if line]
    assert lines[0] == "The ferry returns"
    assert lines[-2:] == [f"Correction: {RIGHT}", SEEN[id].url]
    assert len(SEEN[id].text) <= 300


def test_a_changed_post_tells_its_article_as_it_is_by_now(posted, publish, store):
    installation, id = posted("editable")
    with store.read() as tx:
        article = tx.articles.get(1)
    publish("The ferry returns on Monday", guid=article.guid, url=article.url, published=article.published)
    correct_by(installation, Way.EDIT)
    work(installation, LATER, "editable")
    assert SEEN[id].text.startswith("The ferry returns on Monday\n")


def test_a_change_whose_answer_is_lost_is_made_again_and_is_never_unknown(posted, store):
    installation, id = posted("editable")
    made = correct_by(installation, Way.EDIT)

    def lost():
        raise OutcomeUnknown("wall: no answer")

    FAULTS.append(lost)
    work(installation, LATER, "editable")
    with store.read() as tx:
        assert [each.state for each in tx.deliveries.of_edition(made.carried, 0)] == [DeliveryState.DEFERRED]
    work(installation, LATER + timedelta(minutes=5), "editable")
    with store.read() as tx:
        assert tx.editions.state(made.carried) is EditionState.SENT
    assert list(SEEN) == [id] and RIGHT in SEEN[id].text


def test_where_no_post_can_be_changed_it_is_replaced_only_if_the_editor_says_so(posted, store):
    installation, id = posted("removable")
    correct_by(installation, Way.EDIT)
    work(installation, LATER, "removable")
    assert list(SEEN)[0] == id and len(SEEN) == 2
    assert SEEN[list(SEEN)[1]].answers == id


def test_a_replaced_post_is_taken_down_and_posted_anew_once(posted, store):
    installation, id = posted("removable")
    correct_by(installation, Way.REPLACE)
    for _ in range(2):
        work(installation, LATER, "removable")
    (new,) = SEEN
    assert new != id and f"Correction: {RIGHT}" in SEEN[new].text
    with store.read() as tx:
        (telling,) = reach(tx, 1).tellings
    assert [(each.id, each.removed) for each in telling.posts] == [(new, False)]


def test_what_is_corrected_again_is_the_post_that_replaced_the_first(posted, store):
    installation, _ = posted("removable")
    correct_by(installation, Way.REPLACE)
    work(installation, LATER, "removable")
    (new,) = SEEN
    correct(installation, 1, said=RIGHT, right="it is $2 million.", who="mara", now=LATER, way=Way.REPLY)
    work(installation, LATER, "removable")
    assert SEEN[list(SEEN)[1]].answers == new


def test_where_posts_can_be_neither_answered_nor_taken_down_they_are_changed(posted):
    installation, id = posted("editable")
    correct_by(installation, Way.REPLY)
    work(installation, LATER, "editable")
    assert list(SEEN) == [id] and RIGHT in SEEN[id].text


def withdraw(store):
    with store.write() as tx:
        tx.articles.withdraw("site", [tx.articles.get(1).guid], LATER)


def test_the_posts_of_a_withdrawn_article_are_listed_until_they_are_down(posted, store):
    installation, id = posted("removable")
    with store.read() as tx:
        assert standing(tx, since=NOW - timedelta(days=1), withdrawn=True) == []
    withdraw(store)
    with store.read() as tx:
        (found,) = standing(tx, since=NOW - timedelta(days=1), withdrawn=True)
    assert [each.id for each in found.posts] == [id]
    (edition,) = remove(installation, 1, who="mara", now=LATER)
    with pytest.raises(StateError, match=f"edition {edition.id} is to remove its post on social already"):
        remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    assert SEEN == {}
    with store.read() as tx:
        assert standing(tx, since=NOW - timedelta(days=1), withdrawn=True) == []
        assert [post.removed for each in standing(tx, since=NOW - timedelta(days=1)) for post in each.posts] == [True]
    with pytest.raises(NothingToDo, match="no post about it stands"):
        remove(installation, 1, who="mara", now=LATER)


def test_what_would_be_taken_down_is_what_is_with_the_answers_that_corrected_it_each_once(posted, store):
    installation, _ = posted("removable")
    correct_by(installation, Way.REPLY)
    work(installation, LATER, "removable")
    with store.read() as tx:
        asked = to_remove(tx, installation, 1)
    assert [each.id for each in asked] == list(SEEN)
    assert len(SEEN) == 2
    (edition,) = remove(installation, 1, who="mara", now=LATER)
    assert len(edition.renditions) == 2
    with store.read() as tx:
        assert to_remove(tx, installation, 1) == []
    work(installation, LATER, "removable")
    assert SEEN == {}


def test_a_post_whose_removal_is_not_answered_is_taken_down_again_until_it_is(posted, store):
    installation, _ = posted("removable")

    def lost():
        raise OutcomeUnknown("wall: no answer")

    FAULTS.append(lost)
    (edition,) = remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    work(installation, LATER + timedelta(minutes=5), "removable")
    with store.read() as tx:
        assert tx.editions.state(edition.id) is EditionState.SENT


def test_a_network_whose_posts_no_program_takes_down_says_so(posted):
    installation, _ = posted("wall")
    with pytest.raises(NothingToDo, match="no post about it stands that a program can take down"):
        remove(installation, 1, who="mara", now=LATER)


def test_a_removed_post_is_not_corrected(posted, store):
    installation, _ = posted("removable")
    remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    with pytest.raises(NothingToDo):
        correct_by(installation, Way.REPLY)


def test_taking_down_is_on_record(posted, store):
    installation, _ = posted("removable")
    (edition,) = remove(installation, 1, who="mara", now=LATER)
    with store.read() as tx:
        (act,) = (each for each in tx.acts.newest() if each.what == "remove posts")
    assert (act.who, act.note) == ("mara", f"article 1: edition {edition.id} takes down 1 post")


def test_a_removal_does_not_move_what_is_new_since_the_last_edition(posted, publish, store):
    installation, _ = posted("removable")
    remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    publish("Other news", published=NOW + timedelta(hours=1))
    due = NOW + timedelta(days=1)
    edition = make(installation, "posts", Slot("posts", "tomorrow", due), due)
    assert [each.article.title for each in edition.stories] == ["Other news"]


def again(installation, way, right="it is $2 million."):
    return correct(installation, 1, said=RIGHT, right=right, who="mara", now=LATER, way=way)


def test_a_post_that_is_to_be_replaced_is_not_replaced_by_a_second_one_too(posted):
    installation, _ = posted("removable")
    made = correct_by(installation, Way.REPLACE)
    for way in (Way.REPLACE, Way.REPLY):
        with pytest.raises(StateError, match=f"social: edition {made.carried} is to replace this post"):
            again(installation, way)
    work(installation, LATER, "removable")
    again(installation, Way.REPLACE)
    work(installation, LATER, "removable")
    (post,) = SEEN.values()
    assert "Correction: it is $2 million." in post.text


def test_a_post_that_is_to_be_replaced_is_taken_down_only_when_it_was(posted):
    installation, _ = posted("removable")
    made = correct_by(installation, Way.REPLACE)
    with pytest.raises(StateError, match=f"edition {made.carried} is to replace its post on social already"):
        remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    assert SEEN == {}


def test_a_post_that_is_to_be_taken_down_is_not_posted_anew(posted):
    installation, _ = posted("removable")
    remove(installation, 1, who="mara", now=LATER)
    with pytest.raises(StateError, match="is to remove this post"):
        correct_by(installation, Way.REPLACE)
    work(installation, LATER, "removable")
    assert SEEN == {}


def test_a_change_that_waits_is_not_overtaken_by_a_second_one(posted):
    installation, id = posted("editable")
    made = correct_by(installation, Way.EDIT)
    with pytest.raises(StateError, match=f"edition {made.carried} is to edit this post"):
        again(installation, Way.EDIT)
    cancel(installation.store, made.carried, who="mara", now=LATER)
    again(installation, Way.EDIT)
    work(installation, LATER, "editable")
    assert "Correction: it is $2 million." in SEEN[id].text and RIGHT not in SEEN[id].text


def test_a_post_whose_replacement_may_have_arrived_is_not_replaced_again(posted, store, monkeypatch):
    installation, _ = posted("removable")
    made = correct_by(installation, Way.REPLACE)

    def unknown(self, parcel):
        raise OutcomeUnknown("wall: no answer")

    monkeypatch.setattr(Removable, "_post", unknown)
    work(installation, LATER, "removable")
    with store.read() as tx:
        assert [each.state for each in tx.deliveries.of_edition(made.carried, 0)] == [DeliveryState.UNKNOWN]
    with pytest.raises(StateError, match=f"edition {made.carried} is to replace this post"):
        again(installation, Way.REPLACE)


def lead_of(store):
    (edition,) = newest(store)
    with store.read() as tx:
        return tx.editions.get(edition.id).stories


def test_a_changed_part_of_a_thread_still_opens_it_and_keeps_its_place(posted, store):
    installation, first = posted("chain", "The mayor resigns", posts="thread")
    before = SEEN[first].text.splitlines()[:3]
    lead, _ = lead_of(store)
    for right in (RIGHT, "it is $2 million."):
        correct(installation, lead.article.id, said=SAID, right=right, who="mara", now=LATER, way=Way.EDIT)
        work(installation, LATER, "chain")
        assert SEEN[first].text.splitlines()[:3] == before == ["Posts", "", lead.article.title]
        assert f"Correction: {right}" in SEEN[first].text
    assert len(SEEN) == 2


def test_a_changed_part_of_a_thread_keeps_its_number():
    told = article(title="The ferry returns", url="https://record.example/ferry", standfirst="")
    made = compose_amended(
        correction=Correction(**WRONG, right=RIGHT),
        story=EditionStory(position=2, article=told, summary=Summary("")),
        edition_name="Posts",
        newsroom=Newsroom(name="The Record", url="https://record.example"),
        folders=(shipped("templates"),),
        outlet=Outlet(
            channel="x", medium="post", limits=Limits(characters=280), template="x", rules=PostRules(numbered=True)
        ),
        before=Post(text="", url=told.url, part=2, parts=3, follows="7"),
        act=PostAct.EDIT,
        target="1",
    )
    assert made.text == f"The ferry returns 2/3\n\nCorrection: {RIGHT}\n\n{told.url}"
    assert (made.part, made.parts, made.follows) == (1, 1, "")


def test_a_part_of_a_thread_is_answered_rather_than_replaced(posted, store):
    installation, first = posted("removable", "The mayor resigns", posts="thread")
    lead, _ = lead_of(store)
    correct(installation, lead.article.id, said=SAID, right=RIGHT, who="mara", now=LATER, way=Way.REPLACE)
    work(installation, LATER, "removable")
    assert len(SEEN) == 3 and SEEN[list(SEEN)[2]].answers == first


def test_posts_of_an_edition_that_was_cancelled_half_way_are_listed_and_taken_down(posted, store, monkeypatch):
    def once(self, parcel, post=Wall._post):
        if SEEN:
            raise DeliveryError("wall: later", permanent=False)
        return post(self, parcel)

    monkeypatch.setattr(Removable, "_post", once)
    installation, first = posted("removable", "The mayor resigns")
    (edition,) = (each for each in newest(store) if each.state is EditionState.SENDING)
    cancel(store, edition.id, who="mara", now=LATER)
    with store.read() as tx:
        (found,) = standing(tx, since=NOW - timedelta(days=1))
    assert [each.id for each in found.posts] == [first]
    remove(installation, found.article.id, who="mara", now=LATER)
    work(installation, LATER, "removable")
    assert SEEN == {}


def test_a_post_is_listed_however_old_its_article_is(posted, store):
    posted("removable", hours=24 * 50)
    with store.read() as tx:
        assert len(standing(tx, since=NOW - timedelta(days=1))) == 1


def test_posts_of_a_schedule_that_left_the_settings_are_taken_down(posted, newsroom):
    posted("removable")
    installation = newsroom('\n[channels.social]\ntype = "removable"\n')
    remove(installation, 1, who="mara", now=LATER)
    work(installation, LATER, "removable")
    assert SEEN == {}


def test_of_four_who_correct_a_post_at_once_one_does(posted, store):
    installation, _ = posted("removable")
    start, outcomes = threading.Barrier(4), []

    def run():
        start.wait()
        try:
            correct_by(installation, Way.REPLACE)
            outcomes.append("corrected")
        except StateError:
            outcomes.append("is told already")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["corrected", *["is told already"] * 3]
    work(installation, LATER, "removable")
    assert len(SEEN) == 1


def newest(store):
    with store.read() as tx:
        return tx.editions.newest(schedule="posts")


def test_a_post_about_a_withdrawn_article_is_answered_and_its_article_not_told_again(posted, store):
    installation, first = posted("removable")
    withdraw(store)
    correct_by(installation, Way.REPLACE)
    work(installation, LATER, "removable")
    reply = SEEN[list(SEEN)[1]]
    assert (reply.answers, reply.url) == (first, "") and "The ferry returns" not in reply.text


def test_a_replacement_that_is_refused_says_that_nothing_stands_any_more(posted, store, monkeypatch):
    installation, _ = posted("removable")
    made = correct_by(installation, Way.REPLACE)

    def refused(self, parcel):
        raise DeliveryError("wall: duplicate (HTTP 403)", permanent=True, code=403)

    monkeypatch.setattr(Removable, "_post", refused)
    work(installation, LATER, "removable")
    with store.read() as tx:
        (delivery,) = tx.deliveries.of_edition(made.carried, 0)
        (attempt,) = tx.deliveries.attempts(delivery.id)
    assert (delivery.state, attempt["code"]) == (DeliveryState.FAILED, 403)
    said = "the post that it was to replace is taken down, and this one is refused: wall: duplicate (HTTP 403)"
    assert attempt["text"] == said


def test_nothing_is_taken_down_for_a_post_that_may_not_go_out(posted, monkeypatch):
    def payload(self, parcel):
        raise DeliveryError("wall: too long", permanent=True)

    posting = {"idempotency": Idempotency.NONE, "verified": "", "rules": PostRules(), "pace": Pace()}
    for name, value in {**posting, "payload": payload}.items():
        monkeypatch.setattr(Removable, name, value, raising=False)
    installation, first = posted("removable")
    correct_by(installation, Way.REPLACE)
    work(installation, LATER, "removable")
    assert list(SEEN) == [first]


def test_a_post_is_taken_down_years_after_it_went_out(posted, store):
    installation, _ = posted("removable")
    correct_by(installation, Way.REPLACE)
    work(installation, LATER, "removable")
    late = NOW + timedelta(days=800)
    fold(store, installation.settings.delivery, SetClock(late), rest=lambda _: None)
    remove(installation, 1, who="mara", now=late)
    work(installation, late, "removable")
    assert SEEN == {}
    with store.read() as tx:
        assert [post.removed for each in standing(tx, since=NOW - timedelta(days=1)) for post in each.posts] == [True]


def test_a_post_that_goes_out_after_the_correction_is_told_of_and_corrected_then(posted, store, monkeypatch):
    def never(self, parcel):
        raise DeliveryError("wall: later", permanent=False)

    posting = Wall._post
    monkeypatch.setattr(Removable, "_post", never)
    installation, _ = posted("removable", with_mail=True)
    with store.read() as tx:
        assert [each.waiting for each in reach(tx, 1).tellings] == [("social",)]
    correct_by(installation, Way.REPLY)
    monkeypatch.setattr(Removable, "_post", posting)
    work(installation, NOW + timedelta(hours=1), "removable")
    (first,) = SEEN
    correct_by(installation, Way.REPLY)
    work(installation, LATER, "removable")
    assert SEEN[list(SEEN)[1]].answers == first
    with store.read() as tx:
        assert [each.waiting for each in reach(tx, 1).tellings] == [()]


def test_of_an_archive_that_changes_only_what_was_told_is_looked_at(posted, publish, store):
    posted("removable")
    at = {"published": NOW - timedelta(days=99)}
    for title in ("Old", "Old and moved"):
        publish(title, guid="old", url="https://record.example/old", **at)
    with store.write() as tx:
        tx.articles.withdraw("site", ["old"], LATER)
    withdraw(store)
    with store.read() as tx:
        assert [each.id for each in tx.articles.changed(NOW)] == [1]


def test_the_replies_that_corrected_a_post_are_taken_down_with_it(posted, store):
    installation, _ = posted("removable")
    correct_by(installation, Way.REPLY)
    work(installation, LATER, "removable")
    assert len(SEEN) == 2
    remove(installation, 1, who="mara", now=LATER + timedelta(minutes=1))
    work(installation, LATER + timedelta(minutes=1), "removable")
    assert SEEN == {}
    with store.read() as tx:
        (found,) = standing(tx, since=NOW - timedelta(days=1))
    assert [each.removed for each in found.posts] == [True, True]
