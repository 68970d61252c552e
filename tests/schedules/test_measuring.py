"""How followers reacted, asked in the background: when, how often, by whom, and what goes wrong."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from bot.channels.base import KINDS
from bot.clock import SetClock
from bot.delivery.pausing import CONNECT, thing
from bot.errors import ChannelRefused, DeliveryError, ServerBusy
from bot.model import Act, MeasuredPost, PostRules, Quota, Reactions, Receipt
from bot.schedules import measuring
from bot.schedules.installation import Installation
from bot.schedules.measuring import REFUSED, SOONEST, measure_now
from bot.schedules.ticker import Ticker
from bot.store import Store
from bot.store.flags import RESTORED, Restored
from bot.testing import KEYS, Nothing, ScriptedChannel, settings
from bot.testing.networks import Fault, running
from tests.delivery.posting import CHANNEL, Process, begin, posts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOML = f"""
[channels.{CHANNEL}]
type = "counter"
"""
Told = Callable[[Sequence[str]], Any]


class Counter(ScriptedChannel):
    """A channel whose network tells what the test says, and keeps each question."""

    Options = Nothing
    at_once: ClassVar[int] = 3
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(hours=1): 100}
    told: ClassVar[Told]
    asked: ClassVar[list[list[str]]] = []
    wanted: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, around: Any) -> None:
        super().__init__(medium="post", rules=PostRules(reactions=self.wanted))

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        self.asked.append(list(ids))
        answer = type(self).told(ids)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return answer


def liked(ids: Sequence[str]) -> dict[str, Reactions | None]:
    return {id: Reactions(likes=len(id)) for id in ids}


def tell(answer: Any) -> None:
    Counter.told = staticmethod(answer if callable(answer) else lambda _ids: answer)


@pytest.fixture
def newsroom(store: Store, clock: SetClock, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setitem(KINDS, "counter", Counter)
    monkeypatch.setattr(Counter, "asked", [])
    monkeypatch.setattr(Counter, "wanted", True)
    tell(liked)
    return Installation(settings(tmp_path, TOML), store, KEYS, clock)


def sent(newsroom: Installation, *subjects: str) -> None:
    """Posts of these names go out now."""
    channel = ScriptedChannel(medium="post", answer=lambda parcel: Receipt(server="t", code=200, id=_name(parcel)))
    begin(newsroom.store, newsroom.clock(), *posts(*subjects))
    asyncio.run(Process(newsroom.store, newsroom.clock, channel).look())


def _name(parcel: Any) -> str:
    return str(parcel.rendition.post.text)


def known(newsroom: Installation) -> dict[str, MeasuredPost]:
    with newsroom.store.read() as tx:
        found = tx.measured_posts.all(
            ["morning"], since=newsroom.clock() - 30 * DAY, until=newsroom.clock() + DAY, limit=100
        )
    return {post.post: post for _schedule, post in found}


def refused(newsroom: Installation) -> str:
    with newsroom.store.read() as tx:
        return tx.measured_posts.states()[CHANNEL].refused


def paused(newsroom: Installation) -> str:
    with newsroom.store.read() as tx:
        return tx.channels.get(CHANNEL).paused


def test_a_post_is_looked_at_five_times_in_a_week_and_then_no_more(newsroom, clock):
    sent(newsroom, "a")
    looked, begun = [], clock()
    for hours in (1, 4, 1, 6, 11, 1, 6, 41, 1, 48, 47, 1, 12, 100):
        measure_now(newsroom)
        clock.advance(hours=hours)
        if measure_now(newsroom):
            looked.append((clock() - begun) / HOUR)
    assert looked == [1, 6, 24, 72, 168]
    assert Counter.asked == [["a"]] * 5


def test_what_was_told_is_kept(newsroom, clock):
    sent(newsroom, "a", "bb")
    measure_now(newsroom)
    clock.advance(hours=1)
    assert measure_now(newsroom) == 2
    assert {name: post.reactions.likes for name, post in known(newsroom).items()} == {"a": 1, "bb": 2}


def test_posts_are_asked_for_together_as_many_as_the_network_takes(newsroom, clock):
    sent(newsroom, *"abcdefg")
    measure_now(newsroom)
    clock.advance(hours=1)
    assert measure_now(newsroom) == 7
    assert [len(each) for each in Counter.asked] == [3, 3, 1]


def test_no_more_is_asked_than_the_channel_allows_and_the_rest_is_asked_later(newsroom, clock, monkeypatch):
    monkeypatch.setattr(Counter, "measures", {timedelta(hours=1): 4})
    sent(newsroom, *"abcdefg")
    measure_now(newsroom)
    clock.advance(hours=1)
    assert measure_now(newsroom) == 4
    assert measure_now(newsroom) == 0
    clock.advance(hours=1, minutes=5)
    assert measure_now(newsroom) == 3
    assert sorted(sum(Counter.asked, [])) == list("abcdefg")


def test_after_a_restart_it_goes_on_where_it_stopped(newsroom, clock, tmp_path):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(hours=2)
    measure_now(newsroom)
    clock.advance(hours=1)
    again = Installation(settings(tmp_path, TOML), newsroom.store, KEYS, clock)
    assert measure_now(again) == 0
    clock.advance(hours=3)
    assert measure_now(again) == 1


def test_what_was_due_while_nothing_ran_is_asked_for_once(newsroom, clock):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(days=4)
    assert measure_now(newsroom) == 1
    assert measure_now(newsroom) == 0
    assert known(newsroom)["a"].due == known(newsroom)["a"].sent + 7 * DAY


def test_a_network_that_does_not_tell_us_is_left_alone_for_a_day_and_its_channel_posts_on(newsroom, clock, caplog):
    sent(newsroom, "a")
    measure_now(newsroom)
    tell(ChannelRefused("example.org refuses it (HTTP 403): the scope read:statuses is missing", code=403))
    clock.advance(hours=1)
    for _hour in range(23):
        assert measure_now(newsroom) == 0
        clock.advance(hours=1)
    assert len(Counter.asked) == 1
    assert "read:statuses is missing" in refused(newsroom)
    assert paused(newsroom) == ""
    sent(newsroom, "b")
    tell(liked)
    clock.advance(hours=1)
    assert clock() - known(newsroom)["a"].sent >= REFUSED
    assert measure_now(newsroom) >= 1
    assert refused(newsroom) == ""


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (ServerBusy("example.org refuses it (HTTP 429)", code=429, retry_after=3600), HOUR),
        (ServerBusy("example.org is down"), SOONEST),
        (ServerBusy("example.org refuses it (HTTP 429)", code=429, retry_after=1e9), DAY),
        (DeliveryError("example.org answers with no list", permanent=False), SOONEST),
    ],
    ids=["429", "down", "for years", "a page"],
)
def test_a_network_that_has_had_enough_is_left_alone_as_long_as_it_says(newsroom, clock, error, wait):
    sent(newsroom, *"abcdefg")
    measure_now(newsroom)
    tell(error)
    clock.advance(hours=1)
    measure_now(newsroom)
    tell(liked)
    clock.advance(seconds=wait.total_seconds() - 1)
    measure_now(newsroom)
    assert len(Counter.asked) == 1
    clock.advance(seconds=1)
    assert measure_now(newsroom) == 7
    assert paused(newsroom) == ""


def test_what_is_refused_for_good_is_not_asked_for_again_and_again(newsroom, clock):
    sent(newsroom, "a")
    measure_now(newsroom)
    tell(DeliveryError("example.org refuses it (HTTP 400)", permanent=True, code=400))
    clock.advance(hours=1)
    measure_now(newsroom)
    clock.advance(hours=1)
    measure_now(newsroom)
    assert len(Counter.asked) == 1
    assert known(newsroom)["a"].due == known(newsroom)["a"].sent + 6 * HOUR


def test_a_fault_of_ours_is_in_the_log_and_asked_no_more_today(newsroom, clock, caplog):
    sent(newsroom, "a")
    measure_now(newsroom)
    tell(RuntimeError("a fault of ours"))
    clock.advance(hours=1)
    assert measure_now(newsroom) == 0
    clock.advance(hours=20)
    measure_now(newsroom)
    assert len(Counter.asked) == 1
    assert "a fault of ours" in caplog.text
    assert paused(newsroom) == ""


def test_a_network_that_never_answers_holds_nobody_up(newsroom, clock, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(measuring, "_ANSWER", 0.05)
    sent(newsroom, "a")
    measure_now(newsroom)
    tell(lambda _ids: asyncio.sleep(3600))
    clock.advance(hours=1)
    began = time.monotonic()
    assert measure_now(newsroom) == 0
    assert time.monotonic() - began < 10
    assert "no answer within" in caplog.text


def test_a_post_that_is_gone_is_no_error_and_keeps_what_was_known(newsroom, clock):
    sent(newsroom, "a", "bb")
    measure_now(newsroom)
    clock.advance(hours=1)
    measure_now(newsroom)
    tell(lambda ids: liked(ids) | {"a": None})
    clock.advance(hours=5)
    assert measure_now(newsroom) == 2
    found = known(newsroom)
    assert (found["a"].gone, found["a"].reactions.likes) == (clock(), 1)
    assert found["bb"].gone is None


def test_two_machines_do_not_ask_at_once(newsroom, clock, tmp_path):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(hours=1)
    both = threading.Barrier(2, timeout=20)

    async def slowly(ids: Sequence[str]) -> Any:
        await asyncio.sleep(0.3)
        return liked(ids)

    tell(slowly)

    def one(installation: Installation) -> int:
        both.wait()
        return measure_now(installation)

    other = Installation(settings(tmp_path, TOML), newsroom.store, KEYS, clock)
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(one, (newsroom, other)))
    assert sorted(told) == [0, 1]
    assert Counter.asked == [["a"]]


def test_while_a_channel_is_paused_its_network_is_not_asked(newsroom, clock):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(hours=1)
    with newsroom.store.write() as tx:
        tx.channels.pause(CHANNEL, "the token was taken back", clock())
    assert measure_now(newsroom) == 0
    with newsroom.store.write() as tx:
        tx.channels.resume(CHANNEL)
    assert measure_now(newsroom) == 1


def test_what_a_network_has_left_is_for_posts(newsroom, clock):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(hours=1)
    with newsroom.store.write() as tx:
        tx.channels.rest(CHANNEL, clock() + HOUR)
    assert measure_now(newsroom) == 0
    with newsroom.store.write() as tx:
        tx.channels.rest(CHANNEL, None)
        tx.channels.told(CHANNEL, Quota(remaining=140, limit=300, resets=clock() + HOUR))
    assert measure_now(newsroom) == 0
    clock.advance(hours=1)
    assert measure_now(newsroom) == 1


def test_a_channel_whose_editor_does_not_want_it_is_not_asked(newsroom, clock, tmp_path, monkeypatch):
    sent(newsroom, "a")
    monkeypatch.setattr(Counter, "wanted", False)
    off = Installation(settings(tmp_path, TOML), newsroom.store, KEYS, clock)
    clock.advance(hours=1)
    assert measure_now(off) == 0
    assert Counter.asked == []
    assert known(newsroom) == {}


def test_posts_of_the_account_before_are_not_asked_for_as_another_one(newsroom, clock):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(minutes=30)
    with newsroom.store.write() as tx:
        tx.acts.add(Act(at=clock(), who="Mara", what=CONNECT, thing=thing(CHANNEL), before="@old", after="@new"))
    clock.advance(hours=2)
    assert measure_now(newsroom) == 0
    assert Counter.asked == []
    assert known(newsroom)["a"].gone is None


def test_from_a_restored_store_nobody_is_asked(newsroom, clock):
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(hours=1)
    with newsroom.store.write() as tx:
        tx.flags.set(RESTORED, Restored(backup=clock()).text(), clock())
    assert measure_now(newsroom) == 0
    assert Counter.asked == []


def test_who_is_told_to_stop_asks_no_more(newsroom, clock):
    sent(newsroom, *"abcdefg")
    measure_now(newsroom)
    clock.advance(hours=1)
    assert measure_now(newsroom, stop=lambda: len(Counter.asked) > 0) == 3
    assert measure_now(newsroom) == 4


def test_up_asks(newsroom, clock, monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 0.05)
    sent(newsroom, "a")
    measure_now(newsroom)
    clock.advance(hours=1)
    ticking = Ticker(newsroom, told=lambda _: None)
    ticking.start()
    deadline = time.monotonic() + 10
    while not Counter.asked and time.monotonic() < deadline:
        time.sleep(0.02)
    ticking.stop()
    assert known(newsroom)["a"].reactions.likes == 1


MASTODON = """
[http]
allow_loopback = true

[channels.town]
type = "mastodon"
instance = "{base}"
gap = "0s"

[channels.quiet]
type = "mastodon"
instance = "{base}"
reactions = false

[channels.x]
type = "x"
client_id = "x-client"
"""


def test_a_real_channel_is_asked_through_its_network_and_only_if_it_is_switched_on(store, clock, tmp_path):
    with running("mastodon") as (base, network):
        token = network.credentials["token"]
        environment = {"BROADSHEET_TOWN_TOKEN": token, "BROADSHEET_QUIET_TOKEN": token}
        newsroom = Installation(
            settings(tmp_path, MASTODON.format(base=base), environment=environment), store, KEYS, clock
        )
        assert newsroom.measuring == {"town"}

        async def post() -> None:
            async with newsroom.connected() as connected:
                channel: Any = connected.channels["town"]
                await Process(store, clock, channel).look()

        begin(store, clock(), *posts("The ferry returns"))
        asyncio.run(post())
        (made,) = network.visible
        network.react(made.id, likes=12, reposts=3, replies=1)
        measure_now(newsroom)
        clock.advance(hours=1)
        assert measure_now(newsroom) == 1
        assert known(newsroom)[made.id].reactions == Reactions(likes=12, reposts=3, replies=1, quotes=0)
        network.fail(Fault(403, {}, '{"error": "This action is outside the authorized scopes"}'), method="GET")
        clock.advance(hours=5)
        assert measure_now(newsroom) == 0
        assert "outside the authorized scopes" in refused(newsroom)
        assert token not in refused(newsroom)
        assert paused(newsroom) == ""
