"""Posts whose networks tell how followers reacted: which there are, when they are asked for, what they came to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.model import CORRECTION, DeliveryState, Edition, EditionState, Outcome, Post, Reactions, Rendition
from bot.store import Store
from bot.store.measured_posts import LOOKS, next_look
from bot.testing import NOW, edition

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPAN = {"since": NOW - 28 * DAY, "until": NOW + DAY}


def posted(
    store: Store,
    *posts: tuple[str, str],
    at: datetime = NOW,
    schedule: str = "morning",
    key: str = "",
    state: DeliveryState = DeliveryState.ACCEPTED,
) -> Edition:
    """An edition of these posts (channel, the network's name), which went out then."""
    subjects = [f"{number}" for number in range(len(posts))]
    made = edition(
        state=EditionState.SENDING,
        slot=at,
        schedule=schedule,
        slot_key=f"{key}{at.isoformat()}-{schedule}",
        renditions=tuple(
            Rendition(channel=channel, subject=subject, post=Post(text=f"Text of {name}"))
            for subject, (channel, name) in zip(subjects, posts, strict=True)
        ),
    )
    with store.write() as tx:
        tx.editions.add(made, expires=at + DAY, report={})
        for subject, (channel, _name) in zip(subjects, posts, strict=True):
            tx.deliveries.add_post(made.id, channel, subject, at)
        tx.editions.set_snapshot(made.id, len(posts))
    names = dict(zip(subjects, (name for _channel, name in posts), strict=True))
    for channel, _name in posts:
        with store.write() as tx:
            chunk = tx.chunks.claim(channel, owner="a", now=at, until=at + DAY, edition=made.id)
            assert chunk is not None
            for each in tx.deliveries.due(chunk, at):
                tx.deliveries.attempt(chunk, [each.id], at)
                ended = {"state": state, "began": at, "ended": at, "not_before": at + DAY}
                name = names[each.subject]
                tx.deliveries.finish([Outcome(delivery=each.id, attempt=each.attempt, provider_id=name, **ended)])
            tx.chunks.release(chunk, at)
    return made


def enter(store: Store, *channels: str, now: datetime = NOW) -> list[str]:
    """The names of posts that were not known."""
    with store.write() as tx:
        new = tx.measured_posts.unknown(channels or ["toots"], now)
        tx.measured_posts.enter(new)
    return [each.post for each in new]


def due(store: Store, now: datetime, channel: str = "toots") -> list[str]:
    with store.read() as tx:
        return [each.post for each in tx.measured_posts.due(channel, now, 100)]


def tell(store: Store, told: dict[str, Reactions | None], now: datetime, channel: str = "toots") -> None:
    with store.write() as tx:
        tx.measured_posts.keep(tx.measured_posts.due(channel, now, 100), told, now)


def known(store: Store, made: Edition):
    with store.read() as tx:
        return {each.post: each for each in tx.measured_posts.of_edition(made.id).values()}


def test_posts_that_a_network_took_are_asked_for_an_hour_later(store):
    made = posted(store, ("toots", "a"), ("toots", "b"), ("page", "c"))
    assert enter(store) == ["a", "b"]
    assert enter(store) == []
    assert due(store, NOW + HOUR - timedelta(seconds=1)) == []
    assert due(store, NOW + HOUR) == ["a", "b"]
    assert known(store, made)["a"].sent == NOW


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.DEFERRED])
def test_a_post_that_is_not_surely_there_is_not_asked_for(store, state):
    posted(store, ("toots", "a"), state=state)
    assert enter(store) == []


def test_a_post_without_a_name_is_not_asked_for(store):
    posted(store, ("toots", ""), ("toots", "x" * 501))
    assert enter(store) == []


def test_what_is_older_than_a_week_is_asked_for_no_more(store):
    posted(store, ("toots", "old"), at=NOW - 7 * DAY - HOUR)
    posted(store, ("toots", "young"), at=NOW - 7 * DAY + HOUR)
    assert enter(store) == ["young"]


def test_an_edit_is_no_post_of_its_own(store):
    made = posted(store, ("toots", "a"))
    edit = posted(store, ("toots", "a"), ("toots", "reply"), at=NOW + HOUR, key=CORRECTION)
    assert enter(store, now=NOW + HOUR) == ["a", "a", "reply"]
    assert enter(store, now=NOW + HOUR) == []
    assert set(known(store, made)) == {"a"}
    assert set(known(store, edit)) == {"reply"}


def test_two_channels_may_call_a_post_the_same(store):
    posted(store, ("toots", "1"), ("page", "1"))
    assert enter(store, "toots", "page") == ["1", "1"]


@pytest.mark.parametrize(
    ("age", "then"),
    [(0, 1), (1, 6), (2, 6), (6, 24), (30, 72), (80, 168), (168, None), (1000, None)],
)
def test_the_looks_become_ever_more_seldom(age, then):
    assert next_look(NOW, NOW + age * HOUR) == (NOW + then * HOUR if then else None)


def test_what_was_told_stands_in_its_row_and_is_asked_anew_at_the_next_time(store):
    made = posted(store, ("toots", "a"))
    enter(store)
    tell(store, {"a": Reactions(likes=12, reposts=3, replies=0)}, NOW + HOUR)
    found = known(store, made)["a"]
    assert found.reactions == Reactions(likes=12, reposts=3, replies=0)
    assert (found.looked, found.due, found.gone) == (NOW + HOUR, NOW + 6 * HOUR, None)
    tell(store, {"a": Reactions(likes=14, reposts=3, replies=2, quotes=1)}, NOW + 6 * HOUR)
    assert known(store, made)["a"].reactions == Reactions(likes=14, reposts=3, replies=2, quotes=1)


def test_the_figure_of_the_first_day_stays(store):
    made = posted(store, ("toots", "a"))
    enter(store)
    for wait, likes in zip(LOOKS, (1, 5, 9, 20, 30), strict=True):
        tell(store, {"a": Reactions(likes=likes, replies=1)}, NOW + wait)
    found = known(store, made)["a"]
    assert (found.reactions.total, found.first_day, found.due) == (31, 10, None)


def test_a_post_that_is_gone_keeps_its_figures_and_since_when(store):
    made = posted(store, ("toots", "a"))
    enter(store)
    tell(store, {"a": Reactions(likes=12)}, NOW + HOUR)
    tell(store, {"a": None}, NOW + 6 * HOUR)
    tell(store, {"a": None}, NOW + DAY)
    found = known(store, made)["a"]
    assert (found.reactions.likes, found.gone, found.looked) == (12, NOW + 6 * HOUR, NOW + DAY)
    tell(store, {"a": Reactions(likes=13)}, NOW + 3 * DAY)
    assert (known(store, made)["a"].gone, known(store, made)["a"].reactions.likes) == (None, 13)


def test_an_answer_that_tells_nothing_of_a_post_changes_no_figure_of_it(store):
    made = posted(store, ("toots", "a"))
    enter(store)
    tell(store, {"a": Reactions(likes=12)}, NOW + HOUR)
    tell(store, {"a": Reactions()}, NOW + 6 * HOUR)
    tell(store, {}, NOW + DAY)
    found = known(store, made)["a"]
    assert (found.reactions.likes, found.looked, found.due) == (12, NOW + 6 * HOUR, NOW + 3 * DAY)


def test_as_much_as_a_network_may_ever_count_is_kept(store):
    made = posted(store, ("toots", "a"))
    enter(store)
    tell(store, {"a": Reactions(likes=10**12, views=10**12)}, NOW + HOUR)
    assert known(store, made)["a"].reactions.views == 10**12


def test_one_asks_at_a_time_and_who_dies_over_it_keeps_nobody_off_for_ever(store):
    until = NOW + timedelta(minutes=5)
    with store.write() as tx:
        assert tx.measured_posts.take("toots", NOW, until)
    with store.write() as tx:
        assert not tx.measured_posts.take("toots", NOW, until)
        assert tx.measured_posts.take("page", NOW, until)
    with store.write() as tx:
        assert tx.measured_posts.take("toots", until, until + DAY)


def test_a_channel_that_is_left_alone_is_not_due_before_its_time(store):
    posted(store, ("toots", "a"))
    enter(store)
    at = NOW + HOUR
    with store.write() as tx:
        assert tx.measured_posts.channels_due(["toots", "page"], at) == ["toots"]
        assert tx.measured_posts.take("toots", at, at + HOUR)
        tx.measured_posts.leave("toots", at, at + DAY, "no\0 permission \ud800")
    with store.read() as tx:
        assert tx.measured_posts.channels_due(["toots"], at + DAY - timedelta(seconds=1)) == []
        assert tx.measured_posts.channels_due(["toots"], at + DAY) == ["toots"]
        state = tx.measured_posts.states()["toots"]
    assert (state.refused, state.at) == ("no\ufffd permission ?", at)
    with store.write() as tx:
        tx.measured_posts.leave("toots", at)
        assert tx.measured_posts.states()["toots"].refused.startswith("no")
        tx.measured_posts.leave("toots", at, None, "")
        assert tx.measured_posts.states()["toots"].refused == ""


def test_posts_of_an_account_that_was_left_are_asked_for_no_more(store):
    posted(store, ("toots", "before"), at=NOW - HOUR)
    posted(store, ("toots", "after"))
    enter(store)
    with store.write() as tx:
        assert tx.measured_posts.drop("toots", NOW) == 1
    assert due(store, NOW + DAY) == ["after"]


@pytest.fixture
def told(store):
    """Three editions of two schedules, with figures."""
    first = posted(store, ("toots", "a"), ("toots", "b"), ("page", "c"), at=NOW - 2 * DAY)
    second = posted(store, ("toots", "d"), at=NOW - DAY)
    other = posted(store, ("toots", "e"), at=NOW - DAY, schedule="evening")
    enter(store, "toots", "page")
    figures = {
        "a": Reactions(likes=10, reposts=2, replies=1),
        "d": Reactions(likes=4, reposts=0, replies=0),
        "e": Reactions(likes=100, reposts=0, replies=0),
    }
    tell(store, figures, NOW)
    tell(store, {"c": Reactions(likes=0, views=500)}, NOW, "page")
    return first, second, other


def test_channels_are_summed_up_over_the_posts_of_which_something_is_known(store, told):
    with store.read() as tx:
        found = tx.measured_posts.by_channel(["morning"], **SPAN)
    assert (found["toots"].posts, found["toots"].looked) == (3, 2)
    # A sum of what nobody told is no zero.
    assert found["toots"].reactions == Reactions(likes=14, reposts=2, replies=1)
    assert found["page"].reactions == Reactions(likes=0, views=500)


def test_editions_are_summed_up_the_newest_first(store, told):
    first, second, _other = told
    with store.read() as tx:
        found = tx.measured_posts.by_edition(["morning"], **SPAN, limit=5)
        assert len(tx.measured_posts.by_edition(["morning"], **SPAN, limit=1)) == 1
    assert [(slot, each.of, each.posts, each.reactions.likes) for slot, each in found] == [
        (NOW - DAY, second.id, 1, 4),
        (NOW - 2 * DAY, first.id, 3, 10),
    ]


def test_the_best_posts_are_those_with_most_reactions_and_their_words_stand_by(store, told):
    with store.read() as tx:
        found = tx.measured_posts.best(["morning", "evening"], **SPAN, limit=5)
    assert [(each.post.post, each.text) for each in found] == [
        ("e", "Text of e"),
        ("a", "Text of a"),
        ("d", "Text of d"),
    ]


def test_only_editions_within_the_span_count(store, told):
    with store.read() as tx:
        assert tx.measured_posts.by_channel(["morning"], since=NOW, until=NOW + DAY) == {}
        rows = tx.measured_posts.all(["morning", "evening"], since=NOW - DAY, until=NOW + DAY, limit=10)
    assert [(schedule, post.post) for schedule, post in rows] == [("evening", "e"), ("morning", "d")]
