"""What a row of a file can say, and the cells that all files of addresses have."""

from __future__ import annotations

import re
import unicodedata
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
_YES = frozenset(
    (
        "yes", "y", "true", "1", "x", "on", "ok", "okay", "agreed", "ja", "j", "wahr", "zugestimmt", "✓", "✔", "☑",
        "✅", "はい", "○", "◯", "有", "同意", "同意する", "同意します", "نعم", "موافق", "موافقة", "أوافق", "صح",
    )
)  # fmt: skip
# In Japan the cross is a no.
_NO = frozenset(
    (
        "no", "n", "false", "0", "off", "-", "–", "nein", "falsch", "abgelehnt", "✗", "✘", "☐", "❌", "いいえ", "×",
        "無", "同意しない", "同意しません", "لا", "غير موافق", "خطأ",
    )
)  # fmt: skip
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


def agrees(text: str) -> bool | None:
    """What a cell answers in English, German, Japanese, Arabic, or by a sign; None when it is neither yes nor no."""
    word = unicodedata.normalize("NFKC", text).casefold().strip(" .!")
    return True if word in _YES else False if word in _NO else None


def need_agreement(text: str, *, empty: bool) -> None:
    """Raises ``Wrong`` where a cell does not say that the reader agreed; ``empty``: one without a word says so, too."""
    if not text:
        if empty:
            return
        raise Wrong("", Phrase("did not agree: the cell is empty"))
    answer = agrees(text)
    if answer is None:
        raise Wrong(text, Phrase("neither yes nor no: whether they agreed cannot be told"))
    if not answer:
        raise Wrong(text, Phrase("did not agree"))


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
