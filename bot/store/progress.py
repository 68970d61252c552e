"""What each process said last of what it did of an edition."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.model import DomainProgress, ServerProgress, WorkerProgress
from bot.store.attempts import storable
from bot.store.conflict import insert_or_replace
from bot.store.tables import chunks, progress


class ProgressRows:
    """One row for each process and edition; a process that begins anew with an edition begins a new row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, said: WorkerProgress) -> None:
        """Puts what a process says in the place of what it said before."""
        content = {
            "servers": [{**asdict(each), "rests_until": _text(each.rests_until)} for each in said.servers],
            "domains": [asdict(each) for each in said.domains],
        }
        for each in (*content["servers"], *content["domains"]):
            # What a server said may be what no database takes.
            each.update({key: storable(value) for key, value in each.items() if isinstance(value, str)})
        row = {
            "edition": said.edition,
            "owner": said.owner,
            "began": said.began,
            "updated": said.updated,
            "tried": said.tried,
            "rate": said.rate,
            "content": content,
        }
        insert_or_replace(self._connection, progress, row)

    def of_edition(self, edition: str) -> list[WorkerProgress]:
        """All that processes said of ``edition``, the oldest first."""
        query = select(progress).where(progress.c.edition == edition).order_by(progress.c.began, progress.c.owner)
        return [_said(row) for row in self._connection.execute(query)]

    def holders(self, edition: str) -> set[str]:
        """Who holds chunks of ``edition`` now."""
        query = select(chunks.c.owner).where(chunks.c.edition == edition, chunks.c.lease_until.is_not(None)).distinct()
        return {row.owner for row in self._connection.execute(query)}


def _said(row: Row[Any]) -> WorkerProgress:
    servers, domains = row.content["servers"], row.content["domains"]
    return WorkerProgress(
        edition=row.edition,
        owner=row.owner,
        began=row.began,
        updated=row.updated,
        tried=row.tried,
        rate=row.rate,
        servers=tuple(ServerProgress(**{**each, "rests_until": _moment(each["rests_until"])}) for each in servers),
        domains=tuple(DomainProgress(**each) for each in domains),
    )


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
