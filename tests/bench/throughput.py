"""End to end: messages per second with the ledger on, by smtp-source's over the same sink in the same minute."""

from __future__ import annotations

from secrets import token_hex

from tests.bench import readers
from tests.bench.figure import Figure, in_turns
from tests.bench.newsroom import Newsroom
from tests.bench.proof import proven
from tests.bench.signing import DkimKey, dkim_key
from tests.bench.sink import Source
from tests.bench.workbench import Workbench


def on_sqlite(bench: Workbench, count: int, repeats: int) -> Figure:
    """Without DKIM, by ``broadsheet run``."""
    return _against_source(bench, count, repeats, "throughput.sqlite", 1.0)


def signed(bench: Workbench, count: int, repeats: int) -> Figure:
    """With an rsa-sha256 signature of 2048 bits in each message."""
    key = dkim_key(bench.folder)
    size = len(proven(bench.folder, key))
    return _against_source(bench, count, repeats, "throughput.sqlite_dkim_rsa2048", 0.35, size=size, key=key)


def _against_source(
    bench: Workbench,
    count: int,
    repeats: int,
    name: str,
    aim: float,
    *,
    size: int = 0,
    key: DkimKey | None = None,
) -> Figure:
    peaks = []

    def ours() -> float:
        with bench.newsroom(count, key=key) as newsroom:
            sent = bench.send(newsroom, count)
        peaks.append(sent.peak)
        return sent.rate

    source = Source(bench.sink, size or bench.size)
    pairs = in_turns(repeats, ours, lambda: source.rate(count))
    return Figure(
        name=name,
        value=pairs.ratio,
        aim=aim,
        why="messages/s ÷ smtp-source -d -s 20",
        raw={
            **pairs.raw(),
            "messages": count,
            "bytes": size or bench.size,
            "connections": bench.connections,
            "peak_mb": [round(peak / 1e6) for peak in peaks],
        },
    )


def on_postgresql(bench: Workbench, count: int, repeats: int, workers: int = 2) -> Figure:
    """On PostgreSQL, by worker processes that share the connections."""

    def ours() -> float:
        with readers.postgresql(count) as url:
            newsroom = Newsroom(
                bench.folder / f"newsroom-{token_hex(4)}",
                bench.sink.port,
                connections=max(1, bench.connections // workers),
                approval=True,
                environment={"DATABASE_URL": url},
            )
            before = bench.sink.count()
            sent = newsroom.send_by_workers(workers)
            bench.counted(sent, before, count)
            return sent.rate

    source = Source(bench.sink, bench.size)
    pairs = in_turns(repeats, ours, lambda: source.rate(count))
    return Figure(
        name="throughput.postgresql_2_workers",
        value=pairs.ratio,
        aim=0.6,
        why=f"messages/s of {workers} workers ÷ smtp-source -d -s 20",
        raw={**pairs.raw(), "messages": count, "bytes": bench.size, "connections": bench.connections},
    )
