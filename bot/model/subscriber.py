"""Somebody who asked for a digest, and what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What else proves a consent (GDPR, article 7(1)): where it was asked, in which words, when it was confirmed.

    ``form`` names the form (``page``, ``embed``, ``api``, an import's file), ``wording`` the version of the words the
    reader agreed to, ``page`` the URL they stood on. ``ip`` is "" unless the newsroom says that it is kept.
    ``written`` is the date of the consent as an imported file has it, ``imported`` when that file was brought in.
    """

    form: str = ""
    wording: str = ""
    page: str = ""
    requested: datetime | None = None
    confirmed: datetime | None = None
    ip: str = ""
    source: str = ""
    written: str = ""
    imported: datetime | None = None

    @property
    def day(self) -> date | None:
        """The day of the consent, where the file names no hour: it is that day in whatever zone it is shown."""
        try:
            return date.fromisoformat(self.written)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a reader chose of one audience; what is left out is as the newsroom has it.

    ``topics`` are sections or tags; empty: all. ``schedules`` are their ids; None: all of the audience. ``language``
    is BCP 47. ``hour`` (0–23) is the reader's own, in ``timezone`` (IANA). No mail before the day ``paused_until``,
    in that timezone.
    """

    topics: tuple[str, ...] = ()
    schedules: tuple[str, ...] | None = None
    language: str = ""
    hour: int | None = None
    timezone: str = ""
    paused_until: date | None = None

    def __bool__(self) -> bool:
        return self != Preferences()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The proof of one subscription: when (UTC), by what way (``import``, ``command`` …), with what note."""

    at: datetime
    via: str
    note: str = ""
    evidence: Evidence | None = None


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
    preferences: Preferences = Preferences()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a file says of one address in one audience. ``state`` is ``subscribed`` or ``unsubscribed``.

    ``takes_back`` is false when the consent has no date of its own: it proves none newer than an unsubscription.
    ``unsubscribed`` and ``via`` tell when and how somebody left; None and "" for those who did not. ``imported`` is
    when the import began that it is of, by which a file's second row of somebody is known; None where none is told.
    """

    address: str
    audience: str
    consent: Consent
    name: str = ""
    state: str = "subscribed"
    takes_back: bool = True
    preferences: Preferences | None = None
    unsubscribed: datetime | None = None
    via: str = ""
    imported: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that must not be mailed. ``audience`` is "" when it holds for all.

    ``source`` is where it is known from: a file, a mailbox, a provider's webhook, an editor. ``hashed`` is the keyed
    hash of an address that was erased: then ``address`` is "".
    """

    address: str
    reason: str
    at: datetime
    audience: str = ""
    note: str = ""
    source: str = ""
    hashed: str = ""


UNSUBSCRIBED = "unsubscribed"
ERASED = "erased"
LIFTED_BY_READERS = frozenset({UNSUBSCRIBED, ERASED})
"""The reasons of suppressions that readers made by leaving, and lift by coming back of their own, confirmed will.

Not a complaint, a bounce or an editor's word: such addresses get no confirmation at all. One that complained must not
be mailed again because somebody typed it into a form; one that bounced may be a spam trap today. An editor lifts these
(`broadsheet suppressions remove`).
"""


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
