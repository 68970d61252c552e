"""Delivers what is due: one edition for a command, or all that comes until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.clock import system_clock
from bot.delivery.counters import Counters
from bot.delivery.engine import Ended, Engine
from bot.delivery.feed import Watcher
from bot.errors import BroadsheetError
from bot.schedules.installation import Connected, Installation
from bot.schedules.loop import run
from bot.store.flags import PAUSED

if TYPE_CHECKING:
    from bot.delivery.distributed import Distributed

IDLE_SECONDS = 1.0
PAUSE_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Whether the sending was ``interrupted``, and until when (UTC) each channel that can send no more rests."""

    interrupted: bool
    rests: Mapping[str, datetime]


def deliver_now(installation: Installation, edition: str) -> Delivered:
    """Sends what is due of one edition; an interrupt lets what is in flight finish and leaves the rest pending."""
    stop = threading.Event()

    async def send() -> dict[str, datetime]:
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
        async with installation.connected() as connected:
            engine = _engine(installation, connected, stop)
            await engine.deliver(edition)
            rests = {name: engine.rests_until(name) for name in connected.channels}
        return {name: until for name, until in rests.items() if until}

    rests = run(send())
    return Delivered(stop.is_set(), rests)


def _engine(
    installation: Installation,
    connected: Connected,
    stop: threading.Event,
    watch: Watcher = lambda _chunk, _outcome: None,
    ended: Ended = lambda _edition, _state: None,
    counters: Counters | None = None,
) -> Engine:
    return Engine(
        store=installation.store,
        channels=connected.channels,
        keys=installation.keys,
        # Leases and waits are real time, whatever time a command was told to act at.
        clock=system_clock,
        rules=installation.settings.delivery,
        stop=stop.is_set,
        watch=watch,
        ended=ended,
        counters=counters or Counters(),
        timezone=installation.newsroom.timezone,
    )


async def work(
    installation: Installation,
    stop: threading.Event,
    watch: Watcher,
    ended: Ended,
    counters: Counters | None = None,
) -> None:
    """Delivers what is due until ``stop`` is set; what is in flight then is finished, the rest stays pending.

    Where the store has jobs (PostgreSQL) as one worker of many, be it in ``up`` or in ``worker``: the jobs would stay
    if ``up`` worked without them. Else alone.
    """
    async with installation.connected() as connected:
        engine = _engine(installation, connected, stop, watch, ended, counters)
        distributed = _distributed(engine)
        while not stop.is_set():
            try:
                if distributed:
                    await distributed.work()
                    continue
                with installation.store.read() as tx:
                    paused = tx.flags.get(PAUSED)
                tried = 0 if paused else await engine.deliver()
            except Exception as error:
                # A database that restarts, a full disk: the rows say where to go on when it is over.
                log.error("delivering failed: %s", error, exc_info=not isinstance(error, BroadsheetError))
                tried = 0
                await asyncio.sleep(PAUSE_SECONDS)
            if not tried:
                await asyncio.sleep(IDLE_SECONDS)


def _distributed(engine: Engine) -> Distributed | None:
    if engine.store.job_connection is None:
        return None
    # Only here: it needs the extra.
    from bot.delivery.distributed import Distributed

    return Distributed(engine)
