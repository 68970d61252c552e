"""The process that ticks tells programs; what it turned off waits for an admin on Today."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.outgoing import endpoints
from bot.model import EndpointOff, EventType, Role
from bot.schedules.installation import Installation
from bot.schedules.needs import Kind, needs
from bot.schedules.ticker import Ticker
from bot.schedules.webhooks import KEPT_FOR, sweep, tell_now
from bot.store.flags import PAUSED, RESTORED, Restored
from bot.testing import KEYS, NOW, settings
from tests.delivery.hearing import listening


@pytest.fixture
def installation(store, clock, tmp_path):
    return Installation(settings(tmp_path, "\n[http]\nallow_loopback = true\n"), store, KEYS, clock)


@pytest.fixture
def listener():
    with listening() as one:
        yield one


def add(installation, url):
    _secret, made = endpoints.make(
        installation.store,
        installation.keys,
        name="The CMS",
        url=url,
        types=[EventType.EDITION_SENT],
        who="Mara",
        now=NOW,
        loopback=True,
    )
    endpoints.ping(installation.store, made.id, who="Mara", now=NOW)
    return made.id


def test_the_ticker_tells_what_is_due_once(installation, listener):
    add(installation, listener.url)
    ticker = Ticker(installation, told=lambda _news: None)
    ticker._tell_webhooks()
    ticker._tell_webhooks()
    assert listener.types == ["ping"]
    assert listener.heard[0].event["data"] == {"by": "Mara"}


def test_a_pause_of_everything_is_told_of_and_holds_up_nothing(installation, listener):
    add(installation, listener.url)
    with installation.store.write() as tx:
        tx.flags.set(PAUSED, "all", NOW)
    assert tell_now(installation) == 1


def test_a_restored_store_tells_nobody(installation, listener):
    add(installation, listener.url)
    with installation.store.write() as tx:
        tx.flags.set(RESTORED, Restored(backup=NOW).text(), NOW)
    assert tell_now(installation) == 0
    assert listener.heard == []


def test_what_is_old_is_swept(installation, listener, clock):
    add(installation, listener.url)
    tell_now(installation)
    assert sweep(installation) == 0
    clock.moment += KEPT_FOR + timedelta(seconds=1)
    assert sweep(installation) == 1


def test_one_that_was_turned_off_by_the_program_waits_for_an_admin(installation, listener):
    endpoint = add(installation, listener.url)
    listener.answers = [410]
    tell_now(installation)
    with installation.store.read() as tx:
        (need,) = [each for each in needs(tx, installation, NOW) if each.kind is Kind.WEBHOOK]
    assert (need.thing, need.name, need.why, need.role) == (str(endpoint), "The CMS", EndpointOff.GONE, Role.ADMIN)
    endpoints.enable(installation.store, endpoint, who="Mara", now=NOW)
    endpoints.disable(installation.store, endpoint, who="Mara", now=NOW)
    with installation.store.read() as tx:
        assert [each for each in needs(tx, installation, NOW) if each.kind is Kind.WEBHOOK] == []
