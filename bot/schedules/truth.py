"""What an editor wrote, held against the articles, with what approvers let stand."""

from __future__ import annotations

from bot.editions.gate import TextFinding, looked_at
from bot.model import Edition
from bot.schedules.installation import Installation
from bot.store import Transaction

__all__ = ["TextFinding", "findings_of"]


def findings_of(tx: Transaction, installation: Installation, edition: Edition) -> tuple[TextFinding, ...]:
    """What is found in all that an editor wrote of ``edition``, in its order (``bot.editions.gate.looked_at``)."""
    if not any(story.words.any for story in edition.stories) and edition.words == type(edition.words)():
        return ()
    return looked_at(edition, installation.newsroom, tx.versions.overruled(edition.id))
