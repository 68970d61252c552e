"""A database that cannot be used is one clear line, and never shows a password."""

from __future__ import annotations

import sqlite3
import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.errors import StoreError
from bot.store import Store
from bot.store.engine import open_engine
from bot.store.flags import PAUSED
from bot.testing import NOW


def _refused(url):
    with pytest.raises(StoreError) as refused:
        Store.open(url)
    said = str(refused.value)
    assert "\n" not in said
    assert "hush" not in "".join(traceback.format_exception(refused.value))
    return said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bot:hush@localhost:port/db", "store.url (or DATABASE_URL): is not a URL"),
        ("no url", "store.url (or DATABASE_URL): is not a URL"),
        ("sqlite://var/broadsheet.db", "three slashes"),
        ("mysql://bot:hush@localhost/db", "mysql is not supported"),
        ("postgresql://bot:hush@127.0.0.1:9/db?password=hush&connect_timeout=2", "cannot be opened"),
    ],
)
def test_a_url_that_leads_nowhere_is_one_line(url, said):
    assert said in _refused(url)


def test_a_file_that_is_no_store_is_named(tmp_path):
    file = tmp_path / "notes.db"
    file.write_text("Not a database at all. " * 200)
    assert "notes.db cannot be opened: file is not a database" in _refused(f"sqlite:///{file}")


def test_what_is_shown_of_a_store_holds_neither_password_nor_query():
    store = Store(open_engine("postgresql://bot:hush@db.example/news?password=hush"))
    assert store.shown == "postgresql+psycopg://bot:***@db.example/news"
    assert "hush" not in repr(store)


def test_a_locked_store_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("bot.store.engine.BUSY_SECONDS", 0.05)
    store = Store.open(f"sqlite:///{tmp_path}/broadsheet.db")
    other = sqlite3.connect(tmp_path / "broadsheet.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for opened in (store.write, store.trial):
        with pytest.raises(StoreError, match="database is locked") as refused, opened() as tx:
            tx.flags.set(PAUSED, "all", NOW)
        assert "\n" not in str(refused.value)
    other.close()
    with store.write() as tx:
        tx.flags.set(PAUSED, "all", NOW)
    store.close()


@pytest.mark.postgresql
def test_a_server_that_ends_the_connection_is_told_and_the_next_transaction_works(store):
    if store.shown.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    for opened in (store.read, store.write):
        with pytest.raises(StoreError) as refused, opened() as tx:
            tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert "\n" not in str(refused.value)
    with store.read() as tx:
        assert tx.flags.get(PAUSED) == ""


def test_a_fault_of_the_program_is_not_put_down_to_the_store(store):
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.connection.execute(text("INSERT INTO flags (name) VALUES ('x')"))


@pytest.mark.postgresql
def test_a_database_machine_that_is_silent_is_given_up_and_the_url_may_say_otherwise(postgresql_database):
    for query, patience in (("", "30000"), ("tcp_user_timeout=5000", "5000")):
        store = Store.open(f"{postgresql_database}{'&' if '?' in postgresql_database else '?'}{query}")
        with store.read() as tx:
            said = tx.connection.connection.driver_connection.info.get_parameters()
        assert said["tcp_user_timeout"] == patience
        assert str(store.job_connection["tcp_user_timeout"]) == patience
        store.close()
