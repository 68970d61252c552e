"""What an editor wrote, held against the articles: findings for the desk, and those that stand in the way of a yes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Edition, Overruling
from bot.schedules.installation import Installation
from bot.store import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFinding:
    """Something in an editor's words that the article does not say.

    ``place`` is ``title``, ``summary``, ``alt`` (of the story ``article``), ``subject``, ``preheader`` (article 0) or
    ``post`` (of ``channel`` and ``subject``; ``article`` its story's, 0 when it is of the whole edition).
    ``what`` is ``number``, ``date``, ``name``, ``quotation`` (to fix) or ``sentence`` (to know: ``fix`` is False);
    ``text`` are the words, at ``start`` to ``end`` of the text. ``nearest`` is the article's nearest sentence,
    ``sentence`` its number in ``bot.summaries.source.source_of`` (0: none is near). ``mending`` is what would be true
    in the place of ``text``, "" when nothing is sure. ``key`` names the finding: the same words found again have the
    same. ``overruled``: by whom it was let stand, and why.
    """

    key: str
    place: str
    article: int = 0
    channel: str = ""
    subject: str = ""
    what: str
    fix: bool
    text: str
    start: int
    end: int
    nearest: str = ""
    sentence: int = 0
    mending: str = ""
    overruled: Overruling | None = None

    @property
    def stands_in_the_way(self) -> bool:
        """Whether it is to be fixed, or overruled, before anybody can approve the edition."""
        return self.fix and self.overruled is None


def findings_of(tx: Transaction, installation: Installation, edition: Edition) -> tuple[TextFinding, ...]:
    """What is found in all that an editor wrote of ``edition``, in its order. What nobody changed is not looked at: it
    is the article's own, or passed the gate when it was written.
    """
    raise NotImplementedError
