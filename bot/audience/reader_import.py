"""A file of readers as the desk brings it in: uploaded, understood, tried, imported in the background.

What it says of a row is ``bot.audience.subscriber_file``'s; what is added here is that nobody has to name a command.
"""

from __future__ import annotations

import codecs
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from bot.audience.csv_file import Records, Refusal, clean, guarded, unguarded
from bot.audience.enrolment import subscribers_import
from bot.audience.export import told_by
from bot.audience.guessing import ROWS, guessed
from bot.audience.importing import Import
from bot.audience.origins import origin_of, places
from bot.audience.upload import look_through
from bot.errors import UsageError
from bot.model import Act, Layout, Phrase, ReaderImport, plural, said_by
from bot.settings import Settings
from bot.store import Store, Transaction

MOST = 64 << 20
"""Bytes of an upload; some million readers. `broadsheet subscribers import` takes more."""
BATCH = 500
"""Rows a transaction takes: fewer than the command's, so that an editor sees it move."""
KEPT = timedelta(days=30)
"""How long the rows that were not taken can be fetched after an import."""
LEFT = timedelta(days=7)
"""How long an upload is kept that nobody goes on with."""
FIRST = 3
"""Rows that are shown beside the columns' names."""
MOST_COLUMNS = 60
_PIECE = 1 << 20
_LONGEST_NAME = 100

CHOSEN = (
    "email", "name", "first_name", "last_name", "agreed", "agreed_or_empty", "subscribed", "note", "language", "tags",
    "status",
)  # fmt: skip
"""What an editor may say of a column of a file that is nobody's known export."""


def bring(store: Store, name: str, content: BinaryIO, *, who: str, now: datetime) -> ReaderImport:
    """Keeps an uploaded file. Raises ``UsageError`` when it is no CSV (or ZIP of some), or larger than ``MOST``."""
    with TemporaryDirectory(prefix="broadsheet-import-") as folder:
        file = Path(folder) / _safe(name)
        encoding = _keep(content, file)
        with _named(file):
            upload = look_through(file)
            if not upload.lines:
                raise UsageError(Phrase("%(file)s: is empty", file=file.name))
            with upload.open(upload.sheets[0]) as stream:
                layout = read_layout(stream)
        made = ReaderImport(
            id=secrets.token_hex(8),
            file=file.name,
            audience="",
            who=who,
            at=now,
            lines=max(0, upload.lines - len(upload.sheets)),
            layout=layout,
            encoding=encoding,
            columns=layout.guessed,
        )
        with file.open("rb") as kept, store.write(bulk=True) as tx:
            tx.reader_imports.add(made, list(iter(lambda: kept.read(_PIECE), b"")))
    return made


def read_layout(stream: Any) -> Layout:
    """How a sheet looks. Raises ``UsageError`` when it has more columns than anybody could say the meaning of."""
    records = Records(stream)
    header, columns = records.header, records.columns
    if len(header) > MOST_COLUMNS:
        raise UsageError(
            Phrase(
                "its first line has %(count)s cells; a list of readers has at most %(most)s columns",
                count=len(header),
                most=MOST_COLUMNS,
            )
        )
    origin = origin_of(columns)
    records.backslashes = origin.backslashes
    records_there = (record for _, record in records if not isinstance(record, str) and any(record))
    rows = [record[: len(header)] for record in islice(records_there, ROWS)]
    first = tuple(tuple(_short(cell) for cell in row) for row in rows[:FIRST])
    ours = bool(told_by(columns))
    found = {} if ours else places(columns, origin, {}) if origin.name else guessed(columns, rows)
    return Layout(
        header=tuple(_short(cell) for cell in header),
        first=first,
        origin="broadsheet" if ours else origin.name,
        guessed={field: columns[place] for field, place in found.items()},
        ours=ours,
    )


def choose(
    store: Store,
    made: ReaderImport,
    settings: Settings,
    *,
    audience: str,
    consent: str,
    columns: Mapping[str, str],
    who: str,
) -> bool:
    """Keeps what an editor says of a file, and makes its trial run due; False while it is being worked on.

    Raises ``UsageError`` for an audience that is not there, and where no column holds addresses.
    """
    if audience not in settings.audiences and not (made.layout.ours and not audience):
        raise UsageError(Phrase("choose the audience they are to be in"))
    known = made.layout.origin != ""
    chosen = {} if known else {field: columns.get(field, "") for field in CHOSEN}
    if not known and not chosen["email"]:
        raise UsageError(Phrase("say which column holds the addresses"))
    if not known and (missing := [each for each in chosen.values() if each and each not in _columns(made.layout)]):
        raise UsageError(Phrase('the file has no column "%(column)s"', column=missing[0]))
    with store.write() as tx:
        taken = tx.reader_imports.chosen(made.id, audience, consent, chosen, who=who)
        if taken:
            tx.reader_imports.forget_refusals(made.id, trial=True)
    return taken


def begin(store: Store, made: ReaderImport, *, who: str, now: datetime) -> bool:
    """Makes a tried or paused import due, on the record; False when it is neither."""
    return _act(store, made, "import readers", who, now, lambda tx: tx.reader_imports.begin(made.id, now, who=who))


def pause(store: Store, made: ReaderImport, *, who: str, now: datetime) -> bool:
    """Stops an import after the rows it is at, on the record; False when it is not under way."""
    return _act(store, made, "pause import", who, now, lambda tx: tx.reader_imports.pause(made.id))


def drop(store: Store, made: ReaderImport, *, who: str, now: datetime) -> bool:
    """Deletes an upload that is not being worked on, on the record; who was imported by it stays a reader."""
    return _act(store, made, "delete import", who, now, lambda tx: tx.reader_imports.drop(made.id))


@contextmanager
def laid_out(store: Store, made: ReaderImport) -> Iterator[Path]:
    """The uploaded file in a folder of its own, which is deleted at the end."""
    with TemporaryDirectory(prefix="broadsheet-import-") as folder:
        file = Path(folder) / made.file
        with file.open("wb") as stream, store.read() as tx:
            for piece in tx.reader_imports.content(made.id):
                stream.write(piece)
        with _named(file):
            yield file


def job(made: ReaderImport, file: Path, settings: Settings) -> Import:
    """The import of ``file``, which holds what was uploaded."""
    chosen = settings.audiences.get(made.audience)
    asked = subscribers_import(
        file,
        made.audience,
        settings.audiences,
        by=made.who,
        zone=ZoneInfo(settings.newsroom.timezone),
        consent=made.consent,
        mapped=made.columns,
        topics=chosen.topics if chosen and made.columns.get("tags") else (),
        keep_ip=settings.signup.keep_ip,
    )

    def keep(tx: Transaction, sheet: str, _header: list[str], refusals: list[Refusal]) -> None:
        tx.reader_imports.refuse(made.id, [refused_row(sheet, each) for each in refusals], trial=False)

    return replace(asked, id=made.id, keep=keep, batch=BATCH)


def refused_row(sheet: str, refusal: Refusal) -> dict[str, Any]:
    """A row that was not taken, as the store keeps it."""
    # PostgreSQL keeps no NUL, and a cell may hold what stands for a broken byte.
    cells = [_storable(cell) for cell in refusal.cells]
    return {
        "sheet": sheet,
        "line": refusal.line,
        "value": _storable(refusal.value),
        "reason": refusal.reason,
        "cells": cells,
    }


def refused_cells(layout: Layout, rows: Iterator[Any], told: Callable[[str], str] = str) -> Iterator[list[str]]:
    """The refused rows as lines of a CSV that can be corrected and imported again; nothing in it runs in a spreadsheet.

    The first is the header; line and reason, as ``told`` says it, stand in the last two cells, which an import ignores.
    """
    width = len(layout.header)
    yield [*(guarded(cell) for cell in layout.header), "refused_line", "refused_reason"]
    for row in rows:
        cells = [*row.cells, *[""] * (width - len(row.cells))] if row.cells else [row.value, *[""] * (width - 1)]
        yield [*(guarded(cell) for cell in cells), str(row.line), guarded(told(row.reason))]


def sweep(store: Store, now: datetime) -> int:
    """Deletes uploads that nobody went on with, and what is kept of old imports; returns how many."""
    with store.write() as tx:
        return tx.reader_imports.prune(now - LEFT, ended=now - KEPT)


def _act(store: Store, made: ReaderImport, what: str, who: str, now: datetime, change: Any) -> bool:
    with store.write() as tx:
        changed = bool(change(tx))
        if changed:
            note = plural(made.lines, "%(file)s, %(count)s row", "%(file)s, %(count)s rows", file=made.file)
            tx.acts.add(Act(at=now, who=who, what=what, thing=f"audience:{made.audience or 'all'}", note=note))
    return changed


def _columns(layout: Layout) -> set[str]:
    return {clean(unguarded(cell)).casefold() for cell in layout.header}


def _keep(content: BinaryIO, file: Path) -> str:
    """Writes what was uploaded to ``file`` as UTF-8; returns what it was written in."""
    start = content.read(4)
    if start == b"PK\x03\x04":
        _copy(start, content, file)
        return "ZIP"
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if start.startswith(mark):
            _recode(start, content, file, name)
            return "UTF-16"
    _copy(start, content, file)
    if _is_utf8(file):
        return "UTF-8"
    # What Excel saves as "CSV" in Western Europe and the Americas.
    legacy = file.with_suffix(".legacy")
    file.rename(legacy)
    with legacy.open("rb") as stream:
        _recode(b"", stream, file, "cp1252")
    legacy.unlink()
    return "Windows-1252"


def _copy(start: bytes, content: BinaryIO, file: Path) -> None:
    size = 0
    with file.open("wb") as stream:
        piece = start
        while piece:
            size += len(piece)
            if size > MOST:
                raise UsageError(
                    Phrase(
                        "%(file)s: is larger than %(most)s MB; cut it in parts, or ask who runs the machine to do "
                        "`broadsheet subscribers import`",
                        file=file.name,
                        most=MOST >> 20,
                    )
                )
            stream.write(piece)
            piece = content.read(_PIECE)


def _recode(start: bytes, content: BinaryIO, file: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    plain = file.with_suffix(".plain")
    _copy(start or content.read(_PIECE), content, plain)
    with plain.open("rb") as raw, file.open("wb") as stream:
        while piece := raw.read(_PIECE):
            stream.write(decoder.decode(piece).encode("utf-8", "replace"))
        stream.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    plain.unlink()


def _is_utf8(file: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """An editor is told the file's name, and not where this machine keeps it."""
    try:
        yield
    except UsageError as error:
        raise UsageError(_by_name(said_by(error), file)) from error


def _by_name(said: str, file: Path) -> str:
    def short(text: str) -> str:
        return text.replace(str(file), file.name)

    return said.rewritten(short) if isinstance(said, Phrase) else short(said)


def _safe(name: str) -> str:
    last = clean(name.replace("\\", "/").rpartition("/")[2]).lstrip(".")
    return last[-_LONGEST_NAME:] or "readers.csv"


def _short(cell: str) -> str:
    return clean(_storable(cell))[:80]


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
