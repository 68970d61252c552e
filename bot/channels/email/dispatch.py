"""Shares a feed's parcels among a channel's servers, over all their connections at once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.base import Feed
from bot.channels.email.answers import Reply
from bot.channels.email.line import Line
from bot.channels.email.pacing import Granted, Pacing
from bot.channels.email.relays import provider_id
from bot.channels.email.transport import Envelope, Session
from bot.clock import Clock
from bot.errors import ChannelRefused, DeliveryError
from bot.model import Parcel, Receipt

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds after which it is looked again which servers may work."""
YIELD = 0.005
"""Seconds for which a server that had more than its share lets others go first."""
SLEEP = 1.0
PASSED_AT_ONCE = 200
"""Readers whose domains must wait that are passed over in one go: answers and the ledger are not to wait with them."""
SIGNED_AT_ONCE = 32
"""Messages signed in one turn of a thread: going there and back costs as much as a signature's tenth."""
SIGNERS = 2
REFUSED_REST = timedelta(minutes=10)
"""How long a server that refuses us is left alone while another one sends."""


class Dispatch:
    """One carrying: from the first parcel until the feed gives no more, or no server can take any for a while."""

    def __init__(
        self,
        lines: Sequence[Line],
        feed: Feed,
        *,
        pacing: Pacing | None,
        clock: Clock,
        signers: Executor | None,
    ) -> None:
        self._lines = lines
        self._feed = feed
        self._pacing = pacing
        self._clock = clock
        self._signers = signers
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = {line.name: _Ready() for line in lines}
        self._dry = False
        self._failures: list[BaseException] = []

    async def run(self) -> None:
        """Raises what a session failed by, after all have ended."""
        try:
            while self._start() or self._tasks:
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                else:
                    # All connections are another carrying's, or what is being signed goes back.
                    signing = [ready.wait() for ready in self._ready.values() if ready.signing]
                    freed = [
                        asyncio.ensure_future(each) for each in (*signing, *(line.freed() for line in self._lines))
                    ]
                    await asyncio.wait(freed, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                    for each in freed:
                        each.cancel()
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            raise
        finally:
            for ready in self._ready.values():
                while ready.signing:
                    await ready.wait()
                self._return(ready)
        if self._failures:
            raise self._failures[0]

    def _start(self) -> bool:
        """Starts a session on each server that can work; whether one could, were its connections not all in use.

        Or will, once what is being signed is back.
        """
        now = self._clock()
        self._level()
        for line in self._lines:
            if line.breaker.opens_at and line.breaker.opens_at > now:
                # What is signed and waits is as good for another server, or for later.
                self._return(self._ready[line.name])
        full = any(ready.signing for ready in self._ready.values())
        for line in self._lines:
            ready = self._ready[line.name]
            if self._failures or (self._dry and not ready.envelopes and not ready.signing):
                continue
            if line.rests_until(now) is None and self._wanted(line):
                if line.room > 0:
                    self._spawn(line)
                else:
                    full = True
        return full

    def _wanted(self, line: Line) -> bool:
        """A server without weight works only while no other one can."""
        return line.weight > 0 or not any(other.weight and self._can(other) for other in self._lines)

    def _can(self, line: Line) -> bool:
        return line.rests_until(self._clock()) is None

    def _spawn(self, line: Line) -> None:
        line.active += 1
        task = asyncio.get_running_loop().create_task(self._session(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Not at the session's own end: one that is cancelled before it begins has none.
        task.add_done_callback(lambda _: line.free())

    async def _session(self, line: Line) -> None:
        session: Session | None = None
        try:
            grown = False
            while (first := await self._first(line)) is not None:
                if not grown and line.room > 0 and self._wanted(line):
                    # As many connections as there is mail for: each one that finds some makes the next.
                    self._spawn(line)
                grown = True
                if session is None:
                    try:
                        session = await line.session()
                    except DeliveryError as error:
                        self._unreachable(line, first, error)
                        return
                    except BaseException:
                        self.give_back(first)
                        raise
                await session.work(_Tray(self, line, first), most=line.per_connection)
                if not session.alive or session.sent >= line.per_connection:
                    used, session = session, None
                    await line.leave(used)
        except BaseException as error:
            # A session that is torn off takes its connection with it: an answer that still comes is to nobody.
            if session:
                session.close()
            self._failures.append(error)
        finally:
            if session:
                await line.leave(session)

    async def _first(self, line: Line) -> Envelope | None:
        """The first message of a new turn; waits for one that is being signed, or that may go in a moment."""
        while True:
            envelope = self.take(line)
            if envelope:
                return envelope
            ready = self._ready[line.name]
            wait = self._pause(line)
            if ready.signing:
                await ready.wait()
            elif wait is None or self._dry:
                return None
            else:
                await asyncio.sleep(wait)

    def _pause(self, line: Line) -> float | None:
        """Seconds until it is worth looking again; None: this session is not wanted any more."""
        if line.breaker.opens_at or line.active > line.breaker.allowed_connections(line.connections):
            return None
        if line.waits_until:
            left = (line.waits_until - self._clock()).total_seconds()
            if left > 0:
                return min(left, SLEEP) if left < 30 else None
            line.waits_until = None
            return YIELD
        return YIELD if self._over_share(line) else None

    # --- what a session asks

    def take(self, line: Line) -> Envelope | None:
        """The next message for a session of ``line``; None when there is none, or none may go now."""
        ready = self._ready[line.name]
        if line.active > line.breaker.allowed_connections(line.connections) or self._failures:
            return None
        if line.press.signer is None:
            return self._made(line)
        if line.breaker.opens_at and line.breaker.opens_at > self._clock():
            return None
        self._sign(line, ready)
        return ready.envelopes.popleft() if ready.envelopes else None

    def _made(self, line: Line) -> Envelope | None:
        """A message of the next parcel that may go, not signed yet."""
        while parcel := self._parcel(line):
            try:
                envelope = line.press.envelope(parcel, self._clock())
            except DeliveryError as error:
                self._feed.settle(parcel, error)
                continue
            except BaseException:
                self._feed.give_back(parcel)
                raise
            line.taken += 1
            return envelope
        return None

    def _parcel(self, line: Line) -> Parcel | None:
        if len(self._lines) > 1 and self._over_share(line):
            return None
        for _ in range(PASSED_AT_ONCE):
            parcel = self._feed.take()
            if parcel is None:
                self._dry = True
                return None
            self._dry = False
            if not line.breaker.allows(self._clock()):
                self._feed.give_back(parcel)
                return None
            try:
                wait = self._paced(line, parcel)
            except BaseException:
                self._feed.give_back(parcel)
                raise
            if wait is None:
                line.waits_until = None
                return parcel
            provider, until = wait
            if not provider:
                line.waits_until = until
                self._feed.give_back(parcel)
                return None
            self._feed.give_back(parcel, until)
        line.waits_until = self._clock()
        return None

    def _paced(self, line: Line, parcel: Parcel) -> tuple[str, datetime] | None:
        if self._pacing is None or parcel.recipient is None:
            return None
        answer = self._pacing.grant(line.name, parcel.recipient.address.rpartition("@")[2])
        return None if isinstance(answer, Granted) else (answer.provider, answer.until)

    def _over_share(self, line: Line) -> bool:
        """Whether another server is behind its share, and has connections to spare or is to be given more than this."""
        return any(
            other.load < line.load - 1 / max(line.weight, 1)
            and (other.room > 0 or other.weight > line.weight)
            and not other.breaker.half_open
            and self._can(other)
            for other in self._lines
            if other is not line and other.weight and line.weight
        )

    def _level(self) -> None:
        """A server that rests gains no claim to more than its share later."""
        most = max((line.load for line in self._lines if line.weight), default=0.0)
        for line in self._lines:
            if line.weight and not self._can(line):
                line.taken = max(line.taken, int(most * line.weight))

    # --- signing

    def _sign(self, line: Line, ready: _Ready) -> None:
        """Keeps the threads busy, and no more messages made than the connections will soon send."""
        most = max(SIGNED_AT_ONCE, line.active)
        while self._signers and ready.signing < SIGNERS and len(ready.envelopes) < most:
            made: list[Envelope] = []
            try:
                while len(made) < SIGNED_AT_ONCE and (envelope := self._made(line)):
                    made.append(envelope)
                if not made:
                    return
                loop = asyncio.get_running_loop()
                work = loop.run_in_executor(self._signers, _signed, line, made, self._clock())
            except BaseException:
                for envelope in made:
                    self.give_back(envelope)
                raise
            ready.signing += 1
            work.add_done_callback(lambda done, made=made: self._signed(ready, made, done))  # type: ignore[misc]

    def _signed(self, ready: _Ready, made: list[Envelope], done: asyncio.Future[list[Envelope]]) -> None:
        ready.signing -= 1
        error = done.exception()
        if error:
            self._failures.append(error)
            for envelope in made:
                self.give_back(envelope)
        else:
            ready.envelopes.extend(done.result())
        ready.wake()

    # --- what became of a message

    async def ahead(self, envelope: Envelope) -> bool:
        return await self._feed.ahead(envelope.parcel)

    def settle(self, line: Line, envelope: Envelope, answer: Reply | DeliveryError) -> None:
        if isinstance(answer, Reply):
            self._feed.settle(envelope.parcel, _receipt(line, answer))
            line.answered(None, timedelta(0), self._clock())
            return
        rest = self._feed.settle(envelope.parcel, answer, elsewhere=self._elsewhere(line))
        line.answered(answer, rest, self._clock())

    def give_back(self, envelope: Envelope) -> None:
        self._dry = False
        self._feed.give_back(envelope.parcel)

    def _return(self, ready: _Ready) -> None:
        while ready.envelopes:
            self.give_back(ready.envelopes.pop())

    def _unreachable(self, line: Line, first: Envelope, error: DeliveryError) -> None:
        now = self._clock()
        if self._elsewhere(line):
            log.warning("%s; others send meanwhile", error)
            self.give_back(first)
            asked = timedelta(seconds=error.retry_after or 0)
            line.breaker.failed(now, REFUSED_REST if isinstance(error, ChannelRefused) else asked)
            return
        rest = self._feed.settle(first.parcel, error)
        line.breaker.failed(now, rest)

    def _elsewhere(self, line: Line) -> bool:
        return any(other is not line and self._can(other) for other in self._lines)


class _Ready:
    """Signed messages of one server, and who waits for them."""

    def __init__(self) -> None:
        self.envelopes: deque[Envelope] = deque()
        self.signing = 0
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


@dataclass(slots=True)
class _Tray:
    """A session's own view of the dispatch (``bot.channels.email.transport.Queue``)."""

    dispatch: Dispatch
    line: Line
    first: Envelope | None

    def take(self) -> Envelope | None:
        first, self.first = self.first, None
        return first or self.dispatch.take(self.line)

    async def ahead(self, envelope: Envelope) -> bool:
        return await self.dispatch.ahead(envelope)

    def settle(self, envelope: Envelope, answer: Reply | DeliveryError) -> None:
        self.dispatch.settle(self.line, envelope, answer)

    def give_back(self, envelope: Envelope) -> None:
        self.dispatch.give_back(envelope)


def _signed(line: Line, made: list[Envelope], at: datetime) -> list[Envelope]:
    return [line.press.signed(envelope, at) for envelope in made]


def _receipt(line: Line, reply: Reply) -> Receipt:
    return Receipt(
        server=str(line.server),
        code=reply.code,
        text=reply.text,
        enhanced=reply.enhanced,
        id=provider_id(line.relay, reply.text),
    )
