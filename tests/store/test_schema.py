from __future__ import annotations

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from bot.errors import StoreError
from bot.store import Store, schema
from bot.store.engine import open_engine
from bot.store.tables import metadata


def _ours(name, kind, _parents):
    return kind != "table" or not name.startswith("procrastinate_")


def test_the_migrations_make_the_tables_that_the_program_uses(store_url):
    Store.open(store_url).close()
    engine = open_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": _ours})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_head_is_the_newest_migration():
    versions = Path(schema.__file__).parent / "migrations" / "versions"
    assert max(file.name.partition("_")[0] for file in versions.glob("*.py")) == schema.HEAD


def test_an_empty_store_is_given_its_tables_once(store_url):
    Store.open(store_url).close()
    store = Store.open(store_url)
    with store.read() as tx:
        assert tx.counts()["articles"] == 0
    store.close()


@pytest.mark.parametrize(("version", "what"), [("0000", "broadsheet db upgrade"), ("9999", "update Broadsheet")])
def test_a_store_of_another_version_is_refused_with_what_to_do(store_url, version, what):
    Store.open(store_url).close()
    engine = open_engine(store_url)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    engine.dispose()
    with pytest.raises(StoreError, match=what):
        Store.open(store_url)


def test_a_store_that_cannot_be_opened_says_so_in_one_line_without_the_password(tmp_path):
    with pytest.raises(StoreError) as refused:
        Store.open("postgresql://editor:hush-hush@127.0.0.1:1/none")
    assert "hush-hush" not in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(StoreError):
        Store.open(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://root@127.0.0.1/x"])
def test_a_url_that_is_no_store_is_refused(url):
    with pytest.raises(StoreError, match=r"store\.url"):
        Store.open(url)


def test_a_store_file_is_its_owners_alone(tmp_path):
    Store.open(f"sqlite:///{tmp_path}/var/broadsheet.db").close()
    assert stat.S_IMODE((tmp_path / "var" / "broadsheet.db").stat().st_mode) == 0o600
