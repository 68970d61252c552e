"""How heavy an edition's mail is, and what to cut of one that is too heavy for Gmail."""

from __future__ import annotations

from dataclasses import dataclass

from bot.editions.digest import LARGE, LARGEST
from bot.model import Email


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
            noun = "story" if self.surplus == 1 else "stories"
            return (
                f"{self.surplus} {noun} too many: its mail would have more than {LARGEST // 1000} kB, and Gmail clips "
                f"one at 102 kB; it holds the first {self.fit}, the web version all"
            )
        if self.size > LARGE:
            return f"its mail has {self.size // 1000} kB of the {LARGEST // 1000} kB that Gmail shows"
        return ""

    @property
    def fix(self) -> str:
        if self.grave:
            return f"set selection.maximum = {self.fit} or fewer, or take the template headlines"
        if self.size > LARGE:
            # What stands around the stories has some 20 kB.
            each = max(1, (self.size - 20_000) // max(1, self.fit))
            fewer = -(-(self.size - LARGE) // each)
            return (
                f"{fewer} {'story' if fewer == 1 else 'stories'} fewer would do" if fewer < self.fit else "shorten them"
            )
        return ""


def weight(email: Email, stories: int) -> Weight:
    """The weight of ``email``, made of ``stories`` stories."""
    return Weight(len(email.html.encode()), stories - email.left_out, email.left_out)
