"""What a language model made of an article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import regex

_UNSEEN = regex.compile(r"\p{C}+")


class TextKind(StrEnum):
    """What a machine's text is for."""

    SUMMARY = "summary"
    SUBJECT = "subject"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A machine's text of one ``kind`` about one revision of an article, by its fingerprint.

    ``text`` "": there is none, and ``reason`` says why in a line. ``settled``: asking again would not change it.
    ``at`` is the store's, in UTC.
    """

    fingerprint: str
    kind: TextKind
    text: str = ""
    reason: str = ""
    settled: bool = True
    at: datetime | None = None

    def __post_init__(self) -> None:
        # It quotes what a model or its endpoint said, which must move no cursor and break no store.
        object.__setattr__(self, "reason", " ".join(_UNSEEN.sub(" ", self.reason).split()))
