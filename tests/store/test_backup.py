"""Backups of stores on both databases: whole, of one moment, and held."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.audience.enrolment import forget
from bot.errors import StoreError, StoreHeld
from bot.model import (
    DeliveryState,
    EditionState,
    Endpoint,
    EventType,
    Evidence,
    Preferences,
    Signup,
    Suppression,
)
from bot.store import Store, copying, schema
from bot.store.backup import back_up, read_backup, verify
from bot.store.engine import open_engine
from bot.store.flags import RESTORED, Restored
from bot.store.moving import move, stay
from bot.store.restore import AHEAD, restore
from bot.store.tables import metadata
from bot.testing import NOW, article, edition, subscribe

LATER = NOW + timedelta(hours=5)
KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture
def filled(store):
    """A store with an article, readers, an edition that was sent in part and one that waits."""
    _keep(store, article(title="Fähre \N{SHIP} kehrt zurück", body="<p>a\tb\n“c”</p>"))
    subscribe(store, "ada@example.org", "björn@example.org", "cleo@example.org")
    with store.write() as tx:
        for each in (edition(id="sending00001"), edition(id="waiting00001")):
            assert tx.editions.add(each, expires=LATER, report={"picked": [1, 2.5, None]})
        size = tx.deliveries.add_audience("sending00001", "mail", "readers", NOW)
        tx.editions.set_snapshot("sending00001", size)
        tx.editions.move("sending00001", to=EditionState.SENDING, since=[EditionState.DRAFTED], now=NOW)
    return store


def _keep(store, *articles):
    with store.write() as tx:
        for each in articles:
            assert tx.articles.put(each, url_key=each.url, present=(), now=NOW) == "new"


def _sums(url):
    engine = open_engine(url)
    with engine.connect() as connection:
        found = copying.sums(connection, metadata.sorted_tables)
    engine.dispose()
    return found


def _empty(tmp_path, name="empty"):
    return f"sqlite:///{tmp_path}/{name}.db"


def test_a_backup_is_one_private_file_that_says_what_it_holds(filled, store_url, tmp_path):
    file = tmp_path / "night.db"
    made = back_up(store_url, file, now=NOW)
    assert [each.name for each in tmp_path.iterdir() if "night" in each.name] == ["night.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = verify(file)
    assert found == made
    assert (found.made, found.version, found.tables["subscribers"].rows) == (NOW, schema.HEAD, 3)


def test_a_backup_is_never_written_over(filled, store_url, tmp_path):
    file = tmp_path / "night.db"
    file.write_text("yesterday's")
    with pytest.raises(StoreError, match="exists already"):
        back_up(store_url, file, now=NOW)
    assert file.read_text() == "yesterday's"


def test_what_a_backup_holds_comes_back_on_either_database(filled, store_url, tmp_path):
    before = _sums(store_url)
    back_up(store_url, tmp_path / "night.db", now=NOW)
    filled.close()
    restore(tmp_path / "night.db", _empty(tmp_path), replace=False, who="mara", now=LATER)
    after = _sums(_empty(tmp_path))
    changed = {name for name, each in before.items() if after[name] != each}
    assert changed == {"flags", "acts", "editions"}
    assert after["editions"].rows == before["editions"].rows


def test_a_backup_taken_while_a_writer_writes_is_of_one_moment(filled, store_url, tmp_path):
    stop = threading.Event()
    wrote = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            # One transaction: a reader and the suppression of the same number belong together.
            with filled.write() as tx:
                tx.flags.set(f"pair-{number}", "left", NOW)
                tx.suppressions.add(Suppression(address=f"r{number}@example.org", reason="test", at=NOW))
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(30)
        backups = [back_up(store_url, tmp_path / f"{number}.db", now=NOW) for number in range(3)]
    finally:
        stop.set()
        writer.join()
    pairs = []
    for each in backups:
        with sqlite3.connect(each.file) as file:
            flags = file.execute("SELECT count(*) FROM flags WHERE name LIKE 'pair-%'").fetchone()[0]
            pairs.append((flags, each.tables["suppressions"].rows))
    assert all(flags == suppressions for flags, suppressions in pairs)
    assert pairs[0] < pairs[-1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(tmp_path, number):
    url = _empty(tmp_path, "live")
    store = Store.open(url)
    with store.write() as tx:
        tx.connection.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
                "INSERT INTO acts (at, who, what, thing) SELECT '2026-11-24 07:00:00', 'w', 'what', i FROM n"
            )
        )
    store.close()
    (tmp_path / "backups").mkdir()
    file = tmp_path / "backups" / "night.db"
    code = (
        "import signal, sys; from pathlib import Path; from bot.store.backup import back_up; "
        "from bot.clock import system_clock; signal.signal(signal.SIGTERM, signal.default_int_handler); "
        "back_up(sys.argv[1], Path(sys.argv[2]), now=system_clock(), watch=lambda n: print(n, flush=True))"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code, url, str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=os.getcwd()
    )
    running.stdout.readline()
    running.send_signal(number)
    running.wait(60)
    running.stdout.close()
    left = [each.name for each in file.parent.iterdir()]
    assert not file.exists()
    if number == signal.SIGTERM:
        assert left == []
    else:
        assert all(each.startswith(".") and each.endswith(".partial") for each in left)
        for each in left:
            with pytest.raises(StoreError, match="not a backup"):
                read_backup(file.parent / each)


def test_a_damaged_backup_is_refused_and_the_store_stays_empty(filled, store_url, tmp_path):
    file = tmp_path / "night.db"
    back_up(store_url, file, now=NOW)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE subscribers SET name = 'somebody else' WHERE address LIKE 'ada%'")
    connection.close()
    with pytest.raises(StoreError, match="the table subscribers has rows with other values"):
        restore(file, _empty(tmp_path), replace=False, who="mara", now=LATER)
    assert not (tmp_path / "empty.db").exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_what_is_no_backup_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "letter.txt"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="is not a backup") as refused:
        verify(file)
    assert "\n" not in str(refused.value)


def test_a_backup_of_a_newer_version_is_refused(filled, store_url, tmp_path, monkeypatch):
    back_up(store_url, tmp_path / "night.db", now=NOW)
    monkeypatch.setattr(schema, "HEAD", "0000")
    with pytest.raises(StoreError, match="newer than this program"):
        restore(tmp_path / "night.db", _empty(tmp_path), replace=False, who="mara", now=LATER)


def test_a_store_of_an_older_version_is_backed_up_as_it_is(filled, store_url, tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "HEAD", "9999")
    before = back_up(store_url, tmp_path / "old.db", now=NOW)
    monkeypatch.undo()
    assert before == back_up(store_url, tmp_path / "new.db", now=NOW).__class__(
        tmp_path / "old.db", NOW, schema.HEAD, before.program, before.database, before.tables
    )
    with sqlite3.connect(tmp_path / "old.db") as old, sqlite3.connect(tmp_path / "new.db") as new:
        assert list(old.iterdump()) == list(new.iterdump())


def test_a_store_that_is_not_empty_is_replaced_only_when_asked_and_what_it_held_is_kept(filled, store_url, tmp_path):
    file = tmp_path / "night.db"
    back_up(store_url, file, now=NOW)
    subscribe(filled, "dora@example.org")
    filled.close()
    with pytest.raises(StoreError, match="--replace"):
        restore(file, store_url, replace=False, who="mara", now=LATER)
    done = restore(file, store_url, replace=True, who="mara", now=LATER)
    assert done.kept
    assert verify(done.kept).tables["subscribers"].rows == 4
    assert _sums(store_url)["subscribers"] == verify(file).tables["subscribers"]


def test_who_left_since_the_backup_has_left_after_a_replacement_too(filled, store_url, tmp_path):
    back_up(store_url, tmp_path / "night.db", now=NOW)
    with filled.write() as tx:
        ada = next(each for each in tx.subscribers.find("ada@example.org"))
        tx.subscribers.unsubscribe(ada.id, "readers", via="one-click", now=LATER)
        tx.suppressions.add(Suppression(address="cleo@example.org", reason="complained", at=LATER))
    filled.close()
    done = restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER)
    again = Store.open(store_url)
    with again.read() as tx:
        assert [each.state for each in tx.subscribers.find("ada@example.org")] == ["unsubscribed"]
        assert tx.suppressions.of("cleo@example.org")
    again.close()
    assert done.departed == 2


@pytest.mark.parametrize("key", [b"", OTHER_KEY])
def test_a_backup_whose_suppressions_this_key_does_not_know_replaces_nothing(filled, store_url, tmp_path, key):
    filled.close()
    Store.open(store_url, KEY).close()
    back_up(store_url, tmp_path / "night.db", now=NOW)
    for url, replace in ((_empty(tmp_path), False), (store_url, True)):
        with pytest.raises(StoreError, match=r"night\.db knows suppressed addresses"):
            restore(tmp_path / "night.db", url, replace=replace, who="mara", now=LATER, address_key=key)
    assert _sums(store_url)["subscribers"].rows == 3
    assert [each.name for each in tmp_path.glob("*restore*")] == []


def test_who_was_erased_since_the_backup_is_erased_after_a_replacement_too(filled, store_url, tmp_path):
    with filled.write() as tx:
        tx.suppressions.add(Suppression(address="cleo@example.org", reason="complained", at=NOW))
        tx.signups.add(
            Signup(
                id="a" * 26,
                address="dora@example.org",
                choices={"readers": Preferences()},
                language="en",
                evidence=Evidence(form="page", requested=NOW),
                requested=NOW,
            )
        )
    back_up(store_url, tmp_path / "night.db", now=NOW)
    for address in ("ada@example.org", "cleo@example.org", "dora@example.org"):
        assert forget(filled, address, who="mara", now=LATER)
    filled.close()
    done = restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER)
    again = Store.open(store_url)
    with again.read() as tx:
        assert [each.address for each in tx.subscribers.page(limit=10)] == ["björn@example.org"]
        assert tx.signups.get("a" * 26) is None
        against = {each: tx.suppressions.of(each).reason for each in ("ada@example.org", "cleo@example.org")}
        assert against == {"ada@example.org": "erased", "cleo@example.org": "complained"}
        assert {each.address for each in tx.suppressions.every()} == {""}
    again.close()
    assert done.departed == 3


def test_programs_are_told_once_more_of_who_was_erased_since_the_backup(filled, store_url, tmp_path):
    program = Endpoint(
        id=0,
        name="The CMS",
        url="https://cms.example/",
        secret="sealed",
        types=frozenset({EventType.SUBSCRIBER_SUBSCRIBED, EventType.SUBSCRIBER_ERASED}),
        by="mara",
        created=NOW,
    )
    with filled.write() as tx:
        endpoint = tx.endpoints.add(program)
    (eve,) = subscribe(filled, "eve@example.org")
    back_up(store_url, tmp_path / "night.db", now=NOW)
    assert forget(filled, "eve@example.org", who="mara", now=LATER)
    filled.close()
    restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER)
    again = Store.open(store_url)
    with again.read() as tx:
        erased, came = tx.endpoints.calls(endpoint, 10)
    again.close()
    assert (erased.type, erased.data) == ("subscriber.erased", {"id": eve})
    assert (came.data["id"], came.data["address"]) == (eve, None)


def test_who_left_a_store_of_old_has_left_the_keyed_one_that_takes_its_place(filled, store_url, tmp_path):
    filled.close()
    other = _empty(tmp_path, "keyed")
    keyed = Store.open(other, KEY)
    subscribe(keyed, "ada@example.org", "cleo@example.org")
    keyed.close()
    back_up(other, tmp_path / "night.db", now=NOW)
    old = Store.open(store_url)
    with old.write() as tx:
        tx.suppressions.add(Suppression(address="cleo@example.org", reason="complained", at=LATER))
    old.close()
    restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER, address_key=KEY)
    again = Store.open(store_url, KEY)
    with again.read() as tx:
        assert tx.suppressions.of("cleo@example.org")
    again.close()


def test_no_id_that_was_given_since_the_backup_is_given_again(filled, store_url, tmp_path):
    back_up(store_url, tmp_path / "night.db", now=NOW)
    _keep(filled, article(title="Lost since"))
    lost = _article_id(filled, "Lost since")
    filled.close()
    restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER)
    again = Store.open(store_url)
    _keep(again, article(title="Collected since"))
    assert _article_id(again, "Collected since") == lost + AHEAD + 1
    again.close()


def _article_id(store, title):
    with store.read() as tx:
        return next(each.id for each in tx.articles.newest() if each.title == title)


def test_a_store_that_somebody_has_open_is_neither_replaced_nor_moved(filled, store_url, tmp_path):
    back_up(store_url, tmp_path / "night.db", now=NOW)
    with pytest.raises(StoreError, match="in use by another process"):
        restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER)
    with pytest.raises(StoreError, match="in use by another process"):
        move(store_url, _empty(tmp_path), who="mara", now=LATER)


def test_a_restored_store_holds_all_it_could_send_and_says_why(filled, store_url, tmp_path):
    back_up(store_url, tmp_path / "night.db", now=NOW)
    filled.close()
    restore(tmp_path / "night.db", store_url, replace=True, who="mara", now=LATER)
    _assert_held(store_url, at=LATER)


def test_a_backup_put_in_a_stores_place_by_hand_holds_as_well(filled, store_url, tmp_path):
    back_up(store_url, tmp_path / "night.db", now=NOW)
    _assert_held(f"sqlite:///{tmp_path}/night.db", at=None)


def _assert_held(url, at):
    store = Store.open(url)
    with store.read() as tx:
        assert tx.editions.state("sending00001") is EditionState.PAUSED
        assert tx.editions.state("waiting00001") is EditionState.HELD
        assert [act.before for act in tx.acts.newest(thing="edition:waiting00001")] == ["drafted"]
        assert Restored.parse(tx.flags.get(RESTORED)) == Restored(backup=NOW, at=at)
        assert "broadsheet db reconcile" in tx.flags.held()
    with pytest.raises(StoreHeld), store.write() as tx:
        tx.editions.add(edition(), expires=LATER, report={})
    with pytest.raises(StoreHeld), store.write() as tx:
        tx.editions.move("sending00001", to=EditionState.SENDING, since=[EditionState.PAUSED], now=LATER)
    with store.write() as tx:
        claimed = tx.chunks.claim("mail", owner="w", now=LATER, until=LATER + timedelta(minutes=1))
    assert claimed is None
    store.close()


@pytest.fixture
def postgresql_url(request):
    """An empty PostgreSQL beside the store of the test."""
    with request.getfixturevalue("postgresql_databases").one() as url:
        yield url


@pytest.fixture
def sqlite_filled(tmp_path):
    url = f"sqlite:///{tmp_path}/first.db"
    store = Store.open(url)
    _keep(store, *(article(title=f"Fähre {number} \N{SHIP}") for number in range(2500)))
    subscribe(store, "ada@example.org", "björn@example.org")
    with store.write() as tx:
        tx.editions.add(edition(id="waiting00001"), expires=LATER, report={"picked": [1, 2.5, None, "ß"]})
        tx.deliveries.add_audience("waiting00001", "mail", "readers", NOW)
        # An id that was given and is gone.
        tx.connection.execute(text("DELETE FROM articles WHERE id = 2500"))
    store.close()
    return url


@pytest.mark.postgresql
def test_a_store_moves_to_postgresql_and_back_without_loss(sqlite_filled, postgresql_url, tmp_path):
    there = move(sqlite_filled, postgresql_url, who="mara", now=LATER)
    back = move(postgresql_url, _empty(tmp_path, "second"), who="mara", now=LATER)
    for name in metadata.tables:
        if name not in ("flags", "acts"):
            assert there.tables[name] == back.tables[name]
    assert there.tables["articles"].rows == 2499
    store = Store.open(_empty(tmp_path, "second"))
    _keep(store, article(title="The next"))
    assert _article_id(store, "The next") == 2501
    with store.read() as tx:
        assert tx.editions.state("waiting00001") is EditionState.DRAFTED
        assert tx.deliveries.balance("waiting00001").states == {DeliveryState.PENDING: 2}
    store.close()


@pytest.mark.postgresql
def test_nothing_goes_out_from_the_store_that_was_left(sqlite_filled, postgresql_url):
    move(sqlite_filled, postgresql_url, who="mara", now=LATER)
    for url, moved in ((sqlite_filled, True), (postgresql_url, False)):
        store = Store.open(url)
        with store.read() as tx:
            assert ("was moved to postgresql" in tx.flags.held()) is moved
        store.close()
    stay(sqlite_filled, who="mara", now=LATER)
    store = Store.open(sqlite_filled)
    with store.read() as tx:
        assert not tx.flags.held()
        assert [act.note for act in tx.acts.newest(thing="installation")][0] == "move taken back"
    store.close()


def test_a_move_into_a_store_that_is_not_empty_leaves_both_as_they_were(sqlite_filled, tmp_path):
    other = Store.open(_empty(tmp_path, "other"))
    subscribe(other, "zoe@example.org")
    other.close()
    before = _sums(_empty(tmp_path, "other"))
    with pytest.raises(StoreError, match="not empty"):
        move(sqlite_filled, _empty(tmp_path, "other"), who="mara", now=LATER)
    assert _sums(_empty(tmp_path, "other")) == before
    store = Store.open(sqlite_filled)
    with store.read() as tx:
        assert not tx.flags.held()
    store.close()


@pytest.mark.postgresql
def test_a_move_that_fails_half_way_leaves_the_new_store_empty_and_the_old_one_in_use(sqlite_filled, postgresql_url):
    store = Store.open(sqlite_filled)
    with store.write() as tx:
        # PostgreSQL's text takes no NUL.
        tx.connection.execute(text("UPDATE subscribers SET name = 'a' || char(0) || 'b'"))
    store.close()
    with pytest.raises(StoreError, match="table subscribers is not taken"):
        move(sqlite_filled, postgresql_url, who="mara", now=LATER)
    for url in (sqlite_filled, postgresql_url):
        store = Store.open(url)
        with store.read() as tx:
            assert not tx.flags.held()
            assert bool(tx.counts()["articles"]) is (url == sqlite_filled)
        store.close()


def test_a_store_that_is_sending_is_not_moved(filled, store_url, tmp_path):
    filled.close()
    with pytest.raises(StoreError, match="pause --all"):
        move(store_url, _empty(tmp_path), who="mara", now=LATER)
