"""Articles and their revisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update

from bot.model import Article
from bot.store.among import among, integers
from bot.store.conflict import insert_or_ignore
from bot.store.headlines import Headlines
from bot.store.tables import articles, judged, reservations, revisions

OPENING = 3000
"""Characters of a body that tell how it begins."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article that a schedule is to decide on; ``appeared`` in UTC."""

    article: Article
    appeared: datetime


class Articles:
    """Each article once, whatever name it comes by; each change of it a revision."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(
        self,
        article: Article,
        *,
        url_key: str,
        present: Collection[str],
        now: datetime,
        appeared: datetime | None = None,
    ) -> str:
        """Keeps what a source brought; says ``new``, ``changed``, ``returned`` (was withdrawn) or ``unchanged``.

        Identity is the GUID, then ``url_key``: an article whose GUID was never seen is the one with the same URL,
        unless that one stands in the same visit (``present``: its GUIDs), as when a feed links every item to one page.
        ``appeared`` is kept of a new one: when it came to be published, None when it was there before its source was.
        """
        row = self._find(article, url_key, present)
        if row is None:
            values = self._values(article, url_key, now)
            identity = {
                "guid": article.guid,
                "source": article.source,
                "revision": 1,
                "first_seen": now,
                "appeared": appeared,
            }
            mine = insert_or_ignore(self._connection, articles, {**values, **identity})
            row = self._connection.execute(_by_guid(article)).one()
            if mine:
                self._add_revision(row.id, 1, article, now)
                Headlines(self._connection).add(row.id, article)
                return "new"
        if row.source != article.source or not _differs(row, article):
            return "unchanged"
        # Another process may be putting the same article: the second one compares with what the first one kept.
        row = self._connection.execute(select(articles).where(articles.c.id == row.id).with_for_update()).one()
        if not _differs(row, article):
            return "unchanged"
        changed, returned = row.fingerprint != article.fingerprint, row.withdrawn is not None
        revision = row.revision + 1 if changed else row.revision
        values = self._values(article, url_key, now) if changed else {"withdrawn": None}
        if row.appeared and row.appeared > now:
            # It waits for an hour that may have been moved.
            values["appeared"] = max(article.published, now)
        self._connection.execute(
            update(articles).where(articles.c.id == row.id).values(**values, guid=article.guid, revision=revision)
        )
        if changed:
            self._add_revision(row.id, revision, article, now)
            Headlines(self._connection).change(row.id, article)
        elif returned:
            Headlines(self._connection).mark([row.id], withdrawn=False)
        return "returned" if returned else "changed" if changed else "unchanged"

    def kept(self, article: Article, *, url_key: str, present: Collection[str]) -> Article | None:
        """What is kept of the article that ``put`` would take this one for."""
        row = self._find(article, url_key, present)
        return _article(row) if row else None

    def withdraw(self, source: str, guids: Collection[str], now: datetime) -> list[int]:
        """Marks articles as no longer published; returns the ids of those that were."""
        if not guids:
            return []
        gone = (
            update(articles)
            .where(articles.c.source == source, articles.c.guid.in_(guids), articles.c.withdrawn.is_(None))
            .values(withdrawn=now, changed=now)
            .returning(articles.c.id)
        )
        ids = [row.id for row in self._connection.execute(gone)]
        Headlines(self._connection).mark(ids, withdrawn=True)
        return ids

    def get(self, article: int) -> Article | None:
        """The newest revision of the article with this id."""
        row = self._connection.execute(select(articles).where(articles.c.id == article)).one_or_none()
        return _article(row) if row else None

    def revision(self, article: int, revision: int) -> Article | None:
        """One revision as it was seen."""
        query = select(revisions).where(revisions.c.article == article, revisions.c.revision == revision)
        row = self._connection.execute(query).one_or_none()
        return Article.from_content(row.content, id=article, revision=revision) if row else None

    def revisions(self, article: int, limit: int = 20) -> list[tuple[datetime, Article]]:
        """The newest revisions and when each was seen (UTC), the newest first."""
        query = select(revisions).where(revisions.c.article == article).order_by(revisions.c.revision.desc())
        return [
            (row.seen, Article.from_content(row.content, id=article, revision=row.revision))
            for row in self._connection.execute(query.limit(limit))
        ]

    def known(self, source: str, since: datetime, limit: int = 500) -> list[Article]:
        """What a source has published since, newest first, without what was withdrawn."""
        return self._list([articles.c.source == source, articles.c.withdrawn.is_(None)], since, limit)

    def changed(self, since: datetime) -> list[Article]:
        """What an edition holds, or told, and changed or was withdrawn since, after it had been seen.

        Of the rest, which may be a whole archive that was moved, nobody was told.
        """
        again = (articles.c.revision > 1) | articles.c.withdrawn.is_not(None)
        held = articles.c.id.in_(select(reservations.c.article))
        query = select(articles).where(articles.c.changed >= since, again, held).order_by(articles.c.id)
        return [_article(row) for row in self._connection.execute(query)]

    def newest(self, *, since: datetime | None = None, source: str = "", limit: int = 5000) -> list[Article]:
        """Newest first, withdrawn ones too."""
        return self._list([articles.c.source == source] if source else [], since, limit)

    def those(self, which: Collection[int]) -> list[Article]:
        """Those of these articles that there are, newest first."""
        return self._list([articles.c.id.in_(sorted(which))], None, len(which)) if which else []

    def sections(self, *, limit: int) -> list[list[str]]:
        """The sections of each of the newest articles."""
        query = select(articles.c.content["sections"]).order_by(articles.c.published.desc()).limit(limit)
        return [row[0] or [] for row in self._connection.execute(query)]

    def published(self, *, since: datetime, until: datetime, limit: int = 2000) -> list[tuple[int, int]]:
        """(id, revision) of what was published between and not withdrawn, newest first."""
        query = (
            select(articles.c.id, articles.c.revision)
            .where(articles.c.published >= since, articles.c.published < until, articles.c.withdrawn.is_(None))
            .order_by(articles.c.published.desc(), articles.c.id)
            .limit(limit)
        )
        return [(row.id, row.revision) for row in self._connection.execute(query)]

    def openings(self, which: Collection[int]) -> dict[int, tuple[str, str, str]]:
        """(title, standfirst, first ``OPENING`` characters of the body) of each of these articles."""
        content, dialect = articles.c.content, self._connection.dialect.name
        beginning = func.substr(content["body"].as_string(), 1, OPENING)
        query = select(articles.c.id, content["title"].as_string(), content["standfirst"].as_string(), beginning)
        query = query.where(among(dialect, articles.c.id, "which"))
        rows = self._connection.execute(query, {"which": integers(dialect, which)})
        return {id: (title, standfirst, body) for id, title, standfirst, body in rows}

    def sent(self, schedule: str, *, since: datetime, until: datetime, limit: int = 300) -> list[Article]:
        """What a schedule has sent of the articles published between, newest first."""
        ids = select(reservations.c.article).where(
            reservations.c.schedule == schedule, reservations.c.consumed.is_(True)
        )
        return self._list([articles.c.id.in_(ids), articles.c.published < until], since, limit)

    def arrived(
        self, schedule: str, *, floor: datetime, after: datetime, settled: datetime, now: datetime, limit: int
    ) -> list[Arrival]:
        """What appeared later than ``after`` and a schedule has not judged yet, the earliest first.

        Only what was first seen by ``settled`` and whose time of publication has come. ``floor`` keeps the look short:
        nothing is found that was seen, appeared and was published before it.
        """
        known = select(judged.c.article).where(judged.c.schedule == schedule, judged.c.article == articles.c.id)
        query = (
            select(articles)
            # Each by its index. The hour of one that waits for it may have been moved either way.
            .where((articles.c.first_seen > floor) | (articles.c.appeared > floor) | (articles.c.published > floor))
            .where(articles.c.appeared > after, articles.c.appeared <= now)
            .where(articles.c.first_seen <= settled, articles.c.published <= now)
            .where(~known.exists())
            .order_by(articles.c.appeared, articles.c.id)
            .limit(limit)
        )
        return [Arrival(_article(row), row.appeared) for row in self._connection.execute(query)]

    def told_at_its_address(self, schedule: str, article: int) -> Article | None:
        """Another article that the schedule told, or holds, under the same address as this one."""
        own = select(articles.c.url_key).where(articles.c.id == article).scalar_subquery()
        query = (
            select(articles)
            .join(reservations, reservations.c.article == articles.c.id)
            .where(reservations.c.schedule == schedule, articles.c.url_key == own)
            .where(articles.c.url_key != "", articles.c.id != article)
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        return _article(row) if row else None

    def _list(self, conditions: Iterable[ColumnElement[bool]], since: datetime | None, limit: int) -> list[Article]:
        query = select(articles).where(*conditions).order_by(articles.c.published.desc(), articles.c.id).limit(limit)
        if since:
            query = query.where(articles.c.published >= since)
        return [_article(row) for row in self._connection.execute(query)]

    def _find(self, article: Article, url_key: str, present: Collection[str]) -> Row[Any] | None:
        row = self._connection.execute(_by_guid(article)).one_or_none()
        if row or not url_key:
            return row
        for found in self._connection.execute(
            select(articles).where(articles.c.url_key == url_key).order_by(articles.c.id)
        ):
            if found.source != article.source or found.guid not in present:
                return found
        return None

    def _values(self, article: Article, url_key: str, now: datetime) -> dict[str, Any]:
        return {
            "url_key": url_key,
            "fingerprint": article.fingerprint,
            "content": article.content(),
            "published": article.published,
            "changed": now,
            "withdrawn": None,
        }

    def _add_revision(self, article_id: int, revision: int, article: Article, now: datetime) -> None:
        self._connection.execute(
            insert(revisions).values(article=article_id, revision=revision, content=article.content(), seen=now)
        )


def _by_guid(article: Article) -> Select[Any]:
    return select(articles).where(articles.c.source == article.source, articles.c.guid == article.guid)


def _differs(row: Row[Any], article: Article) -> bool:
    """Whether ``article`` brings anything that the row does not say already."""
    return bool(row.fingerprint != article.fingerprint or row.withdrawn is not None or row.guid != article.guid)


def _article(row: Row[Any]) -> Article:
    return Article.from_content(
        row.content,
        id=row.id,
        revision=row.revision,
        withdrawn=row.withdrawn is not None,
        first_seen=row.first_seen,
    )
