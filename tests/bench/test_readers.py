from bot.audience.enrolment import exported, import_csv
from bot.store import Store
from bot.testing import NOW
from tests.bench import readers


def test_loaded_readers_are_what_an_import_makes(tmp_path, store):
    file = tmp_path / "readers.csv"
    file.write_text(
        "address,name\n" + "".join(f"reader{number:07d}@readers.test,Reader {number}\n" for number in range(3))
    )
    import_csv(store, file, readers.AUDIENCE, by="bench", note="", now=NOW, advance=lambda: None)
    with store.read() as tx:
        imported = {(row.address, row.name) for row in exported(tx, readers.AUDIENCE)}
        expected = tx.counts()
    loaded = Store.open(f"sqlite:///{tmp_path}/loaded.db", readers.KEYS.address_key)
    readers.load(loaded, 3)
    with loaded.read() as tx:
        assert {(row.address, row.name) for row in exported(tx, readers.AUDIENCE)} == imported
        assert {name: count for name, count in tx.counts().items() if name not in ("acts", "flags")} == {
            name: count for name, count in expected.items() if name not in ("acts", "flags")
        }
    # An import of the same file finds all of them known: their keys are right.
    again = import_csv(loaded, file, readers.AUDIENCE, by="bench", note="", now=NOW, advance=lambda: None)
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
