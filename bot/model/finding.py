"""What a look at an edition found before it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from bot.model.checked import Grade, one_line
from bot.model.phrase import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``check`` stays the same from look to look: ``links``, ``size``.

    ``said`` is what holds or does not, ``where`` the evidence (which story, picture, channel) or "", ``fix`` what to do
    next, "" where nothing is needed. Each is a ``Phrase``, or a text from outside; one line, however hostile what it
    quotes.
    """

    check: str
    grade: Grade
    said: str
    where: str = ""
    fix: str = ""

    def __post_init__(self) -> None:
        for name in ("said", "where", "fix"):
            text = getattr(self, name)
            object.__setattr__(self, name, text if isinstance(text, Phrase) else one_line(text))


class Reach(StrEnum):
    """Whether an address answers. Only ``DEAD`` says that readers find nothing there."""

    ANSWERS = "answers"
    DEAD = "dead"
    """404, 410, a host that does not exist or leads inside."""
    REFUSES = "refuses"
    """401, 403, 405, 406, 429 and the like: it lets no program look."""
    SILENT = "silent"
    """No answer in time, a server's own error, no connection."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of addresses that were asked at ``at`` (UTC): URL → (reach, what was said, "" for ``ANSWERS``)."""

    at: datetime
    found: Mapping[str, tuple[Reach, str]]

    def content(self) -> dict[str, Any]:
        """As JSON types."""
        return {"at": self.at.isoformat(), "found": {url: [reach, said] for url, (reach, said) in self.found.items()}}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Self:
        found = {url: (Reach(reach), str(said)) for url, (reach, said) in content["found"].items()}
        return cls(datetime.fromisoformat(content["at"]), found)
