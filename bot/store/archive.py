"""The editions that went out, as readers look through them: newest first, without their stories' texts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from bot.model import EditionState, PastEdition
from bot.store.tables import corrections, edition_stories, editions, renditions


class Archive:
    """Only what was sent, and only what has a page to be read on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, schedules: Collection[str], *, before: str = "", limit: int = 30) -> list[PastEdition]:
        """Of these schedules, newest slot first; ``before``: those older than the edition of this id.

        Empty when there is no such edition.
        """
        query = _listed(schedules).order_by(editions.c.slot.desc(), editions.c.id.desc()).limit(limit)
        if before:
            # PostgreSQL takes no NUL for a text.
            if not before.isprintable():
                return []
            place = self._connection.execute(
                select(editions.c.slot, editions.c.id).where(editions.c.id == before)
            ).one_or_none()
            if place is None:
                return []
            query = query.where(
                or_(editions.c.slot < place.slot, and_(editions.c.slot == place.slot, editions.c.id < place.id))
            )
        return [_past(row) for row in self._connection.execute(query)]


def _listed(schedules: Collection[str]) -> Select[Any]:
    lead = edition_stories
    others = edition_stories.alias("others")
    of_edition = others.c.edition == editions.c.id
    first = select(func.min(others.c.position)).where(of_edition).scalar_subquery()
    count = select(func.count()).select_from(others).where(of_edition).scalar_subquery()
    page = exists().where(
        renditions.c.edition == editions.c.id,
        renditions.c.subject == "",
        renditions.c.content["email"]["web"].as_string() != "",
    )
    return (
        select(
            editions.c.id,
            editions.c.schedule,
            editions.c.name,
            editions.c.slot,
            exists().where(corrections.c.edition == editions.c.id).label("corrected"),
            func.coalesce(editions.c.sent, editions.c.slot, type_=editions.c.sent.type).label("sent"),
            _told(lead.c.content["words"]["title"], lead.c.content["article"]["title"]).label("headline"),
            _told(lead.c.content["words"]["summary"], lead.c.content["summary"]["text"]).label("summary"),
            count.label("stories"),
        )
        .select_from(editions)
        .join(lead, and_(lead.c.edition == editions.c.id, lead.c.position == first))
        .where(editions.c.state == EditionState.SENT, editions.c.schedule.in_(list(schedules)), page)
    )


def _told(editors: Any, own: Any) -> ColumnElement[str]:
    """An editor's words where there are any."""
    return func.coalesce(func.nullif(editors.as_string(), ""), own.as_string())


def _past(row: Row[Any]) -> PastEdition:
    return PastEdition(
        id=row.id,
        schedule=row.schedule,
        name=row.name,
        slot=row.slot,
        sent=row.sent,
        headline=row.headline,
        summary=row.summary or "",
        stories=row.stories,
        corrected=bool(row.corrected),
    )
