"""Opens SQLite or PostgreSQL so that both behave alike: durable commits, one writer at a time where it matters."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from bot.errors import StoreError

BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``. Raises ``StoreError``."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # ValueError: a port that is no number. The cause would show the URL, and a password in it.
        raise StoreError(
            'store.url (or DATABASE_URL): is not a URL; write "sqlite:///var/broadsheet.db" or "postgresql://…"'
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url, parsed.database)
    if backend == "postgresql":
        try:
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except (ImportError, NoSuchModuleError) as error:
            raise StoreError("store.url: PostgreSQL needs the extra: pip install 'broadsheet[postgresql]'") from error
    raise StoreError(f"store.url: {backend} is not supported; use sqlite or postgresql")


def shown(engine: Engine) -> str:
    """The store's URL without its password, and without its query, where another may stand."""
    return engine.url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def faults_told(engine: Engine, what: str = "did not answer as it should") -> Iterator[None]:
    """Makes a ``StoreError`` of one line of what the database refuses: locked, full, gone, no database at all.

    What the program itself does wrong (a broken constraint, a faulty statement) passes as it is.
    """
    try:
        yield
    except DatabaseError as error:
        if not (isinstance(error, OperationalError) or type(error) is DatabaseError):
            raise
        said = next(iter(str(error.orig).strip().splitlines()), "") or type(error.orig).__name__
        raise StoreError(f"the store {shown(engine)} {what}: {said}") from error


def _sqlite(url: str, file: str | None) -> Engine:
    if file and file != ":memory:":
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            # It holds every reader's address: no other account of the machine has business in it.
            Path(file).touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{file}: its folder cannot be made: {error.strerror}") from error
    try:
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
    except ArgumentError as error:
        raise StoreError('store.url: a file takes three slashes, "sqlite:///var/broadsheet.db"') from error

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver must not begin transactions by itself: ``begin`` below says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # Only FULL survives a loss of power (research/delivery.md, 4).
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: a deferred one may fail half-way, when it turns from reader to writer.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
