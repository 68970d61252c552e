"""Somebody who asked for a digest, and what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The evidence of one subscription: when (UTC), by what way (``import``, ``command`` …), with what note."""

    at: datetime
    via: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One address in one audience. ``state`` is ``subscribed`` or ``unsubscribed``."""

    id: int
    address: str
    audience: str
    state: str
    consent: Consent
    name: str = ""
    unsubscribed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that must not be mailed. ``audience`` is "" when it holds for all."""

    address: str
    reason: str
    at: datetime
    audience: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something a person or the program decided. ``thing`` names what, e.g. ``edition:k7f3q9xd``."""

    at: datetime
    who: str
    what: str
    thing: str
    before: str = ""
    after: str = ""
    note: str = ""
