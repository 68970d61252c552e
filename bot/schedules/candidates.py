"""The articles that an editor may still take into an edition."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from bot.editions.compose import reason_of
from bot.errors import NotFound
from bot.model import Article
from bot.schedules.installation import Installation

_DAY = timedelta(days=1)
_LOOKED_AT = 1_000
"""Articles among which titles are looked for, the newest."""


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
        articles = tx.articles.newest(since=since, limit=_LOOKED_AT)
        report = tx.editions.report(edition)
    told = {each for story in found.stories for each in story.article_ids}
    why = {each["id"]: reason_of(each) for each in report.get("rejections") or ()}
    able = (
        (each, why.get(each.id, ""))
        for each in articles
        if each.id not in told and not each.withdrawn and all(word in each.title.casefold() for word in wanted)
    )
    return list(islice(able, limit))
