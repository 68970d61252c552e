"""How heavy an edition's mail is, and what to cut of one that is too heavy for Gmail."""

from __future__ import annotations

from dataclasses import dataclass

from bot.editions.digest import LARGE, LARGEST
from bot.model import Email, Phrase, plural


@dataclass(frozen=True, slots=True)
class Weight:
    """``size`` in bytes of HTML. ``fit`` of the stories stand in it; ``surplus`` had no room, and are on the page only.

    ``said`` and ``fix`` are "" when the mail is light enough. ``grave``: stories were left out.
    """

    size: int
    fit: int
    surplus: int

    @property
    def grave(self) -> bool:
        return self.surplus > 0

    @property
    def said(self) -> str:
        if self.grave:
            return plural(
                self.surplus,
                "%(count)s story too many: its mail would have more than %(most)s kB, and Gmail clips one at 102 kB; "
                "it holds the first %(fit)s, the web version all",
                "%(count)s stories too many: its mail would have more than %(most)s kB, and Gmail clips one at 102 kB; "
                "it holds the first %(fit)s, the web version all",
                most=LARGEST // 1000,
                fit=self.fit,
            )
        if self.size > LARGE:
            size, most = self.size // 1000, LARGEST // 1000
            return Phrase("its mail has %(size)s kB of the %(most)s kB that Gmail shows", size=size, most=most)
        return ""

    @property
    def fix(self) -> str:
        if self.grave:
            return Phrase("set selection.maximum = %(fit)s or fewer, or take the template headlines", fit=self.fit)
        if self.size > LARGE:
            # What stands around the stories has some 20 kB.
            each = max(1, (self.size - 20_000) // max(1, self.fit))
            fewer = -(-(self.size - LARGE) // each)
            if fewer >= self.fit:
                return Phrase("shorten them")
            return plural(fewer, "%(count)s story fewer would do", "%(count)s stories fewer would do")
        return ""


def weight(email: Email, stories: int) -> Weight:
    """The weight of ``email``, made of ``stories`` stories."""
    return Weight(len(email.html.encode()), stories - email.left_out, email.left_out)
