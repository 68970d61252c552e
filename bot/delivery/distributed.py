"""The distributed engine: chunks are jobs of Procrastinate, worked off by any number of processes on any machines.

A job is a wake-up and no more. Whether its chunk is sent, the ledger says when the chunk is claimed, and the chunk's
lease fences off everybody else: a job that comes twice does nothing, and one that is lost is found by the sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Status

from bot.delivery.engine import Engine
from bot.errors import StoreError
from bot.store.flags import PAUSED
from bot.store.jobs import TASK, queue_of

CHUNKS_AT_ONCE = 2
"""Chunks of a channel that one process sends at once: while one ends, the connections are busy with the others."""
TEND_SECONDS = 10.0
"""Between two looks for what was left behind: by dead workers, by lost jobs."""
REST_LOOK_SECONDS = 1.0
REST_LOOKS = 30
"""So often it is looked whether a channel still rests; then its job is left to others, whose lines may be up."""
LOOK_SECONDS = 0.1
POLL_SECONDS = 5.0
"""Until a job whose time has come is noticed; one that is deferred for now is told of at once."""
DEAD_SECONDS = 60.0
"""Without a sign of life, of which there is one in ten, after which a worker's jobs are put away."""

log = logging.getLogger(__name__)


@dataclass
class Distributed:
    """Works for ``engine``, whose store must have jobs, until the engine's ``stop`` says so."""

    engine: Engine
    chunks_at_once: int = CHUNKS_AT_ONCE
    tend_seconds: float = TEND_SECONDS
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self) -> None:
        """Sends until it is told to stop; then what is in flight is finished, and the rest goes back.

        Raises what Procrastinate failed by, such as a database that is gone; it may be called again.
        """
        connection = self.engine.store.job_connection
        assert connection is not None
        pool = len(self.engine.channels) + 1
        app = App(connector=PsycopgConnector(kwargs=connection, min_size=1, max_size=pool))
        app.task(name=TASK)(self._chunk)
        async with app.open_async():
            # A channel that rests holds its own jobs only.
            workers = [self._worker(app, channel) for channel in self.engine.channels]
            await self._until_stopped(workers, [self._tending(app), self._recalling()])

    async def _worker(self, app: App, channel: str) -> None:
        await app.run_worker_async(
            queues=[queue_of(channel)],
            name=f"broadsheet.{channel}",
            concurrency=self.chunks_at_once,
            fetch_job_polling_interval=POLL_SECONDS,
            abort_job_polling_interval=DEAD_SECONDS,
            install_signal_handlers=False,
            # What became of a chunk, the ledger says. Ended jobs would only slow down the search for the next.
            delete_jobs=DeleteJobCondition.ALWAYS,
            stalled_worker_timeout=DEAD_SECONDS,
        )

    async def _until_stopped(self, workers: Iterable[Awaitable[None]], others: Iterable[Awaitable[None]]) -> None:
        working = [asyncio.ensure_future(each) for each in workers]
        tasks = [*working, *(asyncio.ensure_future(each) for each in others)]
        try:
            while not self.engine.stop() and not any(task.done() for task in tasks):
                await asyncio.wait(tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            for task in working:
                # A worker that is cancelled ends after its jobs.
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._stopping.clear()
        for failure in ended:
            if isinstance(failure, Exception):
                raise failure

    async def _chunk(self, chunk: int, channel: str) -> None:
        """The job."""
        for _ in range(REST_LOOKS):
            if self.engine.rests_until(channel) is None or not await self._pause(REST_LOOK_SECONDS):
                break
        else:
            # The sweep wakes it again, and maybe a worker that does not rest.
            return
        if self._paused() or self.engine.stop():
            return
        tried = await self.engine.deliver_chunk(chunk, channel)
        if tried == 0:
            # It was given back as it was, and is due again at once.
            await self._pause(1.0)

    async def _tending(self, app: App) -> None:
        while True:
            try:
                await self.engine.tend()
                await self._put_away(app)
                if not self._paused():
                    await asyncio.to_thread(self._sweep)
            except (StoreError, ConnectorException) as error:
                log.warning("what was left behind is not looked for: %s", error)
            if not await self._pause(self.tend_seconds):
                return

    async def _recalling(self) -> None:
        """What has no job of its own. Apart from the tending, which must not wait for a network."""
        while await self._pause(self.tend_seconds):
            try:
                await self.engine.recall()
                if not self._paused():
                    await self.engine.hurry()
            except StoreError as error:
                log.warning("neither unknown posts nor corrections are looked for: %s", error)

    async def _put_away(self, app: App) -> None:
        """Jobs of dead workers. Their chunks come back when their leases end (``Engine.recover``), with new jobs."""
        manager = app.job_manager
        await manager.prune_stalled_workers(DEAD_SECONDS)
        for job in await manager.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=DEAD_SECONDS):
            try:
                await manager.finish_job(job, Status.FAILED, delete_job=True)
            except ConnectorException:
                log.debug("job %s was put away by another worker", job.id)

    def _sweep(self) -> None:
        resting = [channel for channel in self.engine.channels if self.engine.rests_until(channel) is not None]
        with self.engine.store.write() as tx:
            woken = tx.jobs.sweep(self.engine.clock(), resting)
        if woken:
            log.info("%d chunks had work and no job", woken)

    def _paused(self) -> bool:
        with self.engine.store.read() as tx:
            return bool(tx.flags.get(PAUSED))

    async def _pause(self, seconds: float) -> bool:
        """Waits so long; False when it is time to stop."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return True
        return False
