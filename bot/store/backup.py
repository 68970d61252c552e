"""Backups: one SQLite file that holds a whole store, whatever database the store is on.

A backup is born held: the copy in the file sends nothing, also when somebody puts the file in the place of a store by
hand (docs/design.md, invariant 10). It says in itself when and of what it was made, and the sums of its tables.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, Text, insert, inspect, select, text
from sqlalchemy.exc import DatabaseError

from bot import __version__
from bot.errors import StoreError
from bot.store import copying, schema
from bot.store.address import FINGERPRINT
from bot.store.copying import Sum, Watch, unwatched
from bot.store.engine import faults_told, open_engine, open_scratch, open_unchanged, shown
from bot.store.flags import Flags
from bot.store.holding import TOUCHED, hold
from bot.store.tables import Moment

_own = MetaData()
_backup = Table(
    "backup",
    _own,
    Column("made", Moment, nullable=False),
    Column("version", String(32), nullable=False),
    Column("program", Text, nullable=False),
    Column("database", Text, nullable=False),
)
_backup_tables = Table(
    "backup_tables",
    _own,
    Column("name", String(100), primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("digest", String(32), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself. ``made`` in UTC, ``version`` of the tables, ``program`` that wrote it."""

    file: Path
    made: datetime
    version: str
    program: str
    database: str
    tables: dict[str, Sum]

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables.values())


def back_up(url: str, file: Path, *, now: datetime, watch: Watch = unwatched) -> Backup:
    """Writes the store at ``url`` into ``file``, as it stands at one moment, while others go on to write to it.

    The file has its name only once it is whole and on the disk; it is readable by its owner alone. Raises
    ``StoreError``; a file that exists is never written over.
    """
    engine = open_engine(url)
    try:
        with faults_told(engine, "cannot be backed up"):
            return write_backup(engine, file, now=now, watch=watch)
    finally:
        engine.dispose()


def write_backup(engine: Engine, file: Path, *, now: datetime, watch: Watch = unwatched) -> Backup:
    """``back_up`` of a store that is open."""
    version = schema.version(engine)
    if version is None:
        raise StoreError(f"the store {shown(engine)} is empty: there is nothing to back up")
    if version > schema.HEAD:
        raise StoreError(
            f"the store is of version {version}, newer than this program ({schema.HEAD}): update Broadsheet"
        )
    with _completed(file) as part:
        scratch = open_scratch(part)
        try:
            with faults_told(scratch, "cannot be written"):
                return _write(engine, scratch, version, file, now, watch)
        finally:
            scratch.dispose()


def _write(engine: Engine, scratch: Engine, version: str, file: Path, now: datetime, watch: Watch) -> Backup:
    schema.upgrade(scratch, to=version)
    tables = schema.tables(scratch)
    with scratch.begin() as target:
        with copying.snapshot(engine) as source, source.begin(), faults_told(engine):
            sums = copying.copy(source, target, tables, watch=watch)
        copying.need_same(sums, copying.sums(target, tables), str(file))
        hold(target, now)
        sums |= copying.sums(target, [each for each in tables if each.name in TOUCHED])
        backup = Backup(file, now, version, __version__, engine.dialect.name, sums)
        _own.create_all(target)
        row = {"made": now, "version": version, "program": __version__, "database": engine.dialect.name}
        target.execute(insert(_backup), row)
        parts = [{"name": name, "rows": each.rows, "digest": each.digest} for name, each in backup.tables.items()]
        target.execute(insert(_backup_tables), parts)
    return backup


@contextmanager
def _completed(file: Path) -> Iterator[Path]:
    """A file beside ``file`` to write to; it gets the name ``file`` when the block ends well, else it is removed."""
    if file.exists():
        raise StoreError(f"{file}: exists already, and a backup is never written over; name a new file")
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    try:
        part.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}") from error
    try:
        yield part
        _sync(part)
        try:
            # Unlike a rename, a link does not take the place of a file that came there meanwhile.
            os.link(part, file)
        except FileExistsError as error:
            raise StoreError(f"{file}: was made by somebody else meanwhile; name a new file") from error
        except OSError:
            # A file system without links, such as that of a memory stick.
            part.rename(file)
        _sync(file.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify(file: Path) -> Backup:
    """Reads all of a backup and holds it against what it says of itself. Raises ``StoreError``."""
    backup = read_backup(file)
    with _opened(file) as engine, engine.connect() as connection:
        said = connection.execute(text("PRAGMA integrity_check")).scalar()
        if said != "ok":
            raise StoreError(f"{file}: is damaged: {said}")
        copying.need_same(backup.tables, copying.sums(connection, schema.tables(engine)), str(file))
    return backup


def read_backup(file: Path) -> Backup:
    """What a backup says of itself. Raises ``StoreError`` when it is none, or an unfinished one."""
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file")
    with _opened(file) as engine:
        if not inspect(engine).has_table("backup"):
            raise StoreError(
                f"{file}: is not a backup, or one that was not completed; `broadsheet db backup` makes one"
            )
        with engine.connect() as connection:
            row = connection.execute(select(_backup)).one()
            tables = {each.name: Sum(each.rows, each.digest) for each in connection.execute(select(_backup_tables))}
        return Backup(file, row.made, row.version, row.program, row.database, tables)


def keyed_by(backup: Backup) -> str:
    """The fingerprint of the key by which its suppressed addresses are hashed; "" when they have none."""
    with _opened(backup.file) as engine, engine.connect() as connection:
        return Flags(connection).get(FINGERPRINT)


@contextmanager
def upgraded(backup: Backup, folder: Path) -> Iterator[Engine]:
    """The backup's store at this program's version, to be read; the file stays as it is. Raises ``StoreError``.

    ``folder`` has room for a copy, which is migrated and removed, when the backup is of an older version.
    """
    if backup.version == schema.HEAD:
        with _opened(backup.file) as engine:
            yield engine
        return
    if backup.version > schema.HEAD:
        raise StoreError(
            f"{backup.file}: is of version {backup.version}, newer than this program ({schema.HEAD}): update Broadsheet"
        )
    part = folder / f".{backup.file.name}.{secrets.token_hex(4)}.partial"
    try:
        part.touch(mode=0o600, exist_ok=False)
        with backup.file.open("rb") as whole, part.open("wb") as copy:
            while piece := whole.read(1 << 20):
                copy.write(piece)
        engine = open_scratch(part)
        try:
            with faults_told(engine, "cannot be upgraded"):
                schema.upgrade(engine)
                yield engine
        finally:
            engine.dispose()
    except OSError as error:
        raise StoreError(f"{folder}: has no room for a copy of the backup: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _opened(file: Path) -> Iterator[Engine]:
    engine = open_unchanged(file)
    try:
        yield engine
    except DatabaseError as error:
        foreign = getattr(error.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB
        what = "is not a backup" if foreign else "is damaged"
        raise StoreError(f"{file}: {what}: {error.orig}") from error
    finally:
        engine.dispose()
