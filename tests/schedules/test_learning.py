"""Limits that servers tell: asked when nothing is known or it is old; a server that is down changes nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from bot.channels.base import KINDS, Learning
from bot.clock import SetClock, system_clock
from bot.errors import DeliveryError
from bot.model import Limits
from bot.schedules import learning
from bot.schedules.installation import Installation
from bot.schedules.learning import learn_now, stale
from bot.schedules.ticker import Ticker
from bot.store import Store
from bot.testing import KEYS, Nothing, ScriptedChannel, settings

TOML = """
[channels.toots]
type = "learner"

[channels.plain]
type = "scripted"
"""


class Learner(ScriptedChannel):
    """A channel whose server answers as the test says."""

    Options = Nothing
    told: ClassVar[Callable[[], Any]]
    asked: ClassVar[int] = 0

    def __init__(self, name: str, options: Any, around: Any) -> None:
        super().__init__(medium="post", limits=Limits(characters=500))

    async def learn(self) -> Limits:
        type(self).asked += 1
        answer = type(self).told()
        if isinstance(answer, Exception):
            raise answer
        return await answer if asyncio.iscoroutine(answer) else answer


class Plain(ScriptedChannel):
    Options = Nothing

    def __init__(self, name: str, options: Any, around: Any) -> None:
        super().__init__(medium="post")


@pytest.fixture
def newsroom(store: Store, clock: SetClock, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setitem(KINDS, "learner", Learner)
    monkeypatch.setitem(KINDS, "scripted", Plain)
    Learner.told, Learner.asked = staticmethod(lambda: Limits(characters=5000)), 0
    return Installation(settings(tmp_path, TOML), store, KEYS, clock)


def limits(newsroom: Installation) -> int | None:
    return newsroom.outlets["toots"].limits.characters


def test_only_channels_whose_servers_tell_limits_are_asked(newsroom: Installation) -> None:
    assert isinstance(newsroom.configured["toots"], Learning)
    assert stale(newsroom) == {"toots"}


def test_what_a_server_tells_takes_the_place_of_the_kinds_own(newsroom: Installation) -> None:
    assert limits(newsroom) == 500
    learn_now(newsroom)
    assert limits(newsroom) == 5000


def test_it_is_asked_once_a_day(newsroom: Installation) -> None:
    learn_now(newsroom)
    learn_now(newsroom)
    assert Learner.asked == 1
    with newsroom.store.write() as tx:
        tx.channels.learn("toots", Limits(characters=4000), system_clock() - timedelta(days=1, minutes=1))
    learn_now(newsroom)
    assert (Learner.asked, limits(newsroom)) == (2, 5000)


def test_up_asks_whether_it_is_old_or_not(newsroom: Installation) -> None:
    learn_now(newsroom)
    learn_now(newsroom, older=timedelta(0))
    assert Learner.asked == 2


@pytest.mark.parametrize(
    "fault", [DeliveryError("the instance is down", permanent=False), RuntimeError("a fault of ours")], ids=str
)
def test_a_server_that_fails_leaves_what_was_known(
    newsroom: Installation, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    caplog.set_level(logging.WARNING)
    learn_now(newsroom)
    Learner.told = staticmethod(lambda: fault)
    learn_now(newsroom, older=timedelta(0))
    assert limits(newsroom) == 5000
    assert "not learnt" in caplog.text


def test_a_server_that_never_answers_holds_nobody_up(
    newsroom: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(learning, "_SECONDS", 0.05)
    Learner.told = staticmethod(lambda: asyncio.sleep(3600))
    learn_now(newsroom)
    assert limits(newsroom) == 500
    assert "no answer within" in caplog.text


def test_up_asks_when_it_starts(newsroom: Installation) -> None:
    ticking = Ticker(newsroom, told=lambda _: None)
    learn_now(newsroom)
    ticking.start()
    deadline = time.monotonic() + 10
    while Learner.asked < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    ticking.stop()
    assert Learner.asked == 2
