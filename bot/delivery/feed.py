"""What a channel is given to send, out of the chunks this process holds, and what becomes of each parcel."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.delivery.alarm import Streak
from bot.delivery.ledger import RETRY_SECONDS, Ledger
from bot.delivery.retry import decide
from bot.errors import DeliveryError, OutcomeUnknown
from bot.model import Chunk, DeliveryState, Due, Edition, Outcome, Parcel, Phrase, Receipt, Rendition, cut, said_by
from bot.settings.tables import DeliveryTable
from bot.tokens import KeyRing, delivery_token, delivery_tokens

log = logging.getLogger(__name__)

Watcher = Callable[[Chunk, Outcome], None]
Settled = Callable[[Chunk, Due, Outcome], None]


@dataclass(slots=True, eq=False)
class Held:
    """A chunk this process holds: what of it still waits, and what was taken to be sent.

    ``variant`` is the rendition of a chunk that has one of its own.
    """

    chunk: Chunk
    edition: Edition
    waiting: deque[tuple[Due, str]]
    variant: Rendition | None = None
    out: dict[int, Due] = field(default_factory=dict)
    stopped: bool = False

    @classmethod
    def of(
        cls, chunk: Chunk, edition: Edition, due: list[Due], keys: KeyRing, variant: Rendition | None = None
    ) -> Held:
        """``chunk`` with the token of each delivery that is ``due``."""
        return cls(chunk, edition, deque(zip(due, _tokens(chunk, due, keys), strict=True)), variant)

    def rendition(self, subject: str) -> Rendition | None:
        if self.chunk.variant:
            return self.variant
        return rendition_of(self.edition, self.chunk.channel, subject)


def rendition_of(edition: Edition, channel: str, subject: str) -> Rendition | None:
    """An edition's general rendition for a channel, or an article's."""
    for rendition in edition.renditions:
        if rendition.channel == channel and rendition.subject == subject:
            return rendition
    return None


def _tokens(chunk: Chunk, due: list[Due], keys: KeyRing) -> Iterator[str]:
    if chunk.audience:
        readers = [each.recipient.subscriber for each in due if each.recipient]
        yield from delivery_tokens(keys, chunk.edition, chunk.channel, "", readers)
    else:
        yield from (delivery_token(keys, chunk.edition, chunk.channel, each.subject, 0) for each in due)


class Feed:
    """Parcels of one channel (``bot.channels.base.Feed``). ``claim`` takes the next chunk, or returns None.

    ``tried`` counts the parcels that were settled, ``claimed`` the chunks.
    """

    def __init__(
        self,
        *,
        claim: Callable[[], Held | None],
        ledger: Ledger,
        clock: Clock,
        rules: DeliveryTable,
        stop: Callable[[], bool],
        settled: Settled,
        jitter: Callable[[], float],
    ) -> None:
        self._claim = claim
        self._ledger = ledger
        self._clock = clock
        self._rules = rules
        self._stop = stop
        self._settled = settled
        self._jitter = jitter
        self._current: Held | None = None
        self._held: dict[int, Held] = {}
        self._renditions: dict[tuple[str, str], Rendition | None] = {}
        self._began: dict[int, datetime] = {}
        self._streaks: dict[str, Streak] = {}
        self._dry = False
        self._refused_us = False
        self.tried = 0
        self.claimed = 0

    def take(self) -> Parcel | None:
        while not (self._stop() or self._refused_us or self._ledger.trouble) and self._ledger.fault is None:
            held = self._current
            if held is None or not held.waiting:
                # Asked once: each session that finds nothing would ask again. What is due later is another feed's.
                held = self._current = None if self._dry else self._claim()
                if held is None:
                    self._dry = True
                    return None
                self.claimed += 1
                if not held.waiting:
                    self._ledger.release(held.chunk)
                continue
            due, token = held.waiting.popleft()
            parcel = self._parcel(held, due, token)
            if parcel:
                held.out[due.id] = due
                self._held[due.id] = held
                return parcel
        return None

    def _parcel(self, held: Held, due: Due, token: str) -> Parcel | None:
        edition = held.edition
        rendition = held.variant
        if rendition is None:
            key = (edition.id, held.chunk.variant or due.subject)
            if key not in self._renditions:
                self._renditions[key] = held.rendition(due.subject)
            rendition = self._renditions[key]
        if rendition is None:
            self._ledger.pause(edition.id, f"it has no rendition for {held.chunk.channel}")
            self.stop(held)
            return None
        return Parcel.of(edition, rendition, token, recipient=due.recipient, delivery=due.id)

    def give_back(self, parcel: Parcel, not_before: datetime | None = None) -> None:
        held = self._held[parcel.delivery]
        if not_before:
            self._ledger.postpone(held.chunk, parcel.delivery, not_before)
        elif held is self._current and not held.stopped:
            # What comes back later waits for the chunk's next holder.
            held.waiting.appendleft((held.out[parcel.delivery], parcel.token))
        self._done(parcel.delivery)

    async def ahead(self, parcel: Parcel) -> bool:
        held = self._held[parcel.delivery]
        self._began[parcel.delivery] = self._clock()
        allowed = await self._ledger.ahead(held.chunk, held.out[parcel.delivery])
        if not allowed:
            del self._began[parcel.delivery]
            self._done(parcel.delivery)
        return allowed

    def settle(self, parcel: Parcel, answer: Receipt | Exception, *, elsewhere: bool = False) -> timedelta:
        now = self._clock()
        held = self._held[parcel.delivery]
        due = held.out[parcel.delivery]
        began = self._began.pop(parcel.delivery, None)
        if isinstance(answer, Receipt):
            outcome, rest = _accepted(due, answer, began or now, now), timedelta(0)
            if held.chunk.audience:
                self._streak(held).accepted(due.id)
        else:
            outcome, rest = self._refused(held, due, answer, began or now, now, elsewhere)
        self._ledger.settle(outcome, refused=None if began else held.chunk)
        self._settled(held.chunk, due, outcome)
        self.tried += 1
        self._done(parcel.delivery)
        return rest

    def _refused(
        self, held: Held, due: Due, error: Exception, began: datetime, now: datetime, elsewhere: bool
    ) -> tuple[Outcome, timedelta]:
        if not isinstance(error, DeliveryError):
            # A fault of the program says nothing of what went out: unknown, and nothing more until somebody looked.
            log.error("delivery %s: the channel %s failed", due.id, held.chunk.channel, exc_info=error)
            fault = type(error).__name__
            error = OutcomeUnknown(
                Phrase("%(channel)s: %(fault)s in the program; see the log", channel=held.chunk.channel, fault=fault)
            )
            self._pause(held, said_by(error))
        decision = decide(
            error,
            tries=due.tries,
            first_try=due.first_try or began,
            now=now,
            first_wait=self._rules.retry_after,
            life=self._rules.give_up_after,
            jitter=self._jitter(),
            elsewhere=elsewhere,
        )
        alarm = ""
        if decision.refused and held.chunk.audience:
            alarm = self._streak(held).refused(due.id, " ".join(filter(None, (str(error.code or ""), error.enhanced))))
        if decision.pause or alarm:
            self._pause(held, decision.pause or alarm)
        outcome = Outcome(
            delivery=due.id,
            attempt=due.attempt,
            state=decision.state,
            began=began,
            ended=now,
            reason=cut(said_by(error), 500),
            not_before=decision.not_before,
            server=error.server,
            code=error.code,
            enhanced=error.enhanced,
            text=str(error),
            counts=decision.counts,
        )
        return outcome, decision.cool

    def _pause(self, held: Held, reason: str) -> None:
        if held.chunk.audience:
            self._ledger.pause(held.chunk.edition, reason)
        else:
            # A network that refuses one post of ours refuses all, and what else the edition has is not its matter.
            self._ledger.pause_channel(held.chunk.channel, reason)
            self._refused_us = True
        self.stop(held)

    async def written(self) -> None:
        """Waits until all is committed that was said so far, unless the store is in trouble."""
        said = self._ledger.said()
        while not (said.done() or self._ledger.trouble or self._ledger.fault):
            await asyncio.wait([said], timeout=RETRY_SECONDS)

    def _streak(self, held: Held) -> Streak:
        streak = self._streaks.get(held.chunk.edition)
        if streak is None:
            streak = self._streaks[held.chunk.edition] = Streak(self._rules.refused_share)
        return streak

    def stop(self, held: Held) -> None:
        """Sends no more of a chunk: what of it was not taken yet goes back."""
        held.stopped = True
        held.waiting.clear()
        if not held.out:
            self._release(held)

    def close(self) -> None:
        """Gives back what was not taken. Nothing may be out any more: what is had no answer, its carrier broke off."""
        left = dict.fromkeys(self._held.values())
        if self._current and self._current.waiting:
            left[self._current] = None
        self._current = None
        self._held.clear()
        self._began.clear()
        for held in left:
            held.waiting.clear()
            held.out.clear()
            self._release(held)

    def _done(self, delivery: int) -> None:
        held = self._held.pop(delivery)
        del held.out[delivery]
        if not held.out and not held.waiting:
            self._release(held)

    def _release(self, held: Held) -> None:
        if held is self._current:
            self._current = None
        self._ledger.release(held.chunk)


def _accepted(due: Due, receipt: Receipt, began: datetime, ended: datetime) -> Outcome:
    return Outcome(
        delivery=due.id,
        attempt=due.attempt,
        state=DeliveryState.ACCEPTED,
        began=began,
        ended=ended,
        server=receipt.server,
        code=receipt.code,
        enhanced=receipt.enhanced,
        text=receipt.text,
        provider_id=receipt.id,
    )
