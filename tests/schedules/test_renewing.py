"""Permissions renewed ahead of their end by ``up``, against LinkedIn's fake: when due, once, and never in silence."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.channels.credentials import Credential, closed, opened
from bot.clock import SetClock, system_clock
from bot.model import ChannelState
from bot.schedules.installation import Installation
from bot.schedules.renewing import renew_now
from bot.store import Store
from bot.store.flags import RESTORED, Restored
from bot.testing import KEYS, settings
from bot.testing.networks import Fault, running
from bot.testing.networks.linkedin import LinkedIn

TOML = """
[http]
allow_loopback = true

[channels.page]
type = "linkedin"
client_id = "linkedin-client"
organization = "2414183"
api = "{base}"
oauth = "{base}/oauth/v2"
"""


@pytest.fixture(params=[True])
def linkedin(request: pytest.FixtureRequest) -> Any:
    with running("linkedin", refreshable=request.param) as (base, state):
        yield base, cast(LinkedIn, state)


@pytest.fixture
def newsroom(linkedin: Any, store: Store, clock: SetClock, tmp_path: Any) -> Installation:
    secret = {"BROADSHEET_PAGE_CLIENT_SECRET": "linkedin-secret"}
    made = settings(tmp_path, TOML.format(base=linkedin[0]), environment=secret)
    return Installation(made, store, KEYS, system_clock)


def connected(newsroom: Installation, linkedin: LinkedIn, *, days_left: float) -> None:
    """As if it had been connected so that a permission of 60 days has ``days_left``."""
    told, now = linkedin.credentials, system_clock()
    ends = now + timedelta(days=days_left)
    credential = Credential(access=told["token"], refresh=told["refresh_token"], account="page", expires=ends)
    with newsroom.store.write() as tx:
        text = closed(credential, KEYS)
        tx.channels.save("page", text, account="page", expires=None, now=ends - timedelta(days=60), serial=0)


def state(newsroom: Installation) -> ChannelState:
    with newsroom.store.read() as tx:
        return tx.channels.get("page")


def test_what_lasts_is_left_alone(newsroom: Installation, linkedin: Any) -> None:
    connected(newsroom, linkedin[1], days_left=25)
    assert renew_now(newsroom) == []
    assert linkedin[1].asked == []


def test_what_ends_in_less_than_twenty_days_is_renewed_before_anybody_is_warned(
    newsroom: Installation, linkedin: Any
) -> None:
    connected(newsroom, linkedin[1], days_left=19)
    before = opened(state(newsroom).credential, KEYS, "page")
    assert renew_now(newsroom) == ["page"]
    after = opened(state(newsroom).credential, KEYS, "page")
    assert after.access != before.access
    assert after.expires is not None
    assert after.expires - system_clock() > timedelta(days=59)
    assert renew_now(newsroom) == []


def test_a_moment_of_trouble_pauses_nothing(
    newsroom: Installation, linkedin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    connected(newsroom, linkedin[1], days_left=3)
    linkedin[1].fail(Fault(503), path="/oauth/v2/accessToken")
    assert renew_now(newsroom) == []
    assert state(newsroom).paused == ""
    assert "channel page: its permission is not renewed" in caplog.text
    assert renew_now(newsroom) == ["page"]


def test_a_permission_that_was_taken_back_pauses_the_channel_with_what_helps(
    newsroom: Installation, linkedin: Any
) -> None:
    connected(newsroom, linkedin[1], days_left=3)
    linkedin[1].revoke()
    assert renew_now(newsroom) == []
    assert "run `broadsheet channels connect page`" in state(newsroom).paused
    with newsroom.store.read() as tx:
        (act,) = tx.acts.newest(thing="channel:page")
    assert "linkedin-refresh" not in act.note


@pytest.mark.parametrize("linkedin", [False], indirect=True)
def test_what_only_an_editor_can_renew_is_left_alone_while_it_is_good(newsroom: Installation, linkedin: Any) -> None:
    connected(newsroom, linkedin[1], days_left=3)
    assert renew_now(newsroom) == []
    assert state(newsroom).paused == ""


def test_nobody_connected_means_nobody_is_asked(newsroom: Installation, linkedin: Any) -> None:
    assert renew_now(newsroom) == []
    assert linkedin[1].asked == []


def test_from_a_restored_store_nothing_is_renewed(newsroom: Installation, linkedin: Any) -> None:
    connected(newsroom, linkedin[1], days_left=3)
    with newsroom.store.write() as tx:
        tx.flags.set(RESTORED, Restored(backup=system_clock()).text(), system_clock())
    assert renew_now(newsroom) == []
    assert linkedin[1].asked == []
