"""Jobs of Procrastinate, one for a chunk that has work: wake-ups alone. What is sent, and by whom, the ledger decides.

On PostgreSQL a job is deferred in the transaction that gives its chunk work, so that neither is there without the
other. Where the extra is not installed there are no jobs, and none of this does anything.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    cast,
    column,
    delete,
    exists,
    extract,
    func,
    literal_column,
    select,
    table,
)

from bot.store.pauses import paused
from bot.store.tables import chunks, editions

TASK = "broadsheet.chunk"
AHEAD = 20
"""Chunks of each edition that go before any edition's others: a small edition never waits for a large one."""
SWEPT = 500
"""Chunks that one sweep wakes at most; the next one finds the others."""

_QUEUE_BYTES = 40
"""A queue is part of the name of a notification channel, which has 63 bytes (PostgreSQL, "Identifiers")."""

_TODO: ColumnElement[Any] = literal_column("'todo'")
_DOING: ColumnElement[Any] = literal_column("'doing'")
_LOCK: ColumnElement[str] = func.concat(chunks.c.id, "/", cast(extract("epoch", chunks.c.due) * 1_000_000, BigInteger))

log = logging.getLogger(__name__)

_jobs = table("procrastinate_jobs", *map(column, ("id", "task_name", "queueing_lock", "status", "worker_id", "args")))


@cache
def installed() -> bool:
    """Whether Procrastinate is (the extra ``postgresql``)."""
    return find_spec("procrastinate") is not None


def used(connection: Connection | Engine) -> bool:
    """Whether this store's chunks have jobs."""
    return connection.dialect.name == "postgresql" and installed()


def queue_of(channel: str) -> str:
    """The queue of a channel's jobs: its name, shortened where it is too long for one."""
    if len(channel.encode()) <= _QUEUE_BYTES:
        return channel
    return f"channel-{hashlib.sha256(channel.encode()).hexdigest()[:24]}"


class Jobs:
    """The jobs of all chunks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._used = used(connection)

    def wake(self, which: ColumnElement[bool], now: datetime) -> int:
        """Defers a job for each of these chunks that has work, of editions being sent; returns how many.

        At the time when the work is due. A chunk has at most one waiting job for one time.
        """
        return self._defer(_with_work().where(which), now) if self._used else 0

    def wake_channel(self, channel: str, now: datetime) -> int:
        """Wakes the chunks of a channel that goes on; returns how many."""
        return self.wake(chunks.c.channel == channel, now)

    def sweep(self, now: datetime, resting: Collection[str] = ()) -> int:
        """Wakes chunks that have been due without a job: one was lost, or there was none to defer; returns how many.

        Not those of channels that are ``resting``: their jobs would come, and wait, and go.
        """
        if not self._used:
            return 0
        running = exists().where(
            _jobs.c.status == _DOING, _jobs.c.worker_id.is_not(None), _chunk_of_job() == chunks.c.id
        )
        lost = _with_work().where(chunks.c.due <= now, ~running, ~_waiting(_LOCK))
        return self._defer(lost.where(chunks.c.channel.not_in(sorted(resting))).limit(SWEPT), now)

    def overtake(self, chunk: int) -> None:
        """Takes back the waiting job of a chunk that a worker claims without having been woken for it."""
        if not self._used:
            return
        waiting = (
            select(_jobs.c.id)
            .where(
                _jobs.c.status == _TODO,
                _jobs.c.queueing_lock == select(_LOCK).where(chunks.c.id == chunk).scalar_subquery(),
            )
            .with_for_update(of=_jobs, skip_locked=True)
        )
        self._connection.execute(delete(_jobs).where(_jobs.c.id.in_(waiting)))

    def drop(self, edition: str) -> None:
        """Takes back the waiting jobs of an edition that is sent no more."""
        if not self._used:
            return
        waiting = (
            select(_jobs.c.id)
            .join(chunks, chunks.c.id == _chunk_of_job())
            .where(_jobs.c.task_name == TASK, _jobs.c.status == _TODO, chunks.c.edition == edition)
            .with_for_update(of=_jobs, skip_locked=True)
        )
        self._connection.execute(delete(_jobs).where(_jobs.c.id.in_(waiting)))

    def _defer(self, query: Select[Any], now: datetime) -> int:
        # Whoever defers a job for a chunk holds its row, so that what is looked up next stays true.
        rows = self._connection.execute(query.with_for_update(of=chunks, skip_locked=True)).all()
        if not rows:
            return 0
        locks = [row.lock for row in rows]
        known = select(_jobs.c.queueing_lock).where(_jobs.c.status == _TODO, _jobs.c.queueing_lock.in_(locks))
        there = {row.queueing_lock for row in self._connection.execute(known)}
        return self._put([row for row in rows if row.lock not in there], now)

    def _put(self, rows: Sequence[Row[Any]], now: datetime) -> int:
        if not rows:
            return 0
        # Only here: a quarter of a second that no command on SQLite should wait for.
        from procrastinate.exceptions import ProcrastinateException
        from procrastinate.jobs import Job
        from procrastinate.manager import JobManager
        from procrastinate.sync_psycopg_connector import SyncPsycopgConnector

        place: defaultdict[str, int] = defaultdict(int)
        jobs = []
        for row in rows:
            jobs.append(
                Job(
                    queue=queue_of(row.channel),
                    task_name=TASK,
                    lock=None,
                    queueing_lock=row.lock,
                    # What waits goes after all that is new: readers who come again at each look hold up no edition.
                    priority=-AHEAD if row.due > now else -min(place[row.edition], AHEAD),
                    # By its own clock the database may be behind us.
                    scheduled_at=row.due if row.due > now else None,
                    task_kwargs={"chunk": row.id, "channel": row.channel},
                )
            )
            place[row.edition] += 1
        manager = JobManager(SyncPsycopgConnector())
        try:
            with self._connection.begin_nested():
                manager.batch_defer_jobs(jobs, connection=self._connection.connection.driver_connection)
        except ProcrastinateException as error:
            # The ledger is never undone for a wake-up: the sweep finds what has none.
            log.warning("%d chunks are not woken: %s", len(jobs), error.__cause__ or error)
            return 0
        return len(jobs)


def _chunk_of_job() -> ColumnElement[int]:
    return cast(_jobs.c.args.op("->>")("chunk"), BigInteger)


def _waiting(lock: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(_jobs.c.status == _TODO, _jobs.c.queueing_lock == lock)


def _with_work() -> Select[Any]:
    return (
        select(chunks.c.id, chunks.c.edition, chunks.c.channel, chunks.c.due, _LOCK.label("lock"))
        .join(editions, editions.c.id == chunks.c.edition)
        .where(chunks.c.due.is_not(None), chunks.c.lease == "", editions.c.state == "sending")
        .where(~paused(chunks.c.channel))
        .order_by(chunks.c.id)
    )
