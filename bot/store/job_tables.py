"""Procrastinate's tables in a PostgreSQL store: made and brought up by its own SQL, beside ours.

Under their own names (``procrastinate_…``), not in a schema apart: a search path would have to be set on every
connection, which poolers such as PgBouncer do not pass on. Procrastinate does not keep which of its migrations were
run; the comment of its table ``procrastinate_jobs`` does.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from bot.errors import StoreError
from bot.store.jobs import installed, used

_MARK = "Broadsheet, migrated to "


def prepare(engine: Engine) -> None:
    """Makes the tables where there are none; raises ``StoreError`` when they are of another version."""
    with engine.connect() as connection:
        if not used(connection):
            return
        found = _version(connection)
    newest = _migrations()[-1]
    if found is None:
        upgrade(engine)
    elif found < newest:
        raise StoreError(
            "the store's jobs are of an older Procrastinate: stop the workers, run `broadsheet db upgrade`"
        )
    elif found > newest:
        raise StoreError("the store's jobs are of a newer Procrastinate than is installed: update Broadsheet")


def upgrade(engine: Engine) -> None:
    """Runs what is missing, each migration in a transaction of its own; on tables that are up to date, nothing."""
    if engine.dialect.name == "postgresql" and installed():
        while _upgrade_once(engine):
            pass


def _upgrade_once(engine: Engine) -> bool:
    with engine.connect() as connection, connection.begin():
        # Two processes that start at once must not both create the tables.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.schema'))"))
        found, migrations = _version(connection), _migrations()
        if found is None:
            from procrastinate.schema import SchemaManager

            _run(connection, SchemaManager.get_schema(), migrations[-1])
            return False
        later = [each for each in migrations if each > found]
        if later:
            _run(connection, (_folder() / later[0]).read_text("utf-8"), later[0])
        return len(later) > 1


def _version(connection: Connection) -> str | None:
    """The newest migration that was run, None when there are no tables."""
    # Not to_regclass(): it may answer from what this session remembers of before it waited for the lock.
    query = text(
        "SELECT obj_description(oid, 'pg_class') FROM pg_class"
        " WHERE relname = 'procrastinate_jobs' AND relkind = 'r' AND pg_table_is_visible(oid)"
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    mark = found[0]
    if not (mark or "").startswith(_MARK):
        raise StoreError(
            "the database has tables of Procrastinate that Broadsheet did not make: give the store one of its own"
        )
    return str(mark.removeprefix(_MARK))


def _run(connection: Connection, sql: str, reached: str) -> None:
    import psycopg

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        # As many statements in one text: the driver takes them only without parameters.
        driver.execute(sql.encode())
        driver.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{_MARK}{reached}'".encode())
    except psycopg.Error as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise StoreError(f"the tables for jobs cannot be made: {said}") from error


def _folder() -> Path:
    # Found without being imported: it takes a quarter of a second, at each opening.
    found = find_spec("procrastinate")
    assert found and found.origin
    return Path(found.origin).parent / "sql" / "migrations"


@cache
def _migrations() -> list[str]:
    return sorted(file.name for file in _folder().glob("*.sql"))
