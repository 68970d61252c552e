"""The list of articles as an editor looks through it: small rows, so that a search in 100,000 of them stays short.

A look reads at most ``FAR`` of them, newest first, and says how far back it came: the next look goes on from there.
So each costs the same, whatever the store holds, and words are found anywhere in a title, in every script.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update

from bot.model import Article, Decision
from bot.store.tables import articles, changes, headlines, reservations

FAR = 10_000
"""Articles that one look reads at most."""
_LONGEST = 300
"""Characters of a title, and of the names of sections, that are looked through."""
_H = headlines.c


@dataclass(frozen=True, slots=True)
class Place:
    """Where a look begins: behind this article, published then (UTC)."""

    published: datetime
    article: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What to look for. ``words`` all stand in the title; times in UTC, ``until`` excluded; "" and None: whatever."""

    words: tuple[str, ...] = ()
    source: str = ""
    section: str = ""
    since: datetime | None = None
    until: datetime | None = None
    withdrawn: bool = False
    """Only what was withdrawn."""
    after: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An article in the list. ``told`` is by how many schedules; ``open``: a change after sending is to be decided."""

    id: int
    source: str
    title: str
    url: str
    language: str
    sections: tuple[str, ...]
    authors: tuple[str, ...]
    published: datetime
    revision: int
    withdrawn: bool
    pinned: bool
    told: int = 0
    open: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found, newest first. ``further`` is where the next one begins, None at the end.

    ``gave_up``: it read ``FAR`` articles and stopped there, at ``further``, without having found all that it may show.
    """

    articles: tuple[Listed, ...]
    further: Place | None
    gave_up: bool = False


class Headlines:
    """One small row an article; ``bot.store.articles`` keeps them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, article: int, kept: Article) -> None:
        self._connection.execute(insert(headlines).values(row_of(article, kept)))

    def change(self, article: int, kept: Article) -> None:
        values = row_of(article, kept)
        self._connection.execute(update(headlines).where(_H.article == article).values(**values))

    def mark(self, which: Collection[int], *, withdrawn: bool) -> None:
        """Whether these articles are withdrawn."""
        self._connection.execute(update(headlines).where(_H.article.in_(list(which))).values(withdrawn=withdrawn))

    def look(self, what: Look, limit: int = 50) -> Looked:
        """At most ``limit`` articles that are as ``what`` says."""
        # An index alone tells where a look of this length ends; until there the rows are read in its order.
        query = _near(what, _H.published, _H.article)
        searched = bool(what.words or what.section or what.withdrawn)
        end = self._connection.execute(query.offset(FAR - 1).limit(1)).one_or_none() if searched else None
        if end:
            before = or_(_H.published > end.published, _H.article >= end.article)
            query = query.where(_H.published >= end.published, before)
        for word in what.words:
            query = query.where(self._holds(_H.title, _folded(word)))
        if what.section:
            query = query.where(self._holds(_H.sections, f"\n{_folded(what.section)}\n"))
        if what.withdrawn:
            query = query.where(_H.withdrawn)
        found = self._connection.execute(query.limit(limit + 1)).all()
        listed = self._listed([row.article for row in found[:limit]])
        if len(found) > limit:
            last = found[limit - 1]
            return Looked(listed, Place(last.published, last.article))
        return Looked(listed, Place(end.published, end.article) if end else None, gave_up=end is not None)

    def _holds(self, column: ColumnElement[str], words: str) -> ColumnElement[bool]:
        # Not LIKE, which takes SQLite several times as long.
        find = func.instr if self._connection.dialect.name == "sqlite" else func.strpos
        found: ColumnElement[bool] = find(column, words) > 0
        return found

    def counts(self, sources: Collection[str], since: datetime) -> dict[str, int]:
        """How many articles these sources have published since."""
        query = select(_H.source, func.count()).where(_H.source.in_(list(sources)), _H.published >= since)
        return {row[0]: row[1] for row in self._connection.execute(query.group_by(_H.source))}

    def moments(self, sources: Collection[str], since: datetime, limit: int = 5000) -> list[tuple[str, datetime]]:
        """(source, published) of what these sources have published since, in no order."""
        query = select(_H.source, _H.published).where(_H.source.in_(list(sources)), _H.published >= since)
        return [(row.source, row.published) for row in self._connection.execute(query.limit(limit))]

    def _listed(self, which: Sequence[int]) -> tuple[Listed, ...]:
        if not which:
            return ()
        content = articles.c.content
        query = select(
            articles.c.id,
            articles.c.source,
            articles.c.revision,
            articles.c.published,
            articles.c.withdrawn,
            *(content[name].as_string().label(name) for name in ("title", "url", "language")),
            *(content[name].as_json().label(name) for name in ("sections", "authors")),
            content["pinned"].as_boolean().label("pinned"),
        ).where(articles.c.id.in_(which))
        rows = {row.id: row for row in self._connection.execute(query)}
        told, waiting = self._told(which), self._open(which)
        return tuple(_listed_row(rows[each], told.get(each, 0), each in waiting) for each in which if each in rows)

    def _told(self, which: Sequence[int]) -> Mapping[int, int]:
        query = (
            select(reservations.c.article, func.count())
            .where(reservations.c.article.in_(which), reservations.c.consumed.is_(True))
            .group_by(reservations.c.article)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def _open(self, which: Sequence[int]) -> frozenset[int]:
        query = select(changes.c.article).where(changes.c.article.in_(which), changes.c.decided == Decision.OPEN)
        return frozenset(self._connection.execute(query).scalars())


def row_of(article: int, kept: Article) -> dict[str, Any]:
    """The row of ``article``, as it is kept now."""
    return {
        "article": article,
        "source": kept.source,
        "published": kept.published,
        "withdrawn": kept.withdrawn,
        "title": _folded(kept.title),
        "sections": _folded("".join(f"\n{' '.join(each.split())}" for each in kept.sections)) + "\n",
    }


def _near(what: Look, *columns: ColumnElement[Any]) -> Select[Any]:
    query = select(*columns).order_by(_H.published.desc(), _H.article.desc())
    if what.source:
        query = query.where(_H.source == what.source)
    if what.since:
        query = query.where(_H.published >= what.since)
    if what.until:
        query = query.where(_H.published < what.until)
    if what.after:
        published, article = what.after.published, what.after.article
        # The first condition alone is what an index answers.
        behind = or_(_H.published < published, and_(_H.published == published, _H.article < article))
        query = query.where(_H.published <= published, behind)
    return query


def _folded(text: str) -> str:
    return text.casefold()[:_LONGEST]


def _listed_row(row: Any, told: int, waits: bool) -> Listed:
    return Listed(
        id=row.id,
        source=row.source,
        title=row.title,
        url=row.url,
        language=row.language,
        sections=tuple(row.sections or ()),
        authors=tuple(row.authors or ()),
        published=row.published,
        revision=row.revision,
        withdrawn=row.withdrawn is not None,
        pinned=bool(row.pinned),
        told=told,
        open=waits,
    )
