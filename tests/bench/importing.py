"""How long an import of a million rows takes, by the least that SQLite needs for the same rows, and in what memory."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from secrets import token_hex

from bot.audience.importing import BATCH
from bot.store import Store
from tests.bench import readers
from tests.bench.figure import Figure
from tests.bench.memory import Peak
from tests.bench.newsroom import WEEK, Newsroom

CONSENT = "sign-up form, double opt-in"


@dataclass(frozen=True, slots=True)
class Run:
    """One import by the command line, from its start to its end; ``peak`` in bytes."""

    count: int
    seconds: float
    peak: int

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.count / self.seconds


def measured(folder: Path, *, small: int, large: int, repeats: int) -> list[Figure]:
    """On SQLite in turns with a bare INSERT, small ones before, then once on PostgreSQL and once again of the same."""
    smalls = [_sqlite(folder, small)[0] for _ in range(repeats)]
    pairs = [(*_sqlite(folder, large), _bare(folder, large)) for _ in range(repeats)]
    far = _postgresql(folder, large)
    best = max(run.rate for run, _, _ in pairs)
    raw = {
        "rows": large,
        "seconds": [round(run.seconds, 2) for run, _, _ in pairs],
        "again_seconds": [round(again.seconds, 2) for _, again, _ in pairs],
        "bare_seconds": [round(bare, 2) for _, _, bare in pairs],
        "peak_mb": [round(run.peak / 1e6, 1) for run, _, _ in pairs],
        "small_rows": small,
        "small_peak_mb": [round(run.peak / 1e6, 1) for run in smalls],
        "postgresql_seconds": round(far.seconds, 2),
        "postgresql_peak_mb": round(far.peak / 1e6, 1),
    }
    ratio = sorted(run.seconds / bare for run, _, bare in pairs)[len(pairs) // 2]
    peak = max(run.peak for run, _, _ in pairs)
    return [
        Figure(
            name="import.rate",
            value=best,
            unit="/s",
            aim=20_000,
            why=f"rows/s of `subscribers import` of {large:,} on SQLite, with the start and the look at the file",
            raw=raw,
        ),
        Figure(
            name="import.over_bare_insert",
            value=ratio,
            aim=2,
            at_most=True,
            why=f"the same ÷ INSERT of the same {large:,} rows into the same tables by sqlite3 alone",
            raw=raw,
        ),
        Figure(
            name="import.memory_growth",
            value=peak / min(run.peak for run in smalls),
            aim=1.3,
            at_most=True,
            why=f"peak RSS of an import of {large:,} ÷ of {small:,} rows",
            raw=raw,
        ),
        Figure(
            name="import.postgresql",
            value=far.rate,
            unit="/s",
            aim=10_000,
            why=f"rows/s of the same {large:,} on PostgreSQL",
            raw=raw,
        ),
    ]


def _sqlite(folder: Path, count: int) -> tuple[Run, Run]:
    """An import into an empty store, and the same again, which changes nothing."""
    newsroom = Newsroom(folder / f"import-{token_hex(4)}", port=9)
    file = _file(newsroom.folder, count)
    first, again = _run(newsroom, file, count, "accepted"), _run(newsroom, file, count, "known")
    for each in newsroom.database.parent.glob("broadsheet.db*"):
        each.unlink()
    return first, again


def _postgresql(folder: Path, count: int) -> Run:
    with readers.postgresql(0) as url:
        newsroom = Newsroom(folder / f"import-{token_hex(4)}", port=9, environment={"DATABASE_URL": url})
        return _run(newsroom, _file(newsroom.folder, count), count, "accepted")


def _run(newsroom: Newsroom, file: Path, count: int, what: str) -> Run:
    began = time.perf_counter()
    process = newsroom.start("subscribers", "import", str(file), "--consent", CONSENT, "--json")
    with Peak(process.pid) as peak:
        out, err = process.communicate(timeout=WEEK)
    seconds = time.perf_counter() - began
    if process.returncode or json.loads(out)[what] != count:
        raise RuntimeError(f"subscribers import: exit {process.returncode}: {err.strip()} {out.strip()[:500]}")
    return Run(count, seconds, peak.bytes)


def _file(folder: Path, count: int) -> Path:
    """Addresses in no order, as other programs write them: of many domains, some with a name."""
    file = folder / "readers.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        stream.write("email,name,subscribed\n")
        for row in _rows(count):
            stream.write(f"{row[1]},{row[4]},2025-03-01T07:00:00Z\n")
    return file


def _rows(count: int) -> Iterator[tuple[int, str, str, str, str, str]]:
    chance = readers.AddressHash(b"")
    at = datetime(2025, 3, 1, 7, tzinfo=UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    for number in range(count):
        mark = chance.of_key(str(number))
        address = f"{mark[:6]}.reader{number}@mail{number % 997}.example"
        yield int(mark[:13], 16), address, address, mark, f"Reader {number}" if number % 3 else "", at


def _bare(folder: Path, count: int) -> float:
    """Seconds for the same rows in the same tables, keys hashed beforehand, in transactions of as many."""
    database = folder / f"bare-{token_hex(4)}.db"
    Store.open(f"sqlite:///{database}").close()
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -32768"):
        connection.execute(f"PRAGMA {pragma}")
    rows, seconds = _rows(count), 0.0
    while batch := list(islice(rows, BATCH)):
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO subscribers (id, address, address_key, address_hash, name, created) VALUES (?,?,?,?,?,?)",
            batch,
        )
        connection.executemany(
            "INSERT INTO subscriptions (audience, subscriber, state, consent_at, consent_via, consent_note) "
            "VALUES ('readers', ?, 'subscribed', ?, 'import of readers.csv by bench', ?)",
            [(row[0], row[5], CONSENT) for row in batch],
        )
        connection.execute("COMMIT")
        seconds += time.perf_counter() - began
    connection.close()
    for each in folder.glob(f"{database.name}*"):
        each.unlink()
    return seconds
