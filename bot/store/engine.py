"""Opens SQLite or PostgreSQL so that both behave alike: durable commits, one writer at a time where it matters."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import StaticPool

from bot.errors import StoreError

BUSY_SECONDS = 30
ALONE_BUSY_SECONDS = 2
NAME = "broadsheet"
"""How our connections call themselves to PostgreSQL."""


def open_engine(url: str, *, alone: bool = False) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``. Raises ``StoreError``.

    ``alone``: for those who replace or move all of it, over one connection. A SQLite file is locked against every
    other process from the first look until the engine is disposed of; on PostgreSQL ask ``need_alone``.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # ValueError: a port that is no number. The cause would show the URL, and a password in it.
        raise StoreError(
            'store.url (or DATABASE_URL): is not a URL; write "sqlite:///var/broadsheet.db" or "postgresql://…"'
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url, parsed.database, alone=alone)
    if backend == "postgresql":
        try:
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args={"application_name": NAME, **_said_of(parsed)},
                **_ONE_CONNECTION if alone else {},
            )
        except (ImportError, NoSuchModuleError) as error:
            raise StoreError("store.url: PostgreSQL needs the extra: pip install 'broadsheet[postgresql]'") from error
    raise StoreError(f"store.url: {backend} is not supported; use sqlite or postgresql")


PATIENCE: Mapping[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""How long a machine that says nothing is waited for, in seconds, the last in milliseconds: half a minute.

The system's own patience is a quarter of an hour, in which nobody could end a worker. A long statement is none the
worse, for it is the machine that is asked and not the database (PostgreSQL 16, 34.1.2; from memory, 2026-11-25).
"""


def _said_of(url: URL) -> dict[str, int]:
    """The patience, but for what the URL says itself."""
    return {name: value for name, value in PATIENCE.items() if name not in url.query}


_ONE_CONNECTION = {"pool_size": 1, "max_overflow": 0}


def need_alone(engine: Engine) -> None:
    """Raises ``StoreError`` while another process of Broadsheet has the store open; ``engine`` is opened ``alone``.

    Nobody has to keep a lock for it: SQLite's own file locks tell, and PostgreSQL's list of sessions. Both forget a
    process that was killed.
    """
    in_use = (
        f"the store {shown(engine)} is in use by another process: end `broadsheet up`, its workers and other "
        "commands first, then do this again"
    )
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.execute(text("SELECT count(*) FROM sqlite_master"))
                return
            query = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = :name AND pid <> pg_backend_pid()"
            )
            others = connection.execute(query, {"name": NAME}).scalar()
    except OperationalError as error:
        if "locked" not in str(error.orig):
            raise
        raise StoreError(in_use) from error
    if others:
        raise StoreError(in_use)


def open_scratch(file: Path) -> Engine:
    """An engine for a SQLite file that is thrown away unless it is completed: fast, and not crash-safe."""
    engine = create_engine(f"sqlite:///{file}", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def open_unchanged(file: Path) -> Engine:
    """An engine for a SQLite file that is only read: nothing is written to it, or beside it."""
    address = f"{file.resolve().as_uri()}?mode=ro"
    return create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True, isolation_level=None), poolclass=StaticPool
    )


def with_room(connection: Connection) -> None:
    """Lets a connection to SQLite keep 64 MiB of pages instead of 2: else each row of a bulk reads its pages again."""
    if connection.dialect.name == "sqlite":
        # Not a statement of a transaction: the driver's own connection has begun none yet.
        connection.connection.cursor().execute("PRAGMA cache_size = -65536")


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


def _sqlite(url: str, file: str | None, *, alone: bool) -> Engine:
    if file and file != ":memory:":
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            # It holds every reader's address: no other account of the machine has business in it.
            Path(file).touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{file}: its folder cannot be made: {error.strerror}") from error
    try:
        timeout = ALONE_BUSY_SECONDS if alone else BUSY_SECONDS
        one: dict[str, Any] = {"poolclass": StaticPool} if alone else {}
        engine = create_engine(url, connect_args={"timeout": timeout, "check_same_thread": False}, **one)
    except ArgumentError as error:
        raise StoreError('store.url: a file takes three slashes, "sqlite:///var/broadsheet.db"') from error

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver must not begin transactions by itself: ``begin`` below says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        if alone:
            # Before the first look at the WAL it keeps every other process out: https://www.sqlite.org/wal.html, 8.
            cursor.execute("PRAGMA locking_mode = EXCLUSIVE")
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
