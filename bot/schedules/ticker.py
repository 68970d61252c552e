"""The background of ``broadsheet up``: APScheduler ticks, a worker delivers. Neither owns a decision; the store does.

APScheduler keeps its jobs in memory and runs each at most once at a time (research: a job store shared by two
schedulers ran 220 of 276 slots twice).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from bot.delivery.engine import Engine, Watcher
from bot.errors import BroadsheetError
from bot.http import Http
from bot.schedules.installation import Connected, Installation
from bot.schedules.tick import Ticked, is_due, tick
from bot.sources.collect import Report, collect
from bot.store.flags import PAUSED

TICK_SECONDS = 2
IDLE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Ticker:
    """Collects sources and makes editions, in threads of its own, between ``start`` and ``stop``."""

    def __init__(self, installation: Installation, *, told: Callable[[Ticked | list[Report]], None]) -> None:
        self._installation = installation
        self._told = told
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._collecting = threading.Lock()

    def start(self) -> None:
        every = self._installation.settings.delivery.collect_every.total_seconds()
        self._scheduler.add_job(self._collect, "interval", seconds=every, next_run_time=datetime.now(UTC))
        self._scheduler.add_job(self._tick, "interval", seconds=TICK_SECONDS)
        self._scheduler.start()

    def stop(self) -> None:
        """Ends after the job that runs now."""
        self._scheduler.shutdown(wait=True)

    def _collect(self) -> None:
        with self._collecting:
            try:
                self._told(collect_now(self._installation))
            except Exception:
                log.exception("collecting failed")

    def _tick(self) -> None:
        try:
            now = self._installation.clock()
            if is_due(self._installation, now):
                self._collect()
            ticked = tick(self._installation, self._installation.clock())
        except Exception:
            # The next tick comes in two seconds; a tick that raised has decided nothing.
            log.exception("the tick failed")
            return
        if ticked.made or ticked.moved or ticked.failed:
            self._told(ticked)


def collect_now(installation: Installation, names: tuple[str, ...] = ()) -> list[Report]:
    """Visits the sources (all, or those named) and keeps what they bring."""
    chosen = {name: each for name, each in installation.sources.items() if not names or name in names}

    async def visit() -> list[Report]:
        async with Http(installation.settings.http) as http:
            return await collect(chosen, installation.store, http, installation.clock)

    return asyncio.run(visit())


def deliver_now(installation: Installation, edition: str, watch: Watcher) -> None:
    """Sends what is due of one edition; an interrupt lets what is in flight finish and leaves the rest pending."""
    stop = threading.Event()

    async def send() -> None:
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
        async with installation.connected() as connected:
            await _engine(installation, connected, stop, watch).deliver(edition)

    asyncio.run(send())


def _engine(installation: Installation, connected: Connected, stop: threading.Event, watch: Watcher) -> Engine:
    return Engine(
        store=installation.store,
        channels=connected.channels,
        keys=installation.keys,
        clock=installation.clock,
        rules=installation.settings.delivery,
        stop=stop.is_set,
        watch=watch,
    )


async def work(installation: Installation, stop: threading.Event, watch: Watcher) -> None:
    """Delivers what is due until ``stop`` is set; what is in flight then is finished, the rest stays pending."""
    async with installation.connected() as connected:
        engine = _engine(installation, connected, stop, watch)
        while not stop.is_set():
            try:
                with installation.store.read() as tx:
                    paused = tx.flags.get(PAUSED)
                tried = 0 if paused else await engine.deliver()
            except BroadsheetError as error:
                log.error("%s", error)
                tried = 0
            if not tried:
                await asyncio.sleep(IDLE_SECONDS)
