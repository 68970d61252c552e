"""Files of readers that are imported at the desk: what was uploaded, how far each came, what was not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from bot.model import ImportStage, Layout, ReaderImport
from bot.store.tables import imports, reader_import_pieces, reader_import_refusals, reader_imports

_WORK = (ImportStage.TRYING, ImportStage.IMPORTING)
_THIS = reader_imports.c
_OF = reader_import_refusals.c


class ReaderImports:
    """One row for each upload. Who works on one holds it by ``claim`` and says so by ``beat``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, made: ReaderImport, pieces: Sequence[bytes]) -> None:
        """Keeps an upload; ``pieces`` in their order are its content."""
        self._connection.execute(
            insert(reader_imports).values(
                id=made.id,
                file=made.file,
                audience=made.audience,
                who=made.who,
                at=made.at,
                stage=made.stage,
                encoding=made.encoding,
                lines=made.lines,
                layout=asdict(made.layout),
                consent=made.consent,
                columns=dict(made.columns),
            )
        )
        for number, content in enumerate(pieces):
            row = {"import": made.id, "number": number, "content": content}
            self._connection.execute(insert(reader_import_pieces).values(row))

    def get(self, id: str) -> ReaderImport | None:
        row = self._connection.execute(select(reader_imports).where(_THIS.id == id)).one_or_none()
        return _import(row) if row else None

    def newest(self, limit: int = 50, before: datetime | None = None) -> list[ReaderImport]:
        """The newest first, from ``before`` on."""
        query = select(reader_imports).order_by(_THIS.at.desc(), _THIS.id).limit(limit)
        if before:
            query = query.where(_THIS.at < before)
        return [_import(row) for row in self._connection.execute(query)]

    def content(self, id: str) -> Iterator[bytes]:
        """What was uploaded, piece by piece; nothing once all of it is imported."""
        of = reader_import_pieces.c
        query = select(of.content).where(of["import"] == id).order_by(of.number)
        for row in self._connection.execution_options(yield_per=1).execute(query):
            yield bytes(row.content)

    def chosen(self, id: str, audience: str, consent: str, columns: Mapping[str, str], *, who: str) -> bool:
        """Keeps what an editor says of the file, and makes its trial run due; False while it is being worked on."""
        return self._changed(
            id,
            (ImportStage.COLUMNS, ImportStage.TRIED),
            stage=ImportStage.TRYING,
            audience=audience,
            consent=consent,
            columns=dict(columns),
            who=who,
            trial=None,
            error="",
            beat=None,
        )

    def begin(self, id: str, now: datetime, *, who: str) -> bool:
        """Makes the import due, or lets a paused one go on; False when it is neither tried nor paused."""
        made = self.get(id)
        rows = int((made.counts or {}).get("rows", 0)) if made else 0
        return self._changed(
            id,
            (ImportStage.TRIED, ImportStage.PAUSED),
            stage=ImportStage.IMPORTING,
            error="",
            beat=None,
            who=who,
            began=now,
            from_row=rows,
        )

    def pause(self, id: str) -> bool:
        """Stops an import after its batch; False when none is under way."""
        return self._changed(id, (ImportStage.IMPORTING,), stage=ImportStage.PAUSED)

    def is_due(self, *, dead: datetime) -> bool:
        """Whether ``claim`` would find one."""
        idle = or_(_THIS.beat.is_(None), _THIS.beat < dead)
        query = select(_THIS.id).where(_THIS.stage.in_(_WORK), idle).limit(1)
        return self._connection.execute(query).first() is not None

    def claim(self, owner: str, now: datetime, *, dead: datetime) -> ReaderImport | None:
        """The oldest that is due and that nobody works on, or said so last before ``dead``; now it is ``owner``'s."""
        idle = or_(_THIS.beat.is_(None), _THIS.beat < dead)
        query = select(reader_imports).where(_THIS.stage.in_(_WORK), idle).order_by(_THIS.at).limit(1)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        mine = update(reader_imports).where(_THIS.id == row.id, _THIS.stage == row.stage, idle)
        taken = self._connection.execute(mine.values(owner=owner, beat=now)).rowcount == 1
        return _import(row) if taken else None

    def beat(self, id: str, owner: str, now: datetime, counts: Mapping[str, Any], *, trial: bool) -> bool:
        """Says that ``owner`` is at work and how far it came; False when it is to stop."""
        told = {"beat": now, ("trial" if trial else "counts"): dict(counts)}
        stage = ImportStage.TRYING if trial else ImportStage.IMPORTING
        mine = update(reader_imports).where(_THIS.id == id, _THIS.owner == owner, _THIS.stage == stage)
        return self._connection.execute(mine.values(**told)).rowcount == 1

    def tried(self, id: str, owner: str, counts: Mapping[str, Any]) -> bool:
        """The trial run is over; False when it is no longer ``owner``'s."""
        return self._ended(id, owner, ImportStage.TRYING, stage=ImportStage.TRIED, trial=dict(counts))

    def done(self, id: str, owner: str, counts: Mapping[str, Any], now: datetime) -> bool:
        """All is imported: what was uploaded is deleted, and the readers that trial and layout named.

        Also when it was paused just now: there is nothing left to go on with. False when it is not ``owner``'s.
        """
        made = self.get(id)
        if made is None:
            return False
        trial = {name: value for name, value in (made.trial or {}).items() if name != "samples"}
        values = {"stage": ImportStage.DONE, "counts": dict(counts), "trial": trial or None, "ended": now}
        values["layout"] = asdict(replace(made.layout, first=()))
        over = self._ended(id, owner, ImportStage.IMPORTING, ImportStage.PAUSED, **values)
        if over:
            self._drop_pieces([id])
            # It tells how far the same import came: of one that is through nobody asks.
            self._connection.execute(delete(imports).where(imports.c.id == id))
        return over

    def failed(self, id: str, owner: str, stage: ImportStage, error: str) -> bool:
        """Its trial run or import (``stage``) stops with ``error``, and can be begun again."""
        then = ImportStage.COLUMNS if stage == ImportStage.TRYING else ImportStage.PAUSED
        return self._ended(id, owner, stage, stage=then, error=error)

    def let_go(self, id: str, owner: str) -> None:
        """Another may go on with it at once."""
        self._connection.execute(
            update(reader_imports).where(_THIS.id == id, _THIS.owner == owner).values(owner="", beat=None)
        )

    def refuse(self, id: str, rows: Sequence[Mapping[str, Any]], *, trial: bool) -> None:
        """Keeps rows that were not taken (``sheet``, ``line``, ``value``, ``reason``, ``cells``)."""
        if rows:
            given = [{**row, "import": id, "trial": trial} for row in rows]
            self._connection.execute(insert(reader_import_refusals), given)

    def forget_refusals(self, id: str, *, trial: bool) -> None:
        self._connection.execute(delete(reader_import_refusals).where(_OF["import"] == id, _OF.trial.is_(trial)))

    def refusals(self, id: str, *, trial: bool, limit: int) -> list[Row[Any]]:
        """The first rows that were not taken."""
        return list(self._connection.execute(self._refused(id, trial).limit(limit)))

    def every_refusal(self, id: str, *, trial: bool) -> Iterator[Row[Any]]:
        """All of them, streamed."""
        yield from self._connection.execution_options(yield_per=500).execute(self._refused(id, trial))

    def drop(self, id: str) -> bool:
        """Deletes an import that is not under way, with its file and its rows; False when it is, or there is none."""
        gone = delete(reader_imports).where(_THIS.id == id, _THIS.stage.not_in(_WORK))
        found = self._connection.execute(gone).rowcount == 1
        if found:
            self._connection.execute(delete(imports).where(imports.c.id == id))
        return found

    def prune(self, before: datetime, *, ended: datetime) -> int:
        """Deletes those that nobody went on with since ``before``, and those that ended earlier than ``ended``."""
        left = and_(_THIS.stage.not_in([*_WORK, ImportStage.DONE]), _THIS.at < before)
        over = and_(_THIS.stage == ImportStage.DONE, _THIS.ended < ended)
        ids = [row.id for row in self._connection.execute(select(_THIS.id).where(or_(left, over)))]
        return sum(self.drop(each) for each in ids)

    def _refused(self, id: str, trial: bool) -> Any:
        return select(reader_import_refusals).where(_OF["import"] == id, _OF.trial.is_(trial)).order_by(_OF.id)

    def _drop_pieces(self, ids: Sequence[str]) -> None:
        self._connection.execute(delete(reader_import_pieces).where(reader_import_pieces.c["import"].in_(ids)))

    def _changed(self, id: str, stages: Sequence[ImportStage], **values: Any) -> bool:
        statement = update(reader_imports).where(_THIS.id == id, _THIS.stage.in_(stages)).values(**values)
        return self._connection.execute(statement).rowcount == 1

    def _ended(self, id: str, owner: str, *now_in: ImportStage, **values: Any) -> bool:
        mine = update(reader_imports).where(_THIS.id == id, _THIS.owner == owner, _THIS.stage.in_(now_in))
        return self._connection.execute(mine.values(owner="", beat=None, **values)).rowcount == 1


def _import(row: Row[Any]) -> ReaderImport:
    return ReaderImport(
        id=row.id,
        file=row.file,
        audience=row.audience,
        who=row.who,
        at=row.at,
        lines=row.lines,
        layout=_layout(row.layout),
        encoding=row.encoding,
        stage=ImportStage(row.stage),
        consent=row.consent,
        columns=row.columns,
        trial=row.trial,
        counts=row.counts,
        error=row.error,
        beat=row.beat,
        began=row.began,
        from_row=row.from_row,
        ended=row.ended,
    )


def _layout(kept: Mapping[str, Any]) -> Layout:
    return Layout(
        header=tuple(kept["header"]),
        first=tuple(tuple(each) for each in kept["first"]),
        origin=kept["origin"],
        guessed=kept["guessed"],
        ours=kept["ours"],
    )
