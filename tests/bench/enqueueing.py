"""How long it takes until an edition's deliveries stand in the ledger, by the least that a database needs for it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from sqlalchemy import text

from bot.delivery.sending import begin_sending
from bot.editions.variants import Choices
from bot.model import EditionStory, Placement, Summary
from bot.schedules.readers import Plan, survey
from bot.store import Store
from bot.store.chosen_readers import Place
from bot.testing import article
from tests.bench import readers
from tests.bench.figure import Figure
from tests.bench.memory import high_water
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


def chosen(folder: Path, count: int, repeats: int) -> list[Figure]:
    """The same where every reader chose topics, a language, an hour and a timezone of their own."""
    took, memory, kinds = [], [], 0
    for _ in range(repeats):
        newsroom = Newsroom(folder / f"chosen-{token_hex(4)}", port=9, approval=True)
        readers.place(count, newsroom.database)
        edition = newsroom("run", SCHEDULE, "--extra")["edition"]
        newsroom("approve", edition)
        store = Store.open(f"sqlite:///{newsroom.database}", readers.KEYS.address_key)
        kinds = readers.choose(store)
        # In a process of its own, whose memory is that of the snapshot alone.
        said = subprocess.run(
            [sys.executable, "-m", "tests.bench.enqueueing", str(newsroom.database), edition, str(count)],
            check=True,
            capture_output=True,
            text=True,
        )
        seconds, before, peak = json.loads(said.stdout)
        took.append(seconds)
        memory.append((before, peak))
        store.close()
        newsroom.database.unlink()
    raw = {"readers": count, "choices": kinds, "seconds": [round(each, 3) for each in took], "memory": memory}
    return [
        Figure(
            name="enqueue.chosen_seconds",
            value=statistics.median(took),
            unit="s",
            aim=20,
            at_most=True,
            why=f"begin_sending of {count:,} readers who all chose something, {kinds:,} different choices",
            raw=raw,
        ),
        Figure(
            name="enqueue.chosen_memory",
            value=max(peak - before for before, peak in memory) / 1e6,
            unit="MB",
            aim=100,
            at_most=True,
            why="what that adds to the peak memory of its process",
            raw=raw,
        ),
    ]


def _place(store: Store, now: datetime) -> Place:
    topics = readers.TOPICS[:8]
    stories = tuple(
        EditionStory(position=place, article=article(sections=(topic,)), summary=Summary("What it says."))
        for place, topic in enumerate(topics, start=1)
    )
    choices = Choices(SCHEDULE, now, stories, "en", "UTC")
    with store.read() as tx:
        wanted = survey(tx, choices, readers.AUDIENCE, now)
    plan = Plan(choices, frozenset(variant.id for variant, _ in wanted.variants))
    return lambda preferences: plan.place(preferences, now)


def _begin(store: Store, edition: str, count: int, place: Place = lambda _: Placement()) -> float:
    with store.read() as tx:
        found = tx.editions.get(edition)
    assert found
    began = time.perf_counter()
    begun = begin_sending(store, found, audience=readers.AUDIENCE, now=datetime.now(UTC), place=place)
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


def _one(url: str, edition: str, count: int) -> None:
    store = Store.open(url, readers.KEYS.address_key)
    before = high_water(os.getpid())
    seconds = _begin(store, edition, count, _place(store, datetime.now(UTC)))
    print(json.dumps([seconds, before, high_water(os.getpid())]))
    store.close()


if __name__ == "__main__":
    _one(f"sqlite:///{sys.argv[1]}", sys.argv[2], int(sys.argv[3]))
