"""What editions told, version by version: which was approved, by whom, and which findings were let stand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.model import EditionVersion, Overruling, Told, ToldPost, ToldStory
from bot.store.conflict import insert_or_ignore
from bot.store.tables import edition_versions, overrulings


class EditionVersions:
    """Numbered from 1 within an edition. An edition that nobody changed or approved has none."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, edition: str, version: EditionVersion) -> None:
        """Keeps a version of an edition; one that is kept already stays as it was."""
        insert_or_ignore(self._connection, edition_versions, {"edition": edition, **_row_of(version)})

    def approve(self, edition: str, number: int, *, at: datetime, who: str, note: str) -> None:
        """Marks a version that is kept as approved."""
        self._connection.execute(
            update(edition_versions)
            .where(edition_versions.c.edition == edition, edition_versions.c.number == number)
            .values(approved=at, approver=who, note=note)
        )

    def of(self, edition: str, *, before: int = 0, limit: int = 50) -> list[EditionVersion]:
        """The newest first; ``before``: only those of a smaller number."""
        query = select(edition_versions).where(edition_versions.c.edition == edition)
        if before:
            query = query.where(edition_versions.c.number < before)
        query = query.order_by(edition_versions.c.number.desc()).limit(limit)
        return [_version(row) for row in self._connection.execute(query)]

    def get(self, edition: str, number: int) -> EditionVersion | None:
        """One version, when it is kept."""
        return self._one(edition, edition_versions.c.number == number)

    def first(self, edition: str) -> EditionVersion | None:
        """The edition as it was drafted, once it was changed or approved."""
        return self._one(edition)

    def approved(self, edition: str) -> EditionVersion | None:
        """The newest version that was approved."""
        return self._one(edition, edition_versions.c.approved.is_not(None), newest=True)

    def editors(self, edition: str, after: int) -> tuple[str, ...]:
        """Who made the versions after number ``after``, each once, in their order."""
        query = (
            select(edition_versions.c.who)
            .where(edition_versions.c.edition == edition, edition_versions.c.number > after)
            .order_by(edition_versions.c.number)
        )
        return tuple(dict.fromkeys(self._connection.execute(query).scalars()))

    def overrule(self, edition: str, overruling: Overruling) -> None:
        """Lets a finding stand; who let it stand first stays on it."""
        insert_or_ignore(self._connection, overrulings, {"edition": edition, **asdict(overruling)})

    def overruled(self, edition: str) -> dict[str, Overruling]:
        """The findings that were let stand, by their keys."""
        rows = self._connection.execute(select(overrulings).where(overrulings.c.edition == edition))
        return {row.key: Overruling(key=row.key, who=row.who, at=row.at, note=row.note) for row in rows}

    def _one(self, edition: str, *conditions: Any, newest: bool = False) -> EditionVersion | None:
        number = edition_versions.c.number
        query = select(edition_versions).where(edition_versions.c.edition == edition, *conditions)
        row = self._connection.execute(query.order_by(number.desc() if newest else number).limit(1)).one_or_none()
        return _version(row) if row else None


def _row_of(version: EditionVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "at": version.at,
        "who": version.who,
        "what": version.what,
        "told": asdict(version.told),
        "approved": version.approved,
        "approver": version.approver,
        "note": version.note,
    }


def _version(row: Row[Any]) -> EditionVersion:
    told = row.told
    return EditionVersion(
        number=row.number,
        at=row.at,
        who=row.who,
        what=row.what,
        told=Told(
            subject=told["subject"],
            preheader=told["preheader"],
            stories=tuple(ToldStory(**each) for each in told["stories"]),
            posts=tuple(ToldPost(**each) for each in told["posts"]),
        ),
        approved=row.approved,
        approver=row.approver,
        note=row.note,
    )
