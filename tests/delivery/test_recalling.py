"""Posts whose outcome nobody knows: asked for, sent again with the same key, or left to an editor."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.delivery.pausing import CONNECT, thing
from bot.editions import lifecycle
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Act, DeliveryState, EditionState, Idempotency, Post, PostAct, Receipt, Rendition
from bot.settings.tables import DeliveryTable
from bot.testing import NOW, RecallingChannel, ScriptedChannel
from tests.delivery.posting import CHANNEL, Process, begin, books, posts, thread

STANDS = Receipt(server="net", code=200, id="id-of-it")


def _once(error):
    said = [error]

    def answer(parcel):
        if said:
            raise said.pop()
        return Receipt(server="net", code=200, id=f"id-{parcel.rendition.post.text}")

    return answer


def _net(kind=RecallingChannel, **fields):
    return kind(**{"medium": "post", "connections": 1, "answer": _once(OutcomeUnknown("the line broke")), **fields})


def _raising(error):
    def recalled(parcel):
        raise error

    return recalled


def _edition(store, made):
    with store.read() as tx:
        return tx.editions.get(made.id)


def _delivery(store, made, subject="a"):
    with store.read() as tx:
        return tx.deliveries.of_post(made.id, CHANNEL, subject)


async def _run(store, clock, channel, *, looks, seconds, rules=None):
    for _ in range(looks):
        await Process(store, clock, channel, rules=rules or DeliveryTable()).look()
        clock.advance(seconds=seconds)


async def test_what_stands_there_was_accepted_with_its_name_and_the_edition_says_so(store, clock):
    net = _net(recalled=lambda _: STANDS)
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=1, seconds=10)
    assert _edition(store, made).reason == "1 unknown"
    await _run(store, clock, net, looks=4, seconds=10)
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})
    assert _edition(store, made).reason == ""
    assert _delivery(store, made).provider_id == "id-of-it"
    assert len(net.sent) == len(net.asked) == 1


async def test_it_is_asked_for_by_the_same_parcel_half_a_minute_later_and_not_before(store, clock):
    net = _net(recalled=lambda _: STANDS)
    begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=3, seconds=14)
    assert net.asked == []
    await _run(store, clock, net, looks=1, seconds=0)
    assert net.asked == [(net.sent[0], NOW)]


async def test_what_surely_is_not_there_is_posted_again_once_and_the_edition_is_opened_for_it(store, clock):
    net = _net()
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=5, seconds=15)
    assert [each.token for each in net.sent] == [net.sent[0].token] * 2
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})
    assert _edition(store, made).reason == ""
    with store.read() as tx:
        acts = [act.what for act in tx.acts.newest(thing=f"edition:{made.id}")]
        outcomes = [each["outcome"] for each in tx.deliveries.attempts(_delivery(store, made).id)]
    assert acts.count("sent") == 2
    assert "recall" in acts
    assert outcomes == ["unknown", "pending", "accepted"]


async def test_what_may_stand_on_another_account_is_not_posted_on_this_one(store, clock):
    net = _net()
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=1, seconds=5)
    with store.write() as tx:
        moved = Act(at=clock(), who="ines", what=CONNECT, thing=thing(CHANNEL), before="@record", after="@sport")
        tx.acts.add(moved)
    await _run(store, clock, net, looks=20, seconds=3600)
    assert net.asked == []
    assert len(net.sent) == 1
    assert books(store, made) == (EditionState.SENT, {"unknown": 1})


async def test_what_the_network_cannot_tell_stays_unknown_and_is_not_asked_for_again(store, clock):
    net = _net(recalled=_raising(OutcomeUnknown("too many posts since")))
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=40, seconds=3600)
    assert len(net.asked) == 1
    assert books(store, made) == (EditionState.SENT, {"unknown": 1})
    assert _edition(store, made).reason == "1 unknown"
    assert len(net.sent) == 1


async def test_a_network_that_asks_for_ten_thousand_years_is_not_waited_for_so_long(store, clock):
    net = _net(recalled=_raising(ServerBusy("429", retry_after=4e11)))
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=5, seconds=15)
    assert len(net.asked) == 1
    assert books(store, made) == (EditionState.SENT, {"unknown": 1})


async def test_a_network_that_cannot_be_asked_is_asked_less_and_less_often_for_a_day(store, clock):
    net = _net(recalled=_raising(DeliveryError("500", permanent=False)))
    made = begin(store, NOW, *posts("a"))
    at = []
    for _ in range(26 * 4):
        before = len(net.asked)
        await Process(store, clock, net).look()
        at += [clock()] * (len(net.asked) - before)
        clock.advance(minutes=15)
    waits = [later - sooner for sooner, later in zip(at, at[1:], strict=False)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
    assert timedelta(hours=22) < at[-1] - NOW <= timedelta(hours=25)
    assert books(store, made) == (EditionState.SENT, {"unknown": 1})


async def test_after_a_crash_it_is_asked_for_too(store, clock, monkeypatch):
    net = _net(recalled=lambda _: STANDS)
    made = begin(store, NOW, *posts("a"))
    with store.write() as tx:
        chunk = tx.chunks.claim(CHANNEL, owner="elsewhere/1/1", now=NOW, until=NOW + timedelta(minutes=10))
        tx.deliveries.attempt(chunk, [tx.deliveries.due(chunk, NOW)[0].id], NOW)
    monkeypatch.setattr("bot.delivery.engine.owner.has_died", lambda owner: owner == "elsewhere/1/1")
    await _run(store, clock, net, looks=4, seconds=15)
    assert net.sent == []
    assert net.asked[0][1] == NOW
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})


async def test_two_processes_never_ask_for_the_same_post_at_once(store, clock):
    asked, go_on = [], asyncio.Event()

    class Slow(RecallingChannel):
        async def recall(self, parcel, began):
            asked.append(parcel)
            await go_on.wait()

    one, two = _net(Slow), _net(Slow)
    begin(store, NOW, *posts("a"))
    await Process(store, clock, one).look()
    clock.advance(seconds=31)
    first, second = Process(store, clock, one).engine, Process(store, clock, two).engine
    task = asyncio.create_task(first.recall())
    while not asked:
        await asyncio.sleep(0.01)
    await second.recall()
    clock.advance(minutes=4)
    await second.recall()
    go_on.set()
    await task
    assert len(asked) == 1


async def test_an_editor_who_was_faster_has_the_last_word(store, clock):
    made = begin(store, NOW, *posts("a"))

    def settled_meanwhile(parcel):
        lifecycle.resolve(store, [parcel.delivery], arrived=True, who="mara", now=clock())

    net = _net(recalled=settled_meanwhile)
    await _run(store, clock, net, looks=4, seconds=31)
    assert len(net.sent) == 1
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})


async def test_of_a_cancelled_edition_nothing_is_sent_again(store, clock):
    net = _net()
    made = begin(store, NOW, *posts("a", "b"))
    process = Process(store, clock, net)
    process.engine.stop = lambda: bool(net.sent)
    await process.look()
    lifecycle.cancel(store, made.id, who="mara", now=clock())
    clock.advance(seconds=31)
    await _run(store, clock, net, looks=2, seconds=31)
    assert len(net.sent) == 1
    assert books(store, made) == (EditionState.CANCELLED, {"cancelled": 2})


async def test_a_network_that_refuses_to_be_asked_pauses_its_channel_and_is_asked_after_the_pause(store, clock):
    net = _net(recalled=_raising(ChannelRefused("401", code=401)))
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=6, seconds=31)
    assert len(net.asked) == 1
    with store.write() as tx:
        assert tx.channels.get(CHANNEL).paused == "401"
        tx.channels.resume(CHANNEL)
    net.recalled = lambda _: STANDS
    await _run(store, clock, net, looks=1, seconds=0)
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})


async def test_a_network_that_has_had_enough_of_questions_rests(store, clock):
    net = _net(recalled=_raising(ServerBusy("429", code=429, retry_after=3600)))
    begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=2, seconds=31)
    with store.read() as tx:
        assert tx.channels.get(CHANNEL).rests_until == NOW + timedelta(hours=1, seconds=31)


async def test_while_everything_is_paused_nothing_is_asked_for(store, clock):
    net = _net(recalled=lambda _: STANDS)
    begin(store, NOW, *posts("a"))
    await Process(store, clock, net).look()
    lifecycle.pause_all(store, who="mara", now=clock())
    await _run(store, clock, net, looks=3, seconds=31)
    assert net.asked == []


async def test_a_part_of_a_thread_is_asked_for_as_it_was_sent(store, clock):
    def answer(parcel):
        if parcel.rendition.post.part == 2:
            raise OutcomeUnknown("the line broke")
        return Receipt(server="net", code=200, id="id-a")

    net = _net(answer=answer, recalled=lambda _: STANDS)
    made = begin(store, NOW, *thread("a", 3))
    await _run(store, clock, net, looks=12, seconds=15)
    assert net.asked[0][0] == net.sent[1]
    assert net.sent[1].rendition.post.answers == "id-a"
    assert net.sent[2].rendition.post.answers == "id-of-it"
    assert books(store, made) == (EditionState.SENT, {"accepted": 3})


# --- those that cannot be asked


@pytest.mark.parametrize("policy", ["ask", "resend"])
async def test_where_the_network_knows_our_key_again_it_is_sent_again_whatever_the_policy(store, clock, policy):
    net = _net(ScriptedChannel, idempotency=Idempotency.KEY)
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=4, seconds=31, rules=DeliveryTable(unknown=policy))
    assert len({each.token for each in net.sent}) == 1
    assert len(net.sent) == 2
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})


async def test_one_that_ends_unknown_each_time_is_sent_again_ever_later_and_for_a_day_at_most(store, clock):
    def unknown(parcel):
        raise OutcomeUnknown("the line broke")

    net = _net(ScriptedChannel, idempotency=Idempotency.KEY, answer=unknown)
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=26 * 2, seconds=1800)
    assert 8 <= len(net.sent) <= 30
    assert books(store, made) == (EditionState.SENT, {"unknown": 1})


@pytest.mark.parametrize("policy", ["ask", "resend"])
@pytest.mark.parametrize("kind", [Idempotency.NONE, Idempotency.STEPS])
async def test_where_nothing_keeps_a_post_from_standing_twice_an_editor_decides(store, clock, kind, policy):
    net = _net(ScriptedChannel, idempotency=kind)
    made = begin(store, NOW, *posts("a"))
    await _run(store, clock, net, looks=20, seconds=3600, rules=DeliveryTable(unknown=policy))
    assert len(net.sent) == 1
    assert books(store, made) == (EditionState.SENT, {"unknown": 1})
    lifecycle.resolve(store, [_delivery(store, made).id], arrived=False, who="mara", now=clock())
    await _run(store, clock, net, looks=1, seconds=0)
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})


async def test_taking_down_is_done_again_where_nothing_else_is(store, clock):
    removed = []

    class Net(ScriptedChannel):
        async def remove(self, id):
            removed.append(id)
            if len(removed) == 1:
                raise ZeroDivisionError("the process died here")

    net = _net(Net)
    made = begin(
        store, NOW, Rendition(channel=CHANNEL, subject="a", post=Post(text="", act=PostAct.REMOVE, target="id-a"))
    )
    await _run(store, clock, net, looks=1, seconds=0)
    assert _delivery(store, made).state is DeliveryState.UNKNOWN
    with store.write() as tx:
        tx.channels.resume(CHANNEL)
    await _run(store, clock, net, looks=3, seconds=61)
    assert removed == ["id-a", "id-a"]
    assert books(store, made) == (EditionState.SENT, {"accepted": 1})
