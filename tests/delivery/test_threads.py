"""Threads: a part goes out when the one before it stands, as an answer to it."""

from __future__ import annotations

import pytest

from bot.delivery.sending import begin_sending
from bot.delivery.threads import BROKEN
from bot.editions import lifecycle
from bot.errors import DeliveryError, OutcomeUnknown
from bot.model import DeliveryState, EditionState, EditionStory, Receipt, Summary
from bot.testing import NOW, ScriptedChannel, article, edition
from tests.delivery.posting import CHANNEL, Process, begin, books, posts, texts, thread


class Net(ScriptedChannel):
    """A network that names its posts, and answers one of them as the test says."""

    def __init__(self, **fields):
        super().__init__(**{"medium": "post", "connections": 1, **fields})
        self.faults, self.names = {}, True
        self.answer = self._answer

    def _answer(self, parcel):
        text = parcel.rendition.post.text
        if self.faults.get(text):
            raise self.faults[text].pop(0)
        return Receipt(server="net", code=200, id=f"id-{text}" if self.names else "")


def _answers(channel):
    return {
        each.rendition.post.text: (each.rendition.post.answers, each.rendition.post.data.get("root"))
        for each in channel.sent
    }


def _delivery(store, made, subject):
    with store.read() as tx:
        return tx.deliveries.of_post(made.id, CHANNEL, subject)


async def _run(store, clock, channel, *, looks=10, seconds=30):
    for _ in range(looks):
        await Process(store, clock, channel).look()
        clock.advance(seconds=seconds)


@pytest.mark.parametrize("connections", [1, 3])
async def test_each_part_answers_the_one_before_and_knows_the_first(store, clock, connections):
    net = Net(connections=connections)
    made = begin(store, NOW, *thread("a", 12))
    await _run(store, clock, net, looks=14)
    assert texts(net) == ["a", *(f"a/{part}" for part in range(2, 13))]
    assert _answers(net)["a"] == ("", None)
    assert _answers(net)["a/2"] == ("id-a", None)
    assert _answers(net)["a/3"] == ("id-a/2", "id-a")
    assert _answers(net)["a/12"] == ("id-a/11", "id-a")
    assert books(store, made) == (EditionState.SENT, {"accepted": 12})


async def test_posts_go_out_in_the_order_of_the_stories_and_the_editions_own_first(store, clock):
    net = Net()
    stories = tuple(
        EditionStory(position=place, article=article(id=number), summary=Summary("It is."), article_ids=(number,))
        for place, number in enumerate((210, 30, 9), start=1)
    )
    whole = (*thread("9", 1), *thread("30", 11), *thread("210", 2), *posts(""))
    made = edition(stories=stories, renditions=whole)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    await Process(store, clock, net).look()
    parts = [f"30/{part}" for part in range(2, 12)]
    assert texts(net) == ["", "210", "210/2", "30", *parts, "9"]


async def test_with_one_connection_a_thread_goes_out_in_one_look(store, clock):
    net = Net()
    begin(store, NOW, *thread("a", 5))
    assert await Process(store, clock, net).look() == 5


async def test_a_part_that_is_put_off_holds_back_those_after_it_and_no_other_post(store, clock):
    net = Net()
    net.faults["a/2"] = [DeliveryError("500", permanent=False)] * 3
    made = begin(store, NOW, *thread("a", 3), *thread("b", 2), *posts("c"))
    await Process(store, clock, net).look()
    assert texts(net) == ["a", "a/2", "b", "b/2", "c"]
    await _run(store, clock, net, looks=40, seconds=60)
    assert [each for each in texts(net) if each.startswith("a")] == ["a", *["a/2"] * 4, "a/3"]
    assert _answers(net)["a/3"] == ("id-a/2", "id-a")
    assert books(store, made) == (EditionState.SENT, {"accepted": 6})


async def test_a_part_that_waits_holds_no_lease_and_counts_no_attempt(store, clock):
    net = Net()
    net.faults["a"] = [DeliveryError("500", permanent=False)]
    made = begin(store, NOW, *thread("a", 2))
    await _run(store, clock, net, looks=3, seconds=5)
    with store.read() as tx:
        assert tx.chunks.owners() == {}
    waits = _delivery(store, made, "a/2")
    assert (waits.state, waits.attempts) == (DeliveryState.PENDING, 0)


async def test_while_nobody_knows_of_a_part_the_next_waits_and_an_editor_lets_it_go_on(store, clock):
    net = Net()
    net.faults["a"] = [OutcomeUnknown("the line broke")]
    made = begin(store, NOW, *thread("a", 2))
    await _run(store, clock, net)
    assert texts(net) == ["a"]
    assert books(store, made) == (EditionState.SENDING, {"unknown": 1, "pending": 1})
    lifecycle.resolve(store, [_delivery(store, made, "a").id], arrived=True, who="mara", now=clock())
    await _run(store, clock, net)
    # Nobody knows what the network calls the first part.
    assert _answers(net)["a/2"] == ("", None)
    assert books(store, made) == (EditionState.SENT, {"accepted": 2})


async def test_when_a_part_fails_those_after_it_fail_with_the_reason(store, clock):
    net = Net()
    net.faults["a/2"] = [DeliveryError("422", permanent=True)]
    made = begin(store, NOW, *thread("a", 4), *posts("b"))
    await _run(store, clock, net, looks=3)
    assert texts(net) == ["a", "a/2", "b"]
    assert {_delivery(store, made, f"a/{part}").reason for part in (3, 4)} == {BROKEN}
    assert books(store, made) == (EditionState.SENT, {"accepted": 2, "failed": 3})


async def test_where_a_network_names_no_post_each_part_stands_on_its_own(store, clock):
    net = Net()
    net.names = False
    made = begin(store, NOW, *thread("a", 3))
    await _run(store, clock, net, looks=3)
    assert set(_answers(net).values()) == {("", None)}
    assert books(store, made) == (EditionState.SENT, {"accepted": 3})


async def test_a_part_whose_predecessor_is_nowhere_fails_and_waits_for_nothing(store, clock):
    net = Net()
    made = begin(store, NOW, *thread("a", 2)[1:])
    await _run(store, clock, net, looks=2)
    assert texts(net) == []
    assert books(store, made) == (EditionState.SENT, {"failed": 1})
