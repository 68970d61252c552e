"""What a row of a file can say, and the cells that all files of addresses have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.audience.csv_file import Refusal, moment
from bot.model import Enrolment, Phrase, Suppression
from bot.settings import is_address


@dataclass(frozen=True, slots=True)
class Passed:
    """A row that is none of ours to take: ``why`` is ``unconfirmed`` or ``elsewhere`` (of another audience)."""

    line: int
    why: str


Said = Enrolment | Suppression | Passed | Refusal
"""What a row says, or why it can't be taken."""


# A language with a script, a region or neither (RFC 5646 §2.1); what else a tag may hold, no page of ours asks for.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?")
_NO_DATE = Phrase("not a date such as 2026-11-24 or 2026-11-24T07:00+01:00")


class Wrong(Exception):
    """A cell cannot be taken: what stands in it, and why."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(reason)
        self.value = value
        self.reason = reason


def read_address(written: str) -> str:
    """The address of a cell: its domain in small letters, the local part as it was given. Raises ``Wrong``."""
    local, at, domain = written.rpartition("@")
    address = f"{local}{at}{domain.lower()}"
    if not address:
        raise Wrong("", Phrase("no address"))
    if not is_address(address):
        raise Wrong(written, Phrase("not a mail address"))
    return address


def read_moment(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment of a cell (``csv_file.moment``), None for "". Raises ``Wrong``, also for one that is still to come."""
    try:
        found = moment(text, zone)
    except ValueError as error:
        raise Wrong(text, _NO_DATE) from error
    need_past(found, now, text)
    return found


def read_departure(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment of a cell that says when somebody left, None for "". Raises ``Wrong``.

    Never a later one than ``now``: exports tell it in their account's time, without saying which. A row of somebody
    who must not be mailed is not refused for that.
    """
    try:
        found = moment(text, zone)
    except ValueError as error:
        raise Wrong(text, _NO_DATE) from error
    return min(found, now) if found else None


def read_language(text: str) -> str:
    """The language of a cell, such as ``pt-BR``, "" for "". Raises ``Wrong``."""
    if text and not _LANGUAGE.fullmatch(text):
        raise Wrong(text, Phrase("not a language such as en or pt-BR"))
    return text.replace("_", "-")


def need_past(at: datetime | None, now: datetime, written: str = "") -> None:
    """Raises ``Wrong`` for a moment that is still to come."""
    if at and at > now:
        # It would outdo every unsubscription until then.
        raise Wrong(written or at.isoformat(), Phrase("a date in the future: nobody can have agreed by then"))
