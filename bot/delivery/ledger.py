"""The ledger's pen: what is about to be sent, and what came of it, written for many deliveries in one transaction.

A session waits for ``ahead`` before the last byte of its message goes out, and its answer rides on the next
transaction, so that a commit, with its wait for the disk, serves all sessions that reached it together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from bot.clock import Clock
from bot.delivery import refusals
from bot.delivery.counters import Counters
from bot.delivery.pausing import pause_channel
from bot.delivery.sending import pause
from bot.delivery.tally import Tally
from bot.errors import StoreError
from bot.model import Chunk, DeliveryState, Due, Outcome, Phrase, WorkerProgress, plural
from bot.store import Store, Transaction, Writing

RETRY_SECONDS = 1.0
GATHER = 0.001
"""Seconds for which a transaction waits for more, where many come: it makes a third fewer commits of them."""
CROWD = 16
"""Attempts and outcomes of one transaction that are many."""
_FULL = ("disk is full", "disk full", "no space left")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ahead:
    attempt: int
    allowed: asyncio.Future[bool]


@dataclass
class _Page:
    """What waits to be written, in the order in which it is."""

    outcomes: list[Outcome] = field(default_factory=list)
    refused: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    unsent: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    ahead: dict[str, dict[int, _Ahead]] = field(default_factory=lambda: defaultdict(dict))
    postponed: dict[str, dict[int, datetime]] = field(default_factory=lambda: defaultdict(dict))
    released: list[Chunk] = field(default_factory=list)
    pauses: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    said: list[asyncio.Future[None]] = field(default_factory=list)

    def add(self, later: _Page) -> None:
        """All that has happened since, but not what is about to."""
        self.outcomes += later.outcomes
        self.released += later.released
        self.pauses = {**later.pauses, **self.pauses}
        self.channels = {**later.channels, **self.channels}
        self.said += later.said
        for mine, theirs in ((self.refused, later.refused), (self.unsent, later.unsent)):
            for lease, outcomes in theirs.items():
                mine[lease] += outcomes
        for lease, until in later.postponed.items():
            self.postponed[lease].update(until)

    @property
    def deliveries(self) -> int:
        return len(self.outcomes) + sum(map(len, self.ahead.values()))

    def __bool__(self) -> bool:
        written = self.outcomes or self.refused or self.unsent or self.ahead
        return bool(written or self.postponed or self.released or self.pauses or self.channels or self.said)


class Ledger:
    """Writes for one event loop. ``lost`` is told of a chunk that must not be sent on; ``released`` of one given back.

    What waits is done in another thread, so that sessions go on meanwhile, and those that come join the next
    transaction: with a server that is all; with SQLite the commit alone, which waits for the disk, for its statements
    would wait for the interpreter there.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        lost: Callable[[Chunk], None],
        released: Callable[[Chunk, dict[str, int] | None], None],
        tally: Tally,
        counters: Counters,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tally = tally
        self._counters = counters
        self._lost = lost
        self._released = released
        self._page = _Page()
        self._chunks: dict[str, Chunk] = {}
        self._consumed: set[str] = set()
        self._group = 0
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self.trouble = ""
        """Why the store does not take what is written; "": it does."""
        self.fault: Exception | None = None
        """What in the program kept it from being written."""

    def ahead(self, chunk: Chunk, due: Due) -> asyncio.Future[bool]:
        """Whether the delivery may be sent: known once the attempt is committed."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._chunks[chunk.lease] = chunk
        self._page.ahead[chunk.lease][due.id] = _Ahead(due.attempt, future)
        self._schedule()
        return future

    def settle(self, outcome: Outcome, *, refused: Chunk | None = None) -> None:
        """How an attempt ended. It is kept, and written again, until the store has taken it.

        ``refused``: the chunk of a delivery that was refused before its last byte, so that ``ahead`` was not asked.
        """
        if refused:
            self._chunks[refused.lease] = refused
            self._page.refused[refused.lease].append(outcome)
        else:
            self._page.outcomes.append(outcome)
        self._schedule()

    def pause(self, edition: str, reason: str) -> None:
        """Stops the edition with the next transaction."""
        self._page.pauses.setdefault(edition, reason)
        self._schedule()

    def pause_channel(self, channel: str, reason: str) -> None:
        """Stops the channel with the next transaction."""
        self._page.channels.setdefault(channel, reason)
        self._schedule()

    def said(self) -> asyncio.Future[None]:
        """Done when all is committed that was said so far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._page.said.append(future)
        self._schedule()
        return future

    def postpone(self, chunk: Chunk, delivery: int, until: datetime) -> None:
        """A delivery that was not attempted is not to be before then."""
        self._chunks[chunk.lease] = chunk
        self._page.postponed[chunk.lease][delivery] = until

    def release(self, chunk: Chunk) -> None:
        """Gives the chunk back, after all that was said of its deliveries."""
        self._page.released.append(chunk)
        self._schedule()

    async def written(self, *, patience: Callable[[], bool] = lambda: True) -> bool:
        """Waits until all is written, for as long as ``patience`` says; whether it is."""
        while self._page or self._writer:
            if self._writer is None:
                self._schedule()
            if self.trouble and not patience():
                return False
            await asyncio.wait([self._writer], timeout=RETRY_SECONDS) if self._writer else None
        return True

    async def close(self) -> None:
        """Ends its thread; what is not written yet is lost."""
        if self._writer:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        self._thread.shutdown()

    def _schedule(self) -> None:
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._page:
                # Whoever is ready by then joins this transaction; later ones wait for the next.
                await asyncio.sleep(RETRY_SECONDS if self.trouble else GATHER if self._group >= CROWD else 0)
                await self._write()
        finally:
            self._writer = None

    async def _write(self) -> None:
        page, self._page = self._page, _Page()
        self._group = page.deliveries
        began = time.monotonic()
        loop, chunks = asyncio.get_running_loop(), dict(self._chunks)
        try:
            # Read here: sessions go on counting while another thread writes.
            shown = self._tally.due()
            if self._store.is_remote:
                told = await loop.run_in_executor(self._thread, self._written_whole, page, chunks, shown)
            else:
                writing, told = self._written(page, chunks, shown)
                await loop.run_in_executor(self._thread, writing.commit)
        except StoreError as error:
            self._failed(page, error)
            return
        except Exception as error:
            # A fault of the program: what was under way is unknown once its chunk is given back.
            log.exception("the ledger cannot be written")
            self.fault = error
            for lease, waiting in page.ahead.items():
                _answers(waiting, set())()
                self._lost(self._chunks[lease])
            self._give_up(page)
            return
        self._taken()
        self._counters.committed(time.monotonic() - began, page.deliveries)
        for tell in told:
            tell()
        _tell_all(page.said)

    def _written_whole(
        self, page: _Page, chunks: dict[str, Chunk], shown: Sequence[WorkerProgress]
    ) -> list[Callable[[], None]]:
        with self._store.write() as tx:
            return list(self._writes(tx, page, chunks, shown))

    def _written(
        self, page: _Page, chunks: dict[str, Chunk], shown: Sequence[WorkerProgress]
    ) -> tuple[Writing, list[Callable[[], None]]]:
        """The transaction that writes the page, to be committed, and what is to be told then."""
        writing = self._store.begin()
        try:
            return writing, list(self._writes(writing.tx, page, chunks, shown))
        except BaseException as error:
            writing.undo(error)
            raise

    def _writes(
        self, tx: Transaction, page: _Page, chunks: dict[str, Chunk], shown: Sequence[WorkerProgress]
    ) -> Iterator[Callable[[], None]]:
        now = self._clock()
        said = [*page.outcomes, *chain.from_iterable([*page.refused.values(), *page.unsent.values()])]
        if page.pauses or any(each.state is DeliveryState.DEFERRED for each in said):
            # First of all, as those do who cancel: whoever has the edition has no need to wait for us.
            tx.editions.lock_all({*page.pauses, *(chunk.edition for chunk in chunks.values())})
        outcomes = [*page.outcomes, *self._refused(tx, page, now, chunks), *self._unsent(tx, page, chunks)]
        if outcomes:
            too_late = tx.deliveries.finish(outcomes)
            if any(each.state is DeliveryState.FAILED for each in outcomes):
                refusals.record(tx, [each for each in outcomes if each not in too_late], now)
            for late in too_late:
                if late.reason != UNSENT:
                    log.warning("delivery %s: its outcome %s came too late", late.delivery, late.state)
        for edition, reason in page.pauses.items():
            pause(tx, edition, reason, now)
        for channel, reason in page.channels.items():
            pause_channel(tx, channel, reason, now)
        for lease, until in page.postponed.items():
            tx.deliveries.postpone(chunks[lease], until)
        for lease, waiting in page.ahead.items():
            chunk = chunks[lease]
            allowed = tx.deliveries.attempt(chunk, waiting, now)
            if allowed and chunk.edition not in self._consumed:
                tx.editions.consume(chunk.edition)
                yield _call(self._consumed.add, chunk.edition)
            if len(allowed) < len(waiting) and not tx.chunks.is_held(chunk):
                yield _call(self._lost, chunk)
            yield _answers(waiting, allowed)
        # In the order in which others lock them too.
        for chunk in sorted(page.released, key=lambda each: each.id):
            counts = tx.chunks.release(chunk, now)
            size = chunk.last - chunk.first + 1
            if counts is not None and sum(counts.values()) != size:
                off = plural(
                    sum(counts.values()),
                    "the books do not balance: %(count)s delivery in chunk %(chunk)s, not %(size)s",
                    "the books do not balance: %(count)s deliveries in chunk %(chunk)s, not %(size)s",
                    chunk=str(chunk.id),
                    size=size,
                )
                pause(tx, chunk.edition, off, now)
                log.error("edition %s: %s", chunk.edition, off)
            yield _call(self._given_back, chunk, counts)
        for progress in shown:
            tx.progress.put(progress)
        if shown:
            yield _call(self._tally.written, shown)

    def _refused(self, tx: Transaction, page: _Page, now: datetime, chunks: dict[str, Chunk]) -> Iterator[Outcome]:
        """The refusals whose attempt is ours to write: the same number may be another worker's by now."""
        for lease, refused in page.refused.items():
            for number in {each.attempt for each in refused}:
                same = {each.delivery: each for each in refused if each.attempt == number}
                for delivery in tx.deliveries.attempt(chunks[lease], same, now, number=number):
                    yield same[delivery]

    def _unsent(self, tx: Transaction, page: _Page, chunks: dict[str, Chunk]) -> Iterator[Outcome]:
        """What was not sent, of chunks that nobody has sent since: there the same number would be another attempt."""
        for lease, unsent in page.unsent.items():
            if tx.chunks.keep(chunks[lease]):
                yield from unsent

    def _given_back(self, chunk: Chunk, counts: dict[str, int] | None) -> None:
        self._chunks.pop(chunk.lease, None)
        self._released(chunk, counts)

    def _give_up(self, page: _Page) -> None:
        """Of a page that cannot be written: pauses, and gives back chunks, each by itself.

        A chunk that even so is not given back is left until its lease runs out.
        """
        for edition, reason in page.pauses.items():
            try:
                with self._store.write() as tx:
                    pause(tx, edition, reason, self._clock())
            except Exception:
                log.exception("edition %s cannot be paused: %s", edition, reason)
        for channel, reason in page.channels.items():
            try:
                with self._store.write() as tx:
                    pause_channel(tx, channel, reason, self._clock())
            except Exception:
                log.exception("channel %s cannot be paused: %s", channel, reason)
        for chunk in page.released:
            counts = None
            try:
                with self._store.write() as tx:
                    counts = tx.chunks.release(chunk, self._clock())
            except Exception:
                log.exception("chunk %s of edition %s cannot be given back", chunk.id, chunk.edition)
            self._given_back(chunk, counts)
        _tell_all(page.said)

    def _failed(self, page: _Page, error: StoreError) -> None:
        """Keeps all that has happened for later; what has not is not to happen now."""
        said = str(error)
        if not self.trouble:
            log.error("nothing is sent: %s", said)
        self.trouble = said
        now = self._clock()
        newer, self._page = self._page, replace(page, ahead=defaultdict(dict))
        self._page.add(newer)
        for lease, waiting in newer.ahead.items():
            _answers(waiting, set())()
            self._lost(self._chunks[lease])
        for lease, waiting in page.ahead.items():
            chunk = self._chunks[lease]
            if any(word in said.lower() for word in _FULL):
                self._page.pauses.setdefault(chunk.edition, Phrase("%(said)s; make room, then resume", said=said))
            for delivery, each in waiting.items():
                # The commit may have reached the disk although its answer did not reach us.
                self._page.unsent[lease].append(_unsent(delivery, each.attempt, now))
            _answers(waiting, set())()
            self._lost(chunk)

    def _taken(self) -> None:
        if self.trouble:
            log.warning("the store takes what is written again")
        self.trouble = ""


UNSENT = Phrase("the store did not answer; nothing was sent")


def _unsent(delivery: int, attempt: int, now: datetime) -> Outcome:
    return Outcome(
        delivery=delivery,
        attempt=attempt,
        state=DeliveryState.DEFERRED,
        began=now,
        ended=now,
        reason=UNSENT,
        counts=False,
    )


def _tell_all(said: Sequence[asyncio.Future[None]]) -> None:
    for each in said:
        if not each.done():
            each.set_result(None)


def _call(function: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: function(*arguments)


def _answers(waiting: dict[int, _Ahead], allowed: set[int]) -> Callable[[], None]:
    def answer() -> None:
        for delivery, each in waiting.items():
            if not each.allowed.done():
                each.allowed.set_result(delivery in allowed)

    return answer
