from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import text

from bot.errors import StoreError
from bot.store import Store, job_tables
from bot.store.engine import open_engine

pytestmark = pytest.mark.postgresql


@pytest.fixture
def engine(postgresql_database):
    engine = open_engine(postgresql_database)
    yield engine
    engine.dispose()


def _run(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


def _jobs_are_taken(engine):
    with engine.connect() as connection:
        newest = "procrastinate_retry_job_v2(bigint,timestamptz,integer,varchar,varchar)"
        return connection.execute(text("SELECT to_regprocedure(:newest)"), {"newest": newest}).scalar()


def _without_tables(engine):
    tables = ("events", "periodic_defers", "jobs", "workers")
    _run(engine, f"DROP TABLE {', '.join(f'procrastinate_{each}' for each in tables)} CASCADE")
    types = ("job_to_defer_v1", "job_status", "job_event_type")
    _run(engine, f"DROP TYPE {', '.join(f'procrastinate_{each}' for each in types)} CASCADE")
    _run(
        engine,
        "DO $$ DECLARE each regprocedure; BEGIN FOR each IN SELECT oid FROM pg_proc WHERE proname LIKE 'procrastinate%'"
        " LOOP EXECUTE 'DROP FUNCTION ' || each || ' CASCADE'; END LOOP; END $$",
    )


def _as_of(engine, version):
    """The tables as Procrastinate had them in ``version``."""
    for file in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")):
        if file.name < version:
            with engine.begin() as connection:
                connection.connection.driver_connection.execute(file.read_text())
            last = file.name
    _run(engine, f"COMMENT ON TABLE procrastinate_jobs IS 'Broadsheet, migrated to {last}'")


def test_two_that_open_a_store_at_once_make_the_tables_for_jobs_once(engine, postgresql_database):
    _without_tables(engine)
    with ThreadPoolExecutor(2) as both:
        for store in both.map(Store.open, [postgresql_database] * 2):
            store.close()
    assert _jobs_are_taken(engine)


def test_the_migrations_of_a_newer_procrastinate_are_run_by_db_upgrade(engine, postgresql_database):
    _without_tables(engine)
    _as_of(engine, "03.04")
    assert not _jobs_are_taken(engine)
    with pytest.raises(StoreError, match="broadsheet db upgrade"):
        Store.open(postgresql_database)
    for _ in range(2):
        job_tables.upgrade(engine)
    assert _jobs_are_taken(engine)
    Store.open(postgresql_database).close()


def test_a_store_whose_jobs_are_of_a_newer_procrastinate_is_refused(engine, postgresql_database):
    _run(engine, "COMMENT ON TABLE procrastinate_jobs IS 'Broadsheet, migrated to 99.00.00_01_pre_other.sql'")
    with pytest.raises(StoreError, match="update Broadsheet"):
        Store.open(postgresql_database)


def test_tables_of_another_program_are_left_alone(engine, postgresql_database):
    _run(engine, "COMMENT ON TABLE procrastinate_jobs IS NULL")
    with pytest.raises(StoreError, match="did not make"):
        Store.open(postgresql_database)
