"""Readers by the million: a store that holds them, loaded once and kept as a template to copy."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateTable

from bot.model import Preferences
from bot.settings import SECRET_KEYS
from bot.store import Store, schema
from bot.store.address import AddressHash, address_key
from bot.store.chosen import preferences_json
from bot.store.subscribers import LARGEST_ID
from bot.store.tables import metadata, subscribers, subscriptions
from bot.testing import ENVIRONMENT, KEYS

AUDIENCE = "readers"
RING = ENVIRONMENT[SECRET_KEYS]
"""Always the same: a loaded store is kept, and knows addresses by a key of this ring."""
CHUNK = 20_000
POSTGRESQL = os.environ.get("BROADSHEET_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")


def cache_folder() -> Path:
    """Where loaded stores and peers are kept between runs: ``BROADSHEET_BENCH_DIR``, or below the temporary folder."""
    folder = Path(os.environ.get("BROADSHEET_BENCH_DIR") or Path(tempfile.gettempdir()) / "broadsheet-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def load(store: Store, count: int) -> None:
    """Subscribes ``count`` readers to ``AUDIENCE``: the rows that ``subscribers import`` would make, in bulk."""
    now = datetime.now(UTC)
    rows = _rows(count, now, AddressHash(KEYS.address_key))
    while chunk := list(islice(rows, CHUNK)):
        with store.write() as tx:
            tx.connection.execute(insert(subscribers), chunk)
            tx.connection.execute(
                insert(subscriptions),
                [
                    {
                        "audience": AUDIENCE,
                        "subscriber": row["id"],
                        "state": "subscribed",
                        "consent_at": now,
                        "consent_via": "import of readers.csv by bench",
                    }
                    for row in chunk
                ],
            )


TOPICS = tuple(f"Topic {number}" for number in range(12))
_ZONES = ("", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kathmandu")


def choose(store: Store, audience: str = AUDIENCE) -> int:
    """Lets every reader of ``audience`` choose something, at random but always the same; how many different choices."""
    numbers = random.Random(1)
    made = [json.dumps(preferences_json(_choice(numbers)), sort_keys=True) for _ in range(50_000)]
    with store.write() as tx:
        ids = (
            tx.connection.execute(select(subscriptions.c.subscriber).where(subscriptions.c.audience == audience))
            .scalars()
            .all()
        )
        statement = text(
            "UPDATE subscriptions SET preferences = :chosen WHERE audience = :audience AND subscriber = :id"
        )
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            tx.connection.execute(
                statement, [{"chosen": numbers.choice(made), "audience": audience, "id": each} for each in some]
            )
    return len(set(made))


def _choice(numbers: random.Random) -> Preferences:
    return Preferences(
        topics=tuple(numbers.sample(TOPICS, numbers.randint(1, 4))),
        language=numbers.choice(("", "", "de", "ar")),
        hour=numbers.choice((None, *range(24))),
        timezone=numbers.choice(_ZONES),
    )


def _rows(count: int, now: datetime, hashed: AddressHash) -> Iterator[dict[str, Any]]:
    for number in range(count):
        address = f"reader{number:07d}@readers.test"
        yield {
            # As the product gives them: at random, so that their index grows everywhere at once.
            "id": secrets.randbelow(LARGEST_ID) + 1,
            "address": address,
            "address_key": address_key(address),
            "address_hash": hashed(address),
            "name": f"Reader {number}",
            "created": now,
        }


def place(count: int, database: Path) -> None:
    """Puts a SQLite store with ``count`` readers at ``database``, copied from the cache."""
    template = cache_folder() / f"readers-{count}-{_version()}.db"
    if not template.exists():
        making = template.with_suffix(f".{os.getpid()}")
        store = Store.open(f"sqlite:///{making}", KEYS.address_key)
        load(store, count)
        # The last connection to close moves what the write-ahead log holds into the file.
        store.close()
        making.rename(template)
    database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template, database)
    database.chmod(0o600)


def _version() -> str:
    """Changes with any table and any migration: a store of others is of no use."""
    ddl = schema.HEAD + "".join(str(CreateTable(table)) for table in metadata.sorted_tables)
    return hashlib.sha256(ddl.encode()).hexdigest()[:10]


@contextmanager
def postgresql_database() -> Iterator[str]:
    """The URL of an empty database of our own on a PostgreSQL server; it is dropped at the end."""
    name = f"broadsheet_bench_{secrets.token_hex(4)}"
    engine = create_engine(make_url(POSTGRESQL).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as run:
        run.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as run:
            run.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def postgresql(count: int) -> Iterator[str]:
    """The URL of a PostgreSQL store of our own with ``count`` readers; it is dropped at the end."""
    with postgresql_database() as url:
        store = Store.open(url, KEYS.address_key)
        load(store, count)
        with store.write() as tx:
            tx.connection.execute(text("ANALYZE"))
        store.close()
        yield url
