"""Empty stores for the tests: copies of one that was migrated once; a test that is done hands its PostgreSQL on."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from bot.store import Store

# What a database is made of. A test that changed it (a migration, a dropped table) does not hand its database on.
_SHAPE = """
SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM (
    SELECT format('%s %s %s', c.relname, a.attname, a.atttypid::regtype) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT schema_name FROM information_schema.schemata
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
     WHERE d.datname = current_database()
    UNION ALL SELECT description FROM pg_description WHERE classoid = 'pg_class'::regclass
    UNION ALL SELECT version_num FROM alembic_version
) AS lines
"""

# Deleting is quicker than new files, up to a size.
_EMPTY = """
DO $$
DECLARE one regclass; filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND relname <> 'alembic_version'
    LOOP
        IF pg_relation_size(one) > 1000000 THEN
            EXECUTE format('TRUNCATE %s CASCADE', one);
        ELSE
            EXECUTE format('DELETE FROM %s', one);
        END IF;
    END LOOP;
    FOR one IN SELECT oid FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
    LOOP
        PERFORM setval(one, 1, false);
    END LOOP;
END $$
"""


def _engine(url: str | URL) -> Engine:
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")


def forgo_durability(server: str) -> None:
    """Lets a server that only tests use answer before the disk has it: what a crash of the machine would lose."""
    engine = _engine(server)
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


class PostgresqlDatabases:
    """Empty, migrated databases of one server. ``close`` drops them."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._engine = create_engine(
            make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        self._template = f"broadsheet_test_{secrets.token_hex(4)}"
        self._made: list[str] = []
        self._free: list[str] = []
        self._run(f"CREATE DATABASE {self._template}")
        Store.open(self._url(self._template)).close()
        with self._inside(self._template) as connection:
            self._shape = connection.execute(text(_SHAPE)).scalar()

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of an empty store, until the block ends."""
        name = self._free.pop() if self._free else self._make()
        yield self._url(name)
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        if self._emptied(name):
            self._free.append(name)

    def close(self) -> None:
        for name in [*self._made, self._template]:
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._engine.dispose()

    def _make(self) -> str:
        name = f"{self._template}_{len(self._made)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        self._made.append(name)
        return name

    def _emptied(self, name: str) -> bool:
        with self._inside(name) as connection:
            if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
                return False
            if connection.execute(text(_SHAPE)).scalar() != self._shape:
                return False
            try:
                connection.execute(text(_EMPTY))
            except ProgrammingError:  # only a superuser may pass over foreign keys
                return False
        return True

    @contextmanager
    def _inside(self, name: str) -> Iterator[Connection]:
        engine = _engine(self._engine.url.set(database=name))
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def _url(self, name: str) -> str:
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))


class SqliteFile:
    """An empty, migrated store in a file, to be copied."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "empty.db"
        Store.open(f"sqlite:///{self._path}").close()

    def copy(self, path: Path) -> str:
        """Returns the URL of a store at ``path``."""
        shutil.copyfile(self._path, path)
        return f"sqlite:///{path}"
