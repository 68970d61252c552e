"""One edition (or post) × one destination: a row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.edition import Rendition


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
class Limits:
    """What a channel takes; None: no limit. ``characters`` are grapheme clusters (UAX 29), ``size`` bytes of UTF-8."""

    characters: int | None = None
    size: int | None = None
    thumbnail: int | None = None
    """Bytes of a card's picture."""


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
    """A positive answer. ``id`` is the server's name for what it took (queue id, record URI), ``code`` its code."""

    server: str
    code: int
    text: str = ""
    enhanced: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery made ready for its channel.

    ``token`` is derived from edition, channel and destination: the Message-ID, the idempotency key, the record key
    rest on it, so that every attempt carries the same. ``slot`` (UTC) is fixed likewise, for records that name a
    time. ``recipient`` is None for posts.
    """

    token: str
    edition: str
    schedule: str
    name: str = ""
    slot: datetime
    rendition: Rendition
    recipient: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the ledger. ``lease`` is the token every update must carry while the row is leased."""

    id: int
    edition: str
    channel: str
    subject: str
    token: str
    state: DeliveryState
    destination: str
    audience: str = ""
    subscriber: int | None = None
    reason: str = ""
    tries: int = 0
    first_try: datetime | None = None
    not_before: datetime | None = None
    lease: str = ""
    code: int = 0
    enhanced: str = ""
    text: str = ""
    server: str = ""
    provider_id: str = ""
    updated: datetime | None = None
