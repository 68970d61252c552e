"""Programs that are told what happens here, and what each of them was told (Standard Webhooks)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """What may have happened; docs/webhooks.md has a line for each."""

    EDITION_DRAFTED = "edition.drafted"
    EDITION_SKIPPED = "edition.skipped"
    EDITION_AWAITING = "edition.awaiting"
    EDITION_APPROVED = "edition.approved"
    EDITION_RETURNED = "edition.returned"
    EDITION_HELD = "edition.held"
    EDITION_SENDING = "edition.sending"
    EDITION_PAUSED = "edition.paused"
    EDITION_SENT = "edition.sent"
    EDITION_CANCELLED = "edition.cancelled"
    EDITION_EXPIRED = "edition.expired"
    SUBSCRIBER_SUBSCRIBED = "subscriber.subscribed"
    SUBSCRIBER_UNSUBSCRIBED = "subscriber.unsubscribed"
    SUBSCRIBER_SUPPRESSED = "subscriber.suppressed"
    SUBSCRIBER_ERASED = "subscriber.erased"
    AUDIENCE_IMPORTED = "audience.imported"
    PING = "ping"
    """Nothing happened: somebody tries whether an endpoint answers. It goes to that one alone, whatever it wants."""


class EndpointOff(StrEnum):
    """Why an endpoint is told nothing."""

    BY_HAND = "by hand"
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """It took nothing for days."""
    SEALED = "sealed"
    """No key of the installation opens its secret any more."""


class CallState(StrEnum):
    """How far an endpoint was told of an event."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A program that is told. ``url`` may hold a secret; ``secret`` and ``before``, the one it had until
    ``before_until``, are sealed.

    ``failing`` is since when it has taken nothing, None when it took the last; ``rests``: it is told nothing before.
    ``code`` (0: there was none) and ``said`` are of its last answer, at ``answered``. Times in UTC.
    """

    id: int
    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    types: frozenset[EventType]
    by: str
    created: datetime
    before: str = field(default="", repr=False)
    before_until: datetime | None = None
    disabled: datetime | None = None
    why: EndpointOff | None = None
    failing: datetime | None = None
    rests: datetime | None = None
    code: int = 0
    said: str = ""
    answered: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCall:
    """One event of one endpoint. ``event`` counts up; ``message`` is what the endpoint knows the event by.

    ``due`` is when it is told next, None when no more; ``tried`` when it was last, ``code`` and ``said`` what came of
    it. ``at`` is when it happened. Times in UTC.
    """

    endpoint: int
    event: int
    message: str
    type: EventType
    at: datetime
    data: Mapping[str, Any] = field(repr=False)
    state: CallState = CallState.WAITING
    tries: int = 0
    due: datetime | None = None
    tried: datetime | None = None
    code: int = 0
    said: str = ""
