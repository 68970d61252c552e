"""Pause, resume and cancel, held against what a real SMTP server received."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.clock import system_clock
from bot.delivery.engine import Engine
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.model import EditionState
from bot.schedules.installation import Installation
from bot.testing import ENVIRONMENT, KEYS, edition, settings, subscribe
from tests.delivery.smtp_server import PATIENCE, smtp_server
from tests.faults.program import Program, call

READERS = [f"reader{number:03d}@example.org" for number in range(240)]
CONNECTIONS = 4

TOML = """
[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
"""


@pytest.fixture
def server():
    with smtp_server() as started:
        yield started


class Sending:
    """An engine over the real email channel, in this process."""

    def __init__(self, store, engine):
        self.store = store
        self.engine = engine

    def begin(self, readers=READERS, audience="readers"):
        subscribe(self.store, *readers, audience=audience)
        return begin(self.store, audience)

    def act(self, act, *edition_id):
        return asyncio.to_thread(act, self.store, *edition_id, who="editor", now=system_clock())


def begin(store, audience="readers"):
    made, now = edition(), system_clock()
    with store.write() as tx:
        tx.editions.add(made, expires=now + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience=audience, now=now)
    return made.id


@asynccontextmanager
async def sending(tmp_path, store, server, extra="", clock=system_clock):
    toml = TOML.format(port=server.port, connections=CONNECTIONS) + extra
    installation = Installation(settings(tmp_path, toml), store, KEYS, clock)
    async with installation.connected() as connected:
        rules = installation.settings.delivery
        yield Sending(store, Engine(store=store, channels=connected.channels, keys=KEYS, clock=clock, rules=rules))


def books(store, edition_id):
    with store.read() as tx:
        state = tx.editions.state(edition_id)
        balance = tx.deliveries.balance(edition_id, counted=True)
    assert balance.balanced
    return state, balance.states


async def test_after_a_pause_only_what_was_allowed_before_arrives_and_after_resume_the_rest_once(
    tmp_path, store, server
):
    async with sending(tmp_path, store, server) as here:
        made = here.begin()
        going = asyncio.create_task(here.engine.deliver())
        await asyncio.to_thread(server.wait_for, 50)
        await here.act(lifecycle.pause, made)
        seen = len(server.arrived)
        await going
        assert len(server.arrived) - seen <= CONNECTIONS
        arrived = len(server.arrived)
        assert 50 <= arrived < len(READERS)
        assert await here.engine.deliver() == 0
        assert len(server.arrived) == arrived
        assert books(store, made) == (
            EditionState.PAUSED,
            {"accepted": arrived, "pending": len(READERS) - arrived},
        )
        await here.act(lifecycle.resume, made)
        assert await here.engine.deliver() == len(READERS) - arrived
        assert server.copies == Counter(READERS)
        assert books(store, made) == (EditionState.SENT, {"accepted": len(READERS)})


async def test_what_is_cancelled_in_mid_send_is_cancelled_for_those_who_did_not_get_it(tmp_path, store, server):
    async with sending(tmp_path, store, server) as here:
        made = here.begin()
        going = asyncio.create_task(here.engine.deliver())
        await asyncio.to_thread(server.wait_for, 50)
        await here.act(lifecycle.cancel, made)
        seen = len(server.arrived)
        await going
        assert len(server.arrived) - seen <= CONNECTIONS
        arrived = len(server.arrived)
        assert set(server.copies.values()) == {1}
        assert await here.engine.deliver() == 0
        assert books(store, made) == (
            EditionState.CANCELLED,
            {"accepted": arrived, "cancelled": len(READERS) - arrived},
        )
        assert len(server.arrived) == arrived


async def test_pause_all_stops_every_edition_and_lets_none_begin(tmp_path, store, server):
    async with sending(tmp_path, store, server) as here:
        first, second = here.begin(READERS[:120]), begin(store)
        going = asyncio.create_task(here.engine.deliver())
        await asyncio.to_thread(server.wait_for, 40)
        assert set(await here.act(lifecycle.pause_all)) == {first, second}
        seen = len(server.arrived)
        await going
        assert len(server.arrived) - seen <= CONNECTIONS
        made = edition()
        with store.write() as tx:
            tx.editions.add(made, expires=system_clock() + timedelta(hours=3), report={})
        assert not begin_sending(store, made, audience="readers", now=system_clock())
        assert await here.engine.deliver() == 0
        await here.act(lifecycle.resume_all)
        await here.engine.deliver()
        assert server.copies == Counter(READERS[:120] * 2)
        assert {books(store, each)[0] for each in (first, second)} == {EditionState.SENT}


async def test_a_pause_holds_while_a_rate_limit_makes_it_wait(tmp_path, store, server):
    async with sending(tmp_path, store, server, 'rates = "20/s"\n') as here:
        made = here.begin(READERS[:60])
        going = asyncio.create_task(here.engine.deliver())
        await asyncio.to_thread(server.wait_for, 20)
        await here.act(lifecycle.pause, made)
        seen = len(server.arrived)
        await going
        assert len(server.arrived) - seen <= CONNECTIONS
        assert books(store, made)[0] is EditionState.PAUSED
        await here.act(lifecycle.resume, made)
        while books(store, made)[0] is EditionState.SENDING:
            await here.engine.deliver()
            await asyncio.sleep(0.05)
        assert server.copies == Counter(READERS[:60])


class Ahead:
    """The system's clock, put forward."""

    def __init__(self):
        self.by = timedelta(0)

    def __call__(self):
        return system_clock() + self.by


async def test_a_pause_holds_when_a_server_comes_back_from_its_rest(tmp_path, store, server):
    clock = Ahead()
    async with sending(tmp_path, store, server, clock=clock) as here:
        made = here.begin(READERS[:60])
        server.busy = "421 4.3.2 shutting down"
        await here.engine.deliver()
        assert server.arrived == []
        await here.act(lifecycle.pause, made)
        server.busy = ""
        clock.by += timedelta(hours=2)
        assert await here.engine.deliver() == 0
        assert server.arrived == []
        await here.act(lifecycle.resume, made)
        while books(store, made)[0] is EditionState.SENDING:
            await here.engine.deliver()
            clock.by += timedelta(seconds=30)
        assert server.copies == Counter(READERS[:60])


# --- several processes


@pytest.fixture
def folder(tmp_path, store_url, server):
    settings(tmp_path, TOML.format(port=server.port, connections=CONNECTIONS) + f'\n[store]\nurl = "{store_url}"\n')
    return tmp_path


def _environment():
    # The program under test, and no store of the machine that runs the tests.
    return {**{name: value for name, value in os.environ.items() if name != "DATABASE_URL"}, **ENVIRONMENT}


MANY = 1500
"""Readers to whom a mail takes longer to go out than a command to begin."""


def _start(folder):
    return Program.start(["worker"], folder=folder, environment=_environment(), log=folder / "worker.log")


def _broadsheet(folder, *arguments):
    done = call(arguments, folder=folder, environment=_environment())
    assert done.code == 0, done.errors


def _until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _still(store, edition_id):
    """Whether nobody has anything of the edition in hand."""
    return not {"leased", "attempting"} & books(store, edition_id)[1].keys()


@pytest.fixture
def workers(folder):
    running = [_start(folder), _start(folder)]
    yield running
    for each in running:
        each.end(PATIENCE)
    assert [each.code for each in running] == [0, 0]


@pytest.mark.slow
def test_a_pause_by_one_process_stops_the_workers_and_another_lets_them_go_on(folder, store, server, workers):
    readers = [f"reader{number:04d}@example.org" for number in range(MANY)]
    subscribe(store, *readers)
    subscribe(store, "marker@example.org", audience="marker")
    made = begin(store)
    server.wait_for(100)
    _broadsheet(folder, "pause", made)
    seen = len(server.arrived)
    _until(lambda: _still(store, made))
    arrived = len(server.arrived)
    assert arrived - seen <= 2 * CONNECTIONS
    assert arrived < len(readers)
    # The workers look for work, and find the other edition's: nothing of the paused one.
    begin(store, "marker")
    server.wait_for(arrived + 1)
    _until(lambda: books(store, made) == (EditionState.PAUSED, {"accepted": arrived, "pending": MANY - arrived}))
    assert server.arrived[arrived:] == ["marker@example.org"]
    _broadsheet(folder, "resume", made)
    _until(lambda: books(store, made)[0] is EditionState.SENT)
    assert server.copies == Counter([*readers, "marker@example.org"])


@pytest.mark.slow
def test_what_one_process_cancels_the_workers_do_not_send(folder, store, server, workers):
    readers = [f"reader{number:04d}@example.org" for number in range(MANY)]
    subscribe(store, *readers)
    made = begin(store)
    server.wait_for(100)
    _broadsheet(folder, "cancel", made)
    seen = len(server.arrived)
    _until(lambda: _still(store, made))
    arrived = len(server.arrived)
    assert arrived - seen <= 2 * CONNECTIONS
    assert set(server.copies.values()) == {1}
    assert books(store, made) == (EditionState.CANCELLED, {"accepted": arrived, "cancelled": MANY - arrived})
