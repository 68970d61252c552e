"""Posts whose outcome nobody knows are settled without anybody where that is safe.

A network that can be asked is asked: what stands there was accepted, what surely does not is posted again. One that
knows our key again is sent the post again with the same key, and an edit or a removal is done again. All else stays
``unknown`` until an editor says.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.acting import may_repeat
from bot.channels.base import Channel, Posting, Recalling
from bot.clock import Clock
from bot.delivery import threads
from bot.delivery.counters import Counters
from bot.delivery.feed import rendition_of
from bot.delivery.pausing import moved_at, pause_channel
from bot.delivery.retry import GROWTH, LONGEST_WAIT
from bot.delivery.sending import PROGRAM
from bot.delivery.shelf import Shelf
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Act, DeliveryState, Doubt, EditionState, Idempotency, Outcome, Parcel, Phrase, Receipt, said_by
from bot.settings.tables import DeliveryTable
from bot.store import Store, Transaction
from bot.store.deliveries import CANCELLED
from bot.store.flags import PAUSED
from bot.tokens import KeyRing, delivery_token

DELAY = timedelta(seconds=30)
"""Before a network is asked first: some show a post only after seconds."""
LIFE = timedelta(days=1)
"""How long one is asked; then the post stays unknown for an editor."""
LEASE = timedelta(minutes=5)
"""How long nobody else asks for a post that is being asked for."""
AT_ONCE = 20
"""Posts of a channel that are settled in one look; the next one finds the others."""

STANDS = Phrase("asked for, it stands there")
AGAIN = Phrase("asked for, it does not stand there: it is sent again")
GONE = Phrase("asked for, it does not stand there: the edition was cancelled")

log = logging.getLogger(__name__)


@dataclass
class Recaller:
    """Settles the unknown posts of ``channels``, each under a lease: two processes never ask, or send, at once."""

    store: Store
    channels: Mapping[str, Channel]
    keys: KeyRing
    clock: Clock
    rules: DeliveryTable
    counters: Counters

    async def look(self, channel: str, edition: str = "") -> ServerBusy | None:
        """Settles what can be of one channel now; returns how its network said that it has had enough.

        Raises ``StoreError``.
        """
        found = self.channels[channel]
        knows_key = isinstance(found, Posting) and found.idempotency is Idempotency.KEY
        moved = self._moved(channel)
        for doubt in self._due(channel, edition):
            if moved and doubt.began < moved:
                # It may stand on the account before, which nobody can ask any more.
                self._later(doubt, LIFE)
                continue
            parcel = self._parcel(doubt)
            same = parcel and (may_repeat(parcel) or (knows_key and not isinstance(found, Recalling)))
            if same and self.clock() - doubt.first_try < self.rules.give_up_after:
                self._again(doubt)
            elif same or parcel is None or not isinstance(found, Recalling):
                # An editor's: it is not looked at any more.
                self._later(doubt, LIFE)
            elif self.clock() - doubt.since >= DELAY and self._taken(doubt):
                busy = await self._asked(found, doubt, parcel)
                if busy or self._stopped(channel):
                    return busy
        return None

    def _due(self, channel: str, edition: str) -> Sequence[Doubt]:
        with self.store.read() as tx:
            # Nothing is sent again meanwhile, so nothing is asked for.
            if tx.flags.get(PAUSED) or tx.flags.held() or tx.channels.paused([channel]):
                return []
            due = tx.recalls.due([channel], self.clock(), life=LIFE, edition=edition)
        return due[:AT_ONCE]

    def _moved(self, channel: str) -> datetime | None:
        with self.store.read() as tx:
            return moved_at(tx, channel)

    def _stopped(self, channel: str) -> bool:
        with self.store.read() as tx:
            return bool(tx.channels.paused([channel]))

    def _taken(self, doubt: Doubt) -> bool:
        now = self.clock()
        with self.store.write() as tx:
            return tx.recalls.take(doubt, now, now + LEASE)

    async def _asked(self, channel: Recalling, doubt: Doubt, parcel: Parcel) -> ServerBusy | None:
        try:
            receipt = await channel.recall(parcel, doubt.began)
        except OutcomeUnknown as error:
            log.info("delivery %s: %s does not tell what became of it: %s", doubt.delivery, doubt.channel, error)
            # Beyond its life it is not asked for any more.
            self._later(doubt, LIFE)
        except ChannelRefused as error:
            with self.store.write() as tx:
                pause_channel(tx, doubt.channel, said_by(error), self.clock())
                tx.recalls.put_off(doubt, self.clock())
        except DeliveryError as error:
            self._later(doubt, timedelta(seconds=min(error.retry_after or 0, LIFE.total_seconds())))
            return error if isinstance(error, ServerBusy) else None
        except Exception:
            log.exception("delivery %s: the channel %s failed when it was asked for", doubt.delivery, doubt.channel)
            self._later(doubt, LONGEST_WAIT)
        else:
            self._settle(doubt, receipt)
        return None

    def _later(self, doubt: Doubt, wait: timedelta) -> None:
        """Waits for as long again as it is unknown already, so that the waits double."""
        now = self.clock()
        grown = min(max(now - doubt.since, DELAY), LONGEST_WAIT)
        with self.store.write() as tx:
            tx.recalls.put_off(doubt, now + max(grown, wait))

    def _settle(self, doubt: Doubt, receipt: Receipt | None) -> None:
        now = self.clock()
        with self.store.write() as tx:
            state = tx.editions.lock(doubt.edition)
            if receipt:
                outcome = _accepted(doubt, receipt, now)
            else:
                outcome = _absent(doubt, state, now)
                self._open_again(tx, doubt, state, now)
            settled = tx.recalls.settle(doubt, outcome, now)
        if receipt and settled:
            self.counters.settled(doubt.channel, outcome)

    def _again(self, doubt: Doubt) -> None:
        now = self.clock()
        wait = min(self.rules.retry_after * GROWTH ** min(max(doubt.tries - 1, 0), 10), LONGEST_WAIT)
        with self.store.write() as tx:
            state = tx.editions.lock(doubt.edition)
            if state is EditionState.CANCELLED:
                tx.recalls.put_off(doubt, now + LIFE)
                return
            self._open_again(tx, doubt, state, now)
            tx.recalls.send_again(doubt, now, now + wait)

    def _open_again(self, tx: Transaction, doubt: Doubt, state: EditionState | None, now: datetime) -> None:
        if state is not EditionState.SENT or not tx.recalls.is_open(doubt):
            return
        tx.editions.move(doubt.edition, to=EditionState.SENDING, since=[state], now=now)
        note = Phrase(
            "delivery %(delivery)s on %(channel)s is sent again: it was unknown, and doing so is safe",
            delivery=str(doubt.delivery),
            channel=doubt.channel,
        )
        thing = f"edition:{doubt.edition}"
        tx.acts.add(Act(at=now, who=PROGRAM, what="recall", thing=thing, before=state, after="sending", note=note))

    def _parcel(self, doubt: Doubt) -> Parcel | None:
        """As it was sent; None when nobody knows that any more."""
        shelf = Shelf(self.store)
        edition = shelf.edition(doubt.edition)
        rendition = rendition_of(edition, doubt.channel, doubt.subject)
        if rendition is None:
            return None
        token = delivery_token(self.keys, edition.id, doubt.channel, doubt.subject, 0)
        parcel = Parcel.of(edition, rendition, token, delivery=doubt.delivery)
        with self.store.read() as tx:
            stands = threads.standing(tx, parcel, self.clock())
        return stands.parcel if isinstance(stands, threads.Ready) else parcel


def _accepted(doubt: Doubt, receipt: Receipt, now: datetime) -> Outcome:
    return Outcome(
        delivery=doubt.delivery,
        attempt=doubt.attempt,
        state=DeliveryState.ACCEPTED,
        began=doubt.began,
        ended=now,
        server=receipt.server,
        code=receipt.code,
        text=receipt.text or STANDS,
        provider_id=receipt.id,
    )


def _absent(doubt: Doubt, state: EditionState | None, now: datetime) -> Outcome:
    gone = state is EditionState.CANCELLED
    return Outcome(
        delivery=doubt.delivery,
        attempt=doubt.attempt,
        state=DeliveryState.CANCELLED if gone else DeliveryState.PENDING,
        began=doubt.began,
        ended=now,
        reason=CANCELLED if gone else "",
        text=GONE if gone else AGAIN,
        counts=False,
    )
