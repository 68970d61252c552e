"""The articles that an editor may still take into an edition."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.editions.compose import reason_of
from bot.errors import NotFound
from bot.model import Article
from bot.schedules.installation import Installation
from bot.store import Transaction
from bot.store.headlines import Look, Place

_DAY = timedelta(days=1)
_LOOKED_AT = 1_000
"""Articles that are looked at, the newest whose titles have the words."""
_AT_ONCE = 50


def addable(installation: Installation, edition: str, text: str = "", *, limit: int = 20) -> list[tuple[Article, str]]:
    """Articles of the edition's window that it does not tell, newest first, each with why it was not picked ("").

    ``text``: only those whose titles have all of its words.
    """
    wanted = text.casefold().split()
    with installation.store.read() as tx:
        found = tx.editions.get(edition)
        if found is None:
            raise NotFound(f"there is no edition {edition}")
        table = installation.settings.schedules.get(found.schedule)
        since = found.created - (table.selection.max_age if table else _DAY) - _DAY
        report = tx.editions.report(edition)
        told = {each for story in found.stories for each in story.article_ids}
        articles = _able(tx, wanted, since, told, limit)
    why = {each["id"]: reason_of(each) for each in report.get("rejections") or ()}
    return [(each, why.get(each.id, "")) for each in articles]


def _able(
    tx: Transaction, wanted: Collection[str], since: datetime, told: Collection[int], limit: int
) -> list[Article]:
    """By their headlines, some at a time: hundreds of whole articles are not read to show a few."""
    found: list[int] = []
    for looked, each in enumerate(_listed(tx, Look(words=tuple(wanted), since=since))):
        if len(found) == limit or looked == _LOOKED_AT:
            break
        found += [each] if each not in told else []
    return tx.articles.those(found)


def _listed(tx: Transaction, look: Look) -> Iterator[int]:
    """The articles that were not withdrawn, the newest first."""
    place: Place | None = look.after
    while True:
        page = tx.headlines.look(replace(look, after=place), _AT_ONCE)
        yield from (each.id for each in page.articles if not each.withdrawn)
        if page.further is None:
            return
        place = page.further
