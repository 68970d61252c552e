"""One edition (or post) × one destination: a row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from bot.model.edition import Edition, Rendition
from bot.model.posting import Quota


class DeliveryState(StrEnum):
    """The states of docs/design.md, "Delivery: states of the ledger"."""

    PENDING = "pending"
    SUPPRESSED = "suppressed"
    EXCLUDED = "excluded"
    LEASED = "leased"
    ATTEMPTING = "attempting"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Work is left: the edition is not sent yet."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the snapshot names the deliveries of readers who chose alike: ``pending``, or ``excluded`` with a reason.

    ``variant`` is the subject of the rendition they get ("": the general one), ``not_before`` (UTC) their own hour.
    """

    state: DeliveryState = DeliveryState.PENDING
    reason: str = ""
    variant: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A subscriber as the audience snapshot took them."""

    subscriber: int
    address: str
    audience: str
    name: str = ""
    subscribed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A positive answer. ``id`` is the server's name for what it took (queue id, record URI), ``code`` its code.

    ``quota`` is what it said of how much more it takes; None: nothing.
    """

    server: str
    code: int
    text: str = ""
    enhanced: str = ""
    id: str = ""
    quota: Quota | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery made ready for its channel.

    ``token`` is derived from edition, channel and destination: the Message-ID, the idempotency key, the record key
    rest on it, so that every attempt carries the same. ``slot`` (UTC) is fixed likewise, for records that name a
    time. ``recipient`` is None for posts. ``delivery`` is its id in the ledger, 0 for what the ledger does not know.
    """

    token: str
    edition: str
    schedule: str
    name: str = ""
    slot: datetime
    rendition: Rendition
    recipient: Recipient | None = None
    delivery: int = 0

    @classmethod
    def of(
        cls,
        edition: Edition,
        rendition: Rendition,
        token: str,
        *,
        recipient: Recipient | None = None,
        delivery: int = 0,
    ) -> Self:
        """``rendition`` of ``edition``, ready to be sent under ``token``."""
        return cls(
            token=token,
            edition=edition.id,
            schedule=edition.schedule,
            name=edition.name,
            slot=edition.slot,
            rendition=rendition,
            recipient=recipient,
            delivery=delivery,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A run of an edition's deliveries on one channel, as one worker holds it.

    ``first`` and ``last`` are ids of deliveries, ``lease`` is the token that each of their attempts must name.
    ``variant`` is the subject of the rendition that all of them get; "": the delivery's own.
    """

    id: int
    edition: str
    channel: str
    audience: str
    first: int
    last: int
    lease: str
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery whose time has come, as the holder of its chunk works on it.

    ``attempt`` is the number that its next attempt will have; ``tries`` are the earlier ones that count.
    """

    id: int
    subject: str
    attempt: int
    tries: int
    first_try: datetime | None
    recipient: Recipient | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A post whose outcome nobody knows: its attempt ``began`` then and is ``unknown`` ``since``. Times in UTC.

    ``attempt`` is that attempt's number, ``tries`` how many counted, ``first_try`` when the first one began.
    """

    delivery: int
    edition: str
    channel: str
    subject: str
    attempt: int
    tries: int
    first_try: datetime
    began: datetime
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, as it is written to the ledger. Times in UTC; ``text`` is the server's, cut to 500.

    ``attempt`` is the attempt's number: an outcome of an older one changes nothing. ``counts``: whether it counts as
    a try of this destination.
    """

    delivery: int
    attempt: int
    state: DeliveryState
    began: datetime
    ended: datetime
    reason: str = ""
    not_before: datetime | None = None
    server: str = ""
    code: int = 0
    enhanced: str = ""
    text: str = ""
    provider_id: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the ledger. What the server said is that of its newest attempt."""

    id: int
    edition: str
    channel: str
    subject: str
    state: DeliveryState
    destination: str
    audience: str = ""
    subscriber: int | None = None
    reason: str = ""
    attempts: int = 0
    tries: int = 0
    first_try: datetime | None = None
    not_before: datetime | None = None
    code: int = 0
    enhanced: str = ""
    text: str = ""
    server: str = ""
    provider_id: str = ""
    updated: datetime | None = None
