"""The engine: takes chunks that are due, has their channel send them, writes the outcomes. The only place that sends.

The order is what keeps a send from going out twice or not at all (docs/design.md, invariant 2): a delivery is
``attempting``, committed, before the last byte of its message goes out; whatever the channel then says is written with
the attempt's number. After a crash what was only leased is ``pending`` again, what was ``attempting`` is ``unknown``.

In one file, though it is long: all it does rests on the same held chunks, one ledger and one stop; what is decided
stands in files of its own (feed, ledger, posts, recalling, retry, sending).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.channels.base import Carrier, Channel, Posting, Serving
from bot.clock import Clock
from bot.delivery import owner
from bot.delivery.counters import Counters
from bot.delivery.feed import Feed, Held, Watcher
from bot.delivery.ledger import RETRY_SECONDS, Ledger
from bot.delivery.one_by_one import OneByOne
from bot.delivery.posts import Posts
from bot.delivery.recalling import Recaller
from bot.delivery.sending import close_if_done, pause
from bot.delivery.shelf import Shelf
from bot.delivery.tally import Tally
from bot.errors import StoreError
from bot.model import Chunk, Due, EditionState, Outcome, ServerNow, Several, plural
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.tokens import KeyRing

LEASE = timedelta(minutes=10)
HEARTBEAT = 60.0
"""Seconds between two renewals of the leases this process holds."""
TICK = 1.0
"""Seconds between two looks at how fast it goes."""
BESIDE = 5.0
"""Seconds between two looks for posts while mail goes out."""
RECALL_EVERY = timedelta(seconds=5)
"""Between two looks for posts whose outcome nobody knows."""
ONWARD = 20
"""Chunks that one that was woken for a chunk sends after it, before it makes room for other jobs."""
PATIENCE = 30.0
"""Seconds for which a process that is told to end waits for a store that does not answer."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)

Ended = Callable[[str, EditionState], None]
"""Told of an edition that was sent, or paused, by its id."""


def _untold(_edition: str, _state: EditionState) -> None:
    return None


def _unwatched(_chunk: Chunk, _outcome: Outcome) -> None:
    return None


@dataclass
class _Pen:
    """One ledger for all carryings of the moment, so that a commit serves them all."""

    ledger: Ledger
    users: int = 0


@dataclass
class Engine:
    """Delivers through open channels. ``stop`` is asked between deliveries; true lets what is in flight finish.

    ``timezone`` is the newsroom's: in it begins the day until which a reader paused who named no timezone.
    """

    store: Store
    channels: Mapping[str, Channel]
    keys: KeyRing
    clock: Clock
    rules: DeliveryTable
    stop: Callable[[], bool] = lambda: False
    watch: Watcher = _unwatched
    ended: Ended = _untold
    jitter: Callable[[], float] = random.random
    counters: Counters = field(default_factory=Counters)
    timezone: str = "UTC"
    _tally: Tally = field(init=False)
    _carriers: dict[str, Carrier | Posts] = field(default_factory=dict)
    _recaller: Recaller = field(init=False)
    _recalled: dict[str, datetime] = field(default_factory=dict)
    _mailing: set[str] = field(default_factory=set)
    _mailed: asyncio.Event = field(default_factory=asyncio.Event)
    _shelf: Shelf = field(init=False)
    _held: dict[str, tuple[Held, Feed]] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)
    _pen: _Pen | None = None
    _turn: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._tally = Tally(owner.this_process(), self.clock)
        self._shelf = Shelf(self.store)
        self._recaller = Recaller(self.store, self.channels, self.keys, self.clock, self.rules, self.counters)

    def recover(self) -> tuple[int, int]:
        """Takes back what dead workers left; returns how many (pending again, unknown)."""
        now = self.clock()
        with self.store.read() as tx:
            owners = tx.chunks.owners()
        dead = [each for each in owners if owner.has_died(each)]
        if not dead and all(until >= now for until in owners.values()):
            return 0, 0
        with self.store.write() as tx:
            taken = tx.chunks.recover(dead=dead, now=now)
        self.counters.took_back(*taken)
        return taken

    async def deliver(self, edition: str = "") -> int:
        """Sends all that is due now, of one edition or of all ("") that are being sent; returns how many it tried.

        Editions with nothing left become ``sent``. What is deferred stays for a later call.
        """
        self.recover()
        self._shelf.clear()
        posts = self._posts()
        self._mailing = set(self.channels) - set(posts)
        self._mailed.clear()
        mails = [self._mail(name, edition) for name in self.channels if name not in posts]
        tried = await self._all(*mails, *(self._post(name, edition) for name in posts))
        for each, state in self._close(edition):
            self._tell(each, state)
        return tried

    async def deliver_chunk(self, chunk: int, channel: str) -> int | None:
        """Sends what is due of one chunk, and of some that are due after it; returns how many it tried.

        None when the chunk could not be had.

        It is another worker's, or nothing of it is due, or its edition is not being sent, or the channel rests.
        """
        if self.rests_until(channel) is not None:
            return None
        if not self._held:
            self._shelf.clear()
        feeds: list[Feed] = []

        async def once() -> int:
            feeds.append(await self._carry(channel, chunk=chunk))
            return feeds[0].tried

        tried = await self._all(once())
        return tried if feeds[0].claimed else None

    async def hurry(self) -> None:
        """Sends what is due of corrections on channels that rest by their own pace: these wait for no quiet hours."""
        await self._all(*(self._drain(name, "") for name in self._posts() if self._hurries(name)))

    def _hurries(self, channel: str) -> bool:
        carrier = self._carrier(channel)
        return isinstance(carrier, Posts) and carrier.hurries()

    async def recall(self) -> None:
        """Settles the posts whose outcome nobody knows, where that is safe (``bot.delivery.recalling``)."""
        for failure in await asyncio.gather(*map(self._recall, self._posts()), return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure

    async def _recall(self, channel: str, edition: str = "") -> None:
        now = self.clock()
        since = now - self._recalled.get(channel, _NEVER)
        if self.rests_until(channel) is not None or timedelta(0) <= since < RECALL_EVERY:
            return
        self._recalled[channel] = now
        busy = await self._recaller.look(channel, edition)
        carrier = self._carrier(channel)
        if busy and isinstance(carrier, Posts):
            await carrier.busy(busy, self.rules.retry_after)

    def _posts(self) -> list[str]:
        return [name for name, channel in self.channels.items() if channel.medium == "post"]

    def rests_until(self, channel: str) -> datetime | None:
        """Until when nothing can be sent on ``channel``; None: something can now."""
        until = self._carrier(channel).rests_until()
        return until if until is not None and self.clock() < until else None

    async def tend(self) -> None:
        """What no chunk does: takes back what dead workers left, ends editions, pauses those without a channel."""
        for edition, state in await asyncio.to_thread(self._tended):
            self._tell(edition, state)

    def _tended(self) -> list[tuple[str, EditionState]]:
        self.recover()
        return list(self._close(""))

    async def _all(self, *drains: Awaitable[int]) -> int:
        """Runs them all to their ends, also when one fails: a send in flight is never torn off."""
        self._tick()
        timers = [asyncio.create_task(self._heartbeat()), asyncio.create_task(self._ticking())]
        try:
            ended = await asyncio.gather(*drains, return_exceptions=True)
        finally:
            for timer in timers:
                timer.cancel()
        self._say()
        if self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure
        return sum(each for each in ended if isinstance(each, int))

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            if self._held:
                try:
                    with self.store.write() as tx:
                        tx.chunks.renew(list(self._held), self.clock() + LEASE)
                except StoreError as error:
                    log.warning("leases are not renewed: %s", error)

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            # What the last tick found rides on the ledger's transactions, when there are any.
            self._say()
            self._tick()

    def _tick(self) -> None:
        try:
            self.counters.servers = tuple(self._servers())
            self._tally.tick({held.chunk.edition for held, _ in self._held.values()}, self.counters.servers)
        except Exception:
            log.exception("progress is not counted")

    def _servers(self) -> Iterator[ServerNow]:
        for channel in self.channels.values():
            if isinstance(channel, Serving):
                yield from channel.servers()

    def _say(self) -> None:
        said = self._tally.due()
        if not said:
            return
        try:
            with self.store.write() as tx:
                for each in said:
                    tx.progress.put(each)
        except StoreError as error:
            log.warning("progress is not written: %s", error)
            return
        self._tally.written(said)

    def _tell(self, edition: str, state: EditionState) -> None:
        try:
            self.ended(edition, state)
        except (Exception, SystemExit):
            # As below.
            log.exception("nobody is told that edition %s is %s", edition, state)

    def _settled(self, chunk: Chunk, due: Due, outcome: Outcome) -> None:
        try:
            self._tally.settled(chunk, due, outcome)
            self.counters.settled(chunk.channel, outcome)
            self.watch(chunk, outcome)
        except (Exception, SystemExit):
            # Whoever looks on breaks off no send, also when they are gone: rich exits where nobody reads its lines.
            log.exception("delivery %s is not told of", outcome.delivery)

    async def _mail(self, channel: str, edition: str) -> int:
        try:
            return await self._drain(channel, edition)
        finally:
            self._mailing.discard(channel)
            if not self._mailing:
                self._mailed.set()

    async def _post(self, channel: str, edition: str) -> int:
        """Posts what is due, and while mail goes out, what becomes due meanwhile: a million mails take an hour."""
        tried = 0
        while True:
            await self._recall(channel, edition)
            tried += await self._drain(channel, edition)
            if self.stop() or not self._mailing:
                return tried
            with suppress(TimeoutError):
                await asyncio.wait_for(self._mailed.wait(), BESIDE)

    async def _drain(self, channel: str, edition: str) -> int:
        tried = 0
        while not self.stop() and (self.rests_until(channel) is None or self._hurries(channel)):
            feed = await self._carry(channel, edition=edition)
            tried += feed.tried
            if not feed.tried:
                break
        return tried

    async def _carry(self, channel: str, *, edition: str = "", chunk: int | None = None) -> Feed:
        pen = self._pen
        if pen is None or pen.ledger.fault:
            ledger = Ledger(
                self.store,
                self.clock,
                lost=self._lost,
                released=self._released,
                tally=self._tally,
                counters=self.counters,
            )
            pen = self._pen = _Pen(ledger)
        pen.users += 1
        feed = self._feed(channel, pen.ledger, edition, chunk)
        try:
            await self._carrier(channel).carry(feed)
        finally:
            feed.close()
            # Rides on the transaction that gives the last chunk back.
            self._tick()
            await self._put_down(pen, feed)
        if pen.ledger.fault:
            raise pen.ledger.fault
        return feed

    async def _put_down(self, pen: _Pen, feed: Feed) -> None:
        """Waits until all is written of the chunks that ``feed`` held; the pen's last user closes it."""
        ledger, patience = pen.ledger, self._patience()
        while any(of is feed for _, of in self._held.values()) and ledger.fault is None:
            if ledger.trouble and not patience():
                log.error("ends without the answers of some deliveries: they will be unknown")
                break
            self._turn.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._turn.wait(), RETRY_SECONDS)
        pen.users -= 1
        if not pen.users:
            if self._pen is pen:
                self._pen = None
            await ledger.written(patience=patience)
            await ledger.close()

    def _feed(self, channel: str, ledger: Ledger, edition: str, chunk: int | None) -> Feed:
        def claim() -> Held | None:
            if chunk is not None and feed.claimed > ONWARD:
                return None
            try:
                # Its own chunk first; then what else is due, so that the connections stay busy between two jobs.
                held = self._claim(channel, edition, None if feed.claimed else chunk)
            except StoreError as error:
                log.error("nothing is claimed: %s", error)
                return None
            if held:
                self._held[held.chunk.lease] = held, feed
                self._tally.claimed(held.chunk)
            return held

        feed = Feed(
            claim=claim,
            ledger=ledger,
            clock=self.clock,
            rules=self.rules,
            stop=self.stop,
            settled=self._settled,
            jitter=self.jitter,
        )
        return feed

    def _patience(self) -> Callable[[], bool]:
        stopped_at: float | None = None

        def patience() -> bool:
            nonlocal stopped_at
            now = asyncio.get_running_loop().time()
            if self.stop() and stopped_at is None:
                stopped_at = now
            return stopped_at is None or now - stopped_at < PATIENCE

        return patience

    def _carrier(self, channel: str) -> Carrier | Posts:
        if channel not in self._carriers:
            found = self.channels[channel]
            self._carriers[channel] = self._made(channel, found)
        return self._carriers[channel]

    def _made(self, name: str, channel: Channel) -> Carrier | Posts:
        if isinstance(channel, Carrier):
            return channel
        if channel.medium != "post" or not isinstance(channel, Posting):
            return OneByOne(channel, self.clock)
        life = self.rules.give_up_after
        return Posts(name, channel, self.store, self.clock, timezone=self.timezone, life=life)

    def _claim(self, channel: str, edition: str, chunk: int | None) -> Held | None:
        now = self.clock()
        busy = {held.chunk.edition for held, _ in self._held.values()}
        with self.store.write() as tx:
            claimed = tx.chunks.claim(
                channel,
                owner=owner.this_process(),
                now=now,
                until=now + LEASE,
                edition=edition,
                after=busy,
                chunk=chunk,
                corrections=self._hurries(channel),
            )
            due = (
                tx.deliveries.due(claimed, now, self._shelf.away(claimed.edition, now, self.timezone))
                if claimed
                else []
            )
        if claimed is None:
            return None
        return Held.of(claimed, self._shelf.edition(claimed.edition), due, self.keys, self._shelf.variant(claimed))

    def _lost(self, chunk: Chunk) -> None:
        held = self._held.get(chunk.lease)
        if held:
            held[1].stop(held[0])

    def _released(self, chunk: Chunk, counts: dict[str, int] | None) -> None:
        self._held.pop(chunk.lease, None)
        self._turn.set()
        if counts is None:
            log.warning("chunk %s of edition %s was taken over by another worker", chunk.id, chunk.edition)
        if not any(held.chunk.edition == chunk.edition for held, _ in self._held.values()):
            task = asyncio.get_running_loop().create_task(self._close_soon(chunk.edition))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close_soon(self, edition: str) -> None:
        """Ends an edition while others go on: its deliveries are counted in a thread, which takes a while."""
        state = await asyncio.to_thread(self._closed, edition)
        if state:
            self._tell(edition, state)

    def _closed(self, edition: str) -> EditionState | None:
        if self.rules.unknown == "resend":
            self._resend_unknown()
        return close_if_done(self.store, edition, self.clock())

    def _resend_unknown(self) -> None:
        now = self.clock()
        with self.store.write() as tx:
            tx.deliveries.resend_unknown(
                now, since=now - self.rules.give_up_after, not_before=now + self.rules.retry_after
            )

    def _close(self, edition: str) -> Iterator[tuple[str, EditionState]]:
        with self.store.read() as tx:
            sending = [each.id for each in tx.editions.newest(states=[EditionState.SENDING], limit=1000)]
        for each in sending:
            if not edition or each == edition:
                self._pause_without_channel(each)
                state = self._closed(each)
                if state:
                    yield each, state

    def _pause_without_channel(self, edition: str) -> None:
        """An edition whose channel was taken out of the settings would wait for ever: a person must decide."""
        with self.store.write() as tx:
            lost = [name for name in tx.deliveries.open_channels(edition) if name not in self.channels]
            if lost:
                reason = plural(
                    len(lost),
                    "it has deliveries for %(names)s, which is no longer in the settings",
                    "it has deliveries for %(names)s, which are no longer in the settings",
                    names=Several(tuple(lost)),
                )
                pause(tx, edition, reason, self.clock())
