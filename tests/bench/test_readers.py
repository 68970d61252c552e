from zoneinfo import ZoneInfo

from bot.audience.enrolment import subscribers_import
from bot.audience.export import exported
from bot.audience.importing import run_import
from bot.store import Store
from bot.testing import NOW
from tests.bench import readers


def test_loaded_readers_are_what_an_import_makes(tmp_path, store):
    file = tmp_path / "readers.csv"
    file.write_text(
        "address,name\n" + "".join(f"reader{number:07d}@readers.test,Reader {number}\n" for number in range(3))
    )
    job = subscribers_import(
        file, readers.AUDIENCE, [readers.AUDIENCE], by="bench", zone=ZoneInfo("UTC"), consent="none"
    )
    run_import(store, job, clock=lambda: NOW, advance=lambda *_: None)
    with store.read() as tx:
        imported = {(row.address, row.name) for row in exported(tx, readers.AUDIENCE)}
        expected = tx.counts()
    loaded = Store.open(f"sqlite:///{tmp_path}/loaded.db", readers.KEYS.address_key)
    readers.load(loaded, 3)
    with loaded.read() as tx:
        assert {(row.address, row.name) for row in exported(tx, readers.AUDIENCE)} == imported
        assert {name: count for name, count in tx.counts().items() if name not in ("acts", "flags", "imports")} == {
            name: count for name, count in expected.items() if name not in ("acts", "flags", "imports")
        }
    # An import of the same file finds all of them known: their keys are right.
    again = run_import(loaded, job, clock=lambda: NOW, advance=lambda *_: None)
    assert (again.known, again.accepted) == (3, 0)
    loaded.close()


def test_a_store_is_loaded_once_and_copied(tmp_path, bench_cache):
    for name in ("one", "two"):
        readers.place(5, tmp_path / name / "broadsheet.db")
    assert len(list(bench_cache.glob("readers-5-*.db"))) == 1
    store = Store.open(f"sqlite:///{tmp_path}/two/broadsheet.db", readers.KEYS.address_key)
    with store.read() as tx:
        assert tx.counts()["subscriptions"] == 5
    store.close()
