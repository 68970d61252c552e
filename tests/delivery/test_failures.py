"""What a person decides of what failed: a post is tried once more, or it is left at that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery import failures
from bot.editions import lifecycle
from bot.errors import DeliveryError, NothingToDo, StateError
from bot.model import EditionState, Receipt
from bot.testing import NOW, ScriptedChannel
from tests.delivery.posting import Process, begin, posts, thread

REFUSED = DeliveryError("the network refuses it", permanent=True, code=403)


class Town:
    """A network that refuses the texts it was told to; the one that is ``busy`` only for now."""

    def __init__(self, *refused, busy=""):
        self.refused = set(refused)
        self.busy = busy

    def __call__(self, parcel):
        if parcel.rendition.post.text in self.refused:
            raise REFUSED
        if parcel.rendition.post.text == self.busy:
            raise DeliveryError("not now", permanent=False, code=500)
        return Receipt(server="town", code=200, id=f"id of {parcel.rendition.post.text}")


async def sent(store, clock, town, *renditions):
    made = begin(store, NOW, *renditions)
    await deliver(store, clock, town)
    return made


async def deliver(store, clock, town):
    """Posts until nothing is due any more; each part of a thread looks for the one before after a while."""
    process = Process(store, clock, ScriptedChannel(medium="post", answer=town))
    for _ in range(6):
        await process.engine.deliver()
        clock.moment += timedelta(minutes=2)


def rows(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
        assert balance.balanced
        assert balance == tx.deliveries.balance(made.id, counted=True)
        return {each.subject: each for each in tx.deliveries.posts(made.id)}


def states(store, made):
    return {subject: each.state.value for subject, each in rows(store, made).items()}


def again(store, made, subject, now=NOW):
    return failures.try_again(store, made.id, rows(store, made)[subject].id, who="ines", now=now)


async def test_a_post_that_failed_goes_out_when_it_is_tried_again(store, clock):
    town = Town("ferry")
    made = await sent(store, clock, town, *posts("ferry", "market"))
    assert states(store, made) == {"ferry": "failed", "market": "accepted"}
    town.refused.clear()
    assert again(store, made, "ferry", clock()) == 1
    assert rows(store, made)["ferry"].tries == 0
    await deliver(store, clock, town)
    assert states(store, made) == {"ferry": "accepted", "market": "accepted"}
    with store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.SENT


@pytest.mark.parametrize("asked", ["ferry", "ferry/3"])
async def test_the_parts_of_a_thread_that_failed_are_tried_again_together(store, clock, asked):
    town = Town("ferry", "other")
    made = await sent(store, clock, town, *thread("ferry", 3), *thread("other", 2))
    assert set(states(store, made).values()) == {"failed"}
    town.refused.clear()
    assert again(store, made, asked, clock()) == 3
    await deliver(store, clock, town)
    now = states(store, made)
    assert {now[each] for each in ("ferry", "ferry/2", "ferry/3")} == {"accepted"}
    assert {now[each] for each in ("other", "other/2")} == {"failed"}


async def test_parts_that_stand_are_not_posted_again_with_those_that_failed(store, clock):
    town = Town("ferry/2")
    made = await sent(store, clock, town, *thread("ferry", 3))
    assert states(store, made) == {"ferry": "accepted", "ferry/2": "failed", "ferry/3": "failed"}
    assert again(store, made, "ferry/3", clock()) == 2
    assert states(store, made)["ferry"] == "accepted"


async def test_only_what_failed_is_tried_again(store, clock):
    made = await sent(store, clock, Town(), *posts("ferry"))
    assert again(store, made, "ferry") == 0
    assert failures.try_again(store, made.id, 10**9, who="ines", now=NOW) == 0
    assert failures.try_again(store, "nosuch", rows(store, made)["ferry"].id, who="ines", now=NOW) == 0


async def test_nothing_of_a_cancelled_edition_is_tried_again(store, clock):
    made = await sent(store, clock, Town("ferry", busy="market"), *posts("ferry", "market"))
    assert states(store, made) == {"ferry": "failed", "market": "deferred"}
    lifecycle.cancel(store, made.id, who="ines", now=clock())
    with pytest.raises(StateError, match="cancelled"):
        again(store, made, "ferry")


async def test_what_is_left_is_counted_until_it_is_tried_and_fails_again(store, clock):
    town = Town("ferry", "market")
    made = await sent(store, clock, town, *posts("ferry", "market"))
    assert failures.leave(store, made.id, who="ines", now=NOW, note="a duplicate") == 2
    with pytest.raises(NothingToDo):
        failures.leave(store, made.id, who="ines", now=NOW)
    with store.read() as tx:
        assert failures.left_of(tx, [made.id, "nosuch"]) == {made.id: 2}
        act = failures.last_word(tx, made.id)
        assert (act.who, act.note) == ("ines", "a duplicate")
    again(store, made, "ferry", clock())
    with store.read() as tx:
        assert failures.left_of(tx, [made.id]) == {made.id: 1}
