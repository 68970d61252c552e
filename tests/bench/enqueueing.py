"""How long it takes until an edition's deliveries stand in the ledger, by the least that a database needs for it."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from sqlalchemy import text

from bot.delivery.sending import begin_sending
from bot.store import Store
from tests.bench import readers
from tests.bench.figure import Figure
from tests.bench.newsroom import SCHEDULE, Newsroom


def snapshot(folder: Path, count: int, repeats: int) -> list[Figure]:
    """``begin_sending`` on SQLite (synchronous=FULL) ÷ INSERT … SELECT of the rows it made into a bare table."""
    ours, bare = [], []
    for _ in range(repeats):
        # Nothing is sent: no server is asked.
        newsroom = Newsroom(folder / f"enqueue-{token_hex(4)}", port=9, approval=True)
        readers.place(count, newsroom.database)
        edition = newsroom("run", SCHEDULE, "--extra")["edition"]
        newsroom("approve", edition)
        store = Store.open(f"sqlite:///{newsroom.database}", readers.KEYS.address_key)
        ours.append(_begin(store, edition, count))
        bare.append(_copy(store, edition, count))
        store.close()
        newsroom.database.unlink()
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    raw = {
        "readers": count,
        "seconds": [round(each, 3) for each in ours],
        "bare_seconds": [round(each, 3) for each in bare],
    }
    return [
        Figure(
            name="enqueue.over_bare_insert",
            value=ratio,
            aim=2,
            at_most=True,
            why=f"begin_sending of {count:,} readers ÷ INSERT … SELECT of the same rows, no index",
            raw=raw,
        ),
        Figure(
            name="enqueue.seconds",
            value=statistics.median(ours),
            unit="s",
            aim=5,
            at_most=True,
            why=f"begin_sending of {count:,} readers",
            raw=raw,
        ),
    ]


def _begin(store: Store, edition: str, count: int) -> float:
    with store.read() as tx:
        found = tx.editions.get(edition)
    assert found
    began = time.perf_counter()
    begun = begin_sending(store, found, audience=readers.AUDIENCE, now=datetime.now(UTC))
    seconds = time.perf_counter() - began
    with store.read() as tx:
        balance = tx.deliveries.balance(edition)
    if not begun or balance.snapshot != count or not balance.balanced:
        raise RuntimeError(f"begin_sending named {balance.states}, not {count}")
    return seconds


def _copy(store: Store, edition: str, count: int) -> float:
    with store.write() as tx:
        tx.connection.execute(text("CREATE TABLE bare AS SELECT * FROM deliveries WHERE 0"))
    began = time.perf_counter()
    with store.write() as tx:
        copied = tx.connection.execute(
            text("INSERT INTO bare SELECT * FROM deliveries WHERE edition = :edition"), {"edition": edition}
        ).rowcount
    seconds = time.perf_counter() - began
    if copied != count:
        raise RuntimeError(f"{copied} rows were copied, not {count}")
    return seconds
