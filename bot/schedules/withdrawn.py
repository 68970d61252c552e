"""Stories that the newsroom withdraws while an edition that goes out still waits for its readers' own hours.

An edition that is being sent is not made anew: some readers have it. A person decides.
"""

from __future__ import annotations

from datetime import datetime

from bot.delivery.sending import pause
from bot.model import EditionState, Phrase, Several, cut
from bot.schedules.installation import Installation
from bot.store import Transaction


def stop_withdrawn(installation: Installation, now: datetime) -> list[str]:
    """Pauses such editions, each once for the same stories; returns their ids. Who resumes it sends it all the same."""
    with installation.store.read() as tx:
        sending = tx.editions.newest(states=[EditionState.SENDING], limit=1000)
        waiting = [each.id for each in sending if tx.deliveries.waiting(each.id, now)]
        found = {each: gone for each in waiting if (gone := _withdrawn(tx, each))}
    return [edition for edition, gone in found.items() if _stop(installation, edition, gone, now)]


def _withdrawn(tx: Transaction, edition: str) -> list[str]:
    held = tx.editions.get(edition)
    assert held is not None
    current = ((story.article.title, tx.articles.get(story.article.id)) for story in held.stories)
    return [title for title, article in current if article is not None and article.withdrawn]


def _stop(installation: Installation, edition: str, gone: list[str], now: datetime) -> bool:
    reason = Phrase(
        "withdrawn while readers wait for their own hour: %(titles)s; cancel it, or resume it to send it all the same",
        titles=Several(tuple(Phrase("“%(title)s”", title=title) for title in gone)),
    )
    with installation.store.write() as tx:
        tx.editions.lock(edition)
        told = any(
            act.what == "pause" and act.note == cut(reason, 500) for act in tx.acts.newest(thing=f"edition:{edition}")
        )
        return not told and pause(tx, edition, reason, now)
