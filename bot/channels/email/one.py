"""A feed of one parcel that no ledger knows: a test message."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.errors import DeliveryError, ServerBusy
from bot.model import Parcel, Phrase, Receipt


class One:
    """Gives its parcel once (``bot.channels.base.Feed``), and keeps what became of it."""

    def __init__(self, parcel: Parcel) -> None:
        self._parcel: Parcel | None = parcel
        self._answer: Receipt | Exception | None = None

    def take(self) -> Parcel | None:
        parcel, self._parcel = self._parcel, None
        return parcel

    def give_back(self, parcel: Parcel, not_before: datetime | None = None) -> None:
        if not_before is None:
            self._parcel = parcel
        else:
            self._answer = ServerBusy(
                Phrase("its limit lets no more go before %(time)s UTC", time=f"{not_before:%H:%M}")
            )

    async def ahead(self, parcel: Parcel) -> bool:  # noqa: ARG002
        return True

    def settle(self, parcel: Parcel, answer: Receipt | Exception, *, elsewhere: bool = False) -> timedelta:
        self._answer = answer
        busy = isinstance(answer, ServerBusy)
        if busy and elsewhere:
            self._parcel = parcel
        return timedelta(seconds=1) if busy else timedelta(0)

    def receipt(self) -> Receipt:
        """The positive answer. Raises ``DeliveryError``, or what the channel failed by."""
        if isinstance(self._answer, Receipt):
            return self._answer
        raise self._answer or DeliveryError(Phrase("no server takes it now; try again in a while"), permanent=False)
