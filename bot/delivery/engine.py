"""The embedded engine: claims what is due, writes ahead, sends, writes the outcome. The only place that sends.

The order is what keeps a send from going out twice or not at all (docs/design.md, invariant 2): a delivery is
``attempting``, committed, before its channel is asked to send; whatever the channel then says is written with the
lease's token. After a crash ``leased`` rows go back to ``pending``, ``attempting`` rows are ``unknown``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.channels.base import Channel
from bot.clock import Clock
from bot.delivery import owner
from bot.delivery.retry import decide
from bot.delivery.sending import close_if_done, pause
from bot.errors import DeliveryError, LeaseLost, NotFound, OutcomeUnknown
from bot.model import Delivery, DeliveryState, Edition, EditionState, Parcel, Recipient, Rendition
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.store.deliveries import Outcome
from bot.tokens import KeyRing, delivery_token

LEASE = timedelta(minutes=10)
BATCH = 20
"""Deliveries claimed at once, for each of a channel's connections."""

log = logging.getLogger(__name__)

Watcher = Callable[[Delivery, Outcome], None]
Ended = Callable[[str, EditionState], None]
"""Told of an edition that was sent, or paused, by its id."""


def _untold(_edition: str, _state: EditionState) -> None:
    return None


def _unwatched(_delivery: Delivery, _outcome: Outcome) -> None:
    return None


@dataclass
class Engine:
    """Delivers through open channels. ``stop`` is asked between deliveries; true lets what is in flight finish."""

    store: Store
    channels: Mapping[str, Channel]
    keys: KeyRing
    clock: Clock
    rules: DeliveryTable
    stop: Callable[[], bool] = lambda: False
    watch: Watcher = _unwatched
    ended: Ended = _untold
    jitter: Callable[[], float] = random.random
    _cool_until: dict[str, datetime] = field(default_factory=dict)
    _editions: dict[str, Edition] = field(default_factory=dict)
    _consumed: set[str] = field(default_factory=set)

    def recover(self) -> tuple[int, int]:
        """Takes back what dead workers left; returns how many (pending again, unknown)."""
        now = self.clock()
        with self.store.read() as tx:
            owners = tx.deliveries.owners()
        dead = [each for each in owners if owner.has_died(each)]
        if not dead and all(until >= now for until in owners.values()):
            return 0, 0
        with self.store.write() as tx:
            return tx.deliveries.recover(dead=dead, now=now)

    async def deliver(self, edition: str = "") -> int:
        """Sends all that is due now, of one edition or of all ("") that are being sent; returns how many it tried.

        Editions with nothing left become ``sent``. What is deferred stays for a later call.
        """
        self.recover()
        self._editions.clear()
        drains = (self._drain(name, edition) for name in self.channels)
        ended = await asyncio.gather(*drains, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure
        tried = sum(each for each in ended if isinstance(each, int))
        if self.rules.unknown == "resend":
            self._resend_unknown()
        self._close(edition)
        return tried

    def _resend_unknown(self) -> None:
        now = self.clock()
        with self.store.write() as tx:
            tx.deliveries.resend_unknown(
                now, since=now - self.rules.give_up_after, not_before=now + self.rules.retry_after
            )

    def _close(self, edition: str) -> None:
        with self.store.read() as tx:
            sending = [each.id for each in tx.editions.newest(states=[EditionState.SENDING], limit=1000)]
        for each in sending:
            if not edition or each == edition:
                self._pause_without_channel(each)
                state = close_if_done(self.store, each, self.clock())
                if state:
                    self.ended(each, state)

    def _pause_without_channel(self, edition: str) -> None:
        """An edition whose channel was taken out of the settings would wait for ever: a person must decide."""
        with self.store.write() as tx:
            lost = [name for name in tx.deliveries.open_channels(edition) if name not in self.channels]
            if lost:
                reason = f"it has deliveries for {', '.join(lost)}, which is no longer in the settings"
                pause(tx, edition, reason, self.clock())

    async def _drain(self, channel: str, edition: str) -> int:
        tried = 0
        while not self.stop() and not self._cooling(channel):
            batch = self._claim(channel, edition)
            if not batch:
                break
            waiting = deque(batch)
            sessions = min(self.channels[channel].connections, len(batch))
            try:
                # All sessions end by themselves, also when one fails: a send in flight is never torn off.
                ended = await asyncio.gather(
                    *(self._session(channel, waiting) for _ in range(sessions)), return_exceptions=True
                )
            finally:
                self._give_back(waiting)
            for failure in ended:
                if isinstance(failure, BaseException):
                    raise failure
            tried += len(batch) - len(waiting)
        return tried

    def _cooling(self, channel: str) -> bool:
        until = self._cool_until.get(channel)
        return until is not None and self.clock() < until

    def _claim(self, channel: str, edition: str) -> list[tuple[Delivery, Recipient | None]]:
        now = self.clock()
        limit = self.channels[channel].connections * BATCH
        with self.store.write() as tx:
            claimed = tx.deliveries.claim(
                channel, owner=owner.this_process(), limit=limit, now=now, until=now + LEASE, edition=edition
            )
            recipients: dict[tuple[int, str], Recipient] = {}
            for audience in {each.audience for each in claimed if each.audience}:
                ids = [each.subscriber for each in claimed if each.audience == audience and each.subscriber]
                for subscriber, recipient in tx.subscribers.recipients(ids, audience).items():
                    recipients[subscriber, audience] = recipient
        return [(each, recipients.get((each.subscriber or 0, each.audience))) for each in claimed]

    def _give_back(self, waiting: Sequence[tuple[Delivery, Recipient | None]]) -> None:
        if waiting:
            with self.store.write() as tx:
                for delivery, _ in waiting:
                    tx.deliveries.give_back(delivery, self.clock())

    async def _session(self, channel: str, waiting: deque[tuple[Delivery, Recipient | None]]) -> None:
        while waiting and not self.stop() and not self._cooling(channel):
            if not self._is_sending(waiting[0][0].edition):
                return
            delivery, recipient = waiting.popleft()
            await self._one(self.channels[channel], delivery, recipient)

    def _is_sending(self, edition: str) -> bool:
        with self.store.read() as tx:
            return tx.editions.state(edition) is EditionState.SENDING

    async def _one(self, channel: Channel, delivery: Delivery, recipient: Recipient | None) -> None:
        edition = self._edition(delivery.edition)
        rendition = _rendition(edition, delivery)
        if rendition is None:
            with self.store.write() as tx:
                tx.deliveries.give_back(delivery, self.clock())
                pause(tx, delivery.edition, f"it has no rendition for {delivery.channel}", self.clock())
            return
        destination = str(delivery.subscriber) if delivery.subscriber else ""
        token = delivery_token(self.keys, delivery.edition, delivery.channel, delivery.subject, destination)
        parcel = Parcel(
            token=token,
            edition=edition.id,
            schedule=edition.schedule,
            name=edition.name,
            slot=edition.slot,
            rendition=rendition,
            recipient=recipient,
        )
        began = self.clock()
        try:
            with self.store.write() as tx:
                tx.deliveries.attempt(delivery, token=token, now=began, until=began + LEASE)
                if edition.id not in self._consumed:
                    tx.editions.consume(edition.id)
        except LeaseLost as lost:
            # Cancelled, paused, or taken over between claim and attempt: not ours to send any more.
            log.info("%s", lost)
            with self.store.write() as tx:
                tx.deliveries.give_back(delivery, self.clock())
            return
        self._consumed.add(edition.id)
        outcome, stop_edition = await self._send(channel, parcel, delivery, began)
        with self.store.write() as tx:
            if outcome.state is DeliveryState.DEFERRED and tx.editions.lock(edition.id) is EditionState.CANCELLED:
                outcome = replace(outcome, state=DeliveryState.CANCELLED, not_before=None)
            try:
                tx.deliveries.finish(delivery, outcome)
            except LeaseLost as lost:
                log.warning("%s; its outcome was %s", lost, outcome.state)
            if stop_edition:
                pause(tx, edition.id, stop_edition, self.clock())
        self.watch(delivery, outcome)

    async def _send(self, channel: Channel, parcel: Parcel, delivery: Delivery, began: datetime) -> tuple[Outcome, str]:
        try:
            receipt = await channel.send(parcel)
        except DeliveryError as error:
            return self._refused(error, delivery, began)
        except Exception as error:
            # A fault of the program says nothing of what went out: unknown, and nothing more until somebody looked.
            log.exception("delivery %s: the channel %s failed", delivery.id, delivery.channel)
            fault = OutcomeUnknown(f"{delivery.channel}: {type(error).__name__} in the program; see the log")
            return self._refused(fault, delivery, began)[0], str(fault)
        accepted = Outcome(
            state=DeliveryState.ACCEPTED,
            began=began,
            ended=self.clock(),
            server=receipt.server,
            code=receipt.code,
            enhanced=receipt.enhanced,
            text=receipt.text,
            provider_id=receipt.id,
        )
        return accepted, ""

    def _refused(self, error: DeliveryError, delivery: Delivery, began: datetime) -> tuple[Outcome, str]:
        now = self.clock()
        decision = decide(
            error,
            tries=delivery.tries,
            first_try=delivery.first_try or began,
            now=now,
            first_wait=self.rules.retry_after,
            life=self.rules.give_up_after,
            jitter=self.jitter(),
        )
        if decision.cool:
            self._cool_until[delivery.channel] = now + decision.cool
        outcome = Outcome(
            state=decision.state,
            began=began,
            ended=now,
            reason=str(error)[:500],
            not_before=decision.not_before,
            server=error.server,
            code=error.code,
            enhanced=error.enhanced,
            text=str(error),
            counts=decision.counts,
        )
        return outcome, decision.pause

    def _edition(self, edition: str) -> Edition:
        if edition not in self._editions:
            with self.store.read() as tx:
                found = tx.editions.get(edition)
            if found is None:
                raise NotFound(f"the ledger names the edition {edition}, which is not in the store")
            self._editions[edition] = found
        return self._editions[edition]


def _rendition(edition: Edition, delivery: Delivery) -> Rendition | None:
    for rendition in edition.renditions:
        if rendition.channel == delivery.channel and rendition.subject == delivery.subject:
            return rendition
    return None
