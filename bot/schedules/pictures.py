"""Which copies of its stories' pictures an edition shows."""

from __future__ import annotations

from collections.abc import Iterable

from bot.editions.entry import Pictures, is_web
from bot.model import EditionStory
from bot.schedules.installation import Installation
from bot.store import Transaction


def addresses(stories: Iterable[EditionStory]) -> tuple[str, ...]:
    """Where the pictures of ``stories`` are, each once."""
    urls = (story.article.image.url for story in stories if story.article.image)
    return tuple(dict.fromkeys(url for url in urls if is_web(url)))


def hosted(tx: Transaction, installation: Installation, stories: Iterable[EditionStory]) -> Pictures:
    """The copies to show in the place of the stories' pictures; None where there is none to be shown.

    One that nobody asked for yet, for its story came at the last moment, is not among them.
    """
    if not installation.settings.images.host:
        return {}
    return {url: each.picture for url, each in tx.images.known(addresses(stories)).items()}
