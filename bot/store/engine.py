"""Opens SQLite or PostgreSQL so that both behave alike: durable commits, one writer at a time where it matters."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from bot.errors import StoreError

BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``. Raises ``StoreError``."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError('store.url: is not a URL; write "sqlite:///var/broadsheet.db" or "postgresql://…"') from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url, parsed.database)
    if backend == "postgresql":
        try:
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except (ImportError, NoSuchModuleError) as error:
            raise StoreError("store.url: PostgreSQL needs the extra: pip install 'broadsheet[postgresql]'") from error
    raise StoreError(f"store.url: {backend} is not supported; use sqlite or postgresql")


def _sqlite(url: str, file: str | None) -> Engine:
    if file and file != ":memory:":
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{file}: its folder cannot be made: {error.strerror}") from error
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

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
