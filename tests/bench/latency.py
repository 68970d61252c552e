"""A server far away: 20 ms round trip, 100 connections."""

from __future__ import annotations

import smtplib
import time

from tests.bench.delay import DelayProxy
from tests.bench.figure import Figure, in_turns
from tests.bench.sink import arrived
from tests.bench.workbench import Workbench

ROUND_TRIP = 0.02
CONNECTIONS = 100
REFERENCE = 60
"""Messages that smtplib sends: a dozen a second."""


def far_away(bench: Workbench, count: int, repeats: int) -> list[Figure]:
    """Messages per second, and by smtplib's over one kept connection. One of the two aims is to be met."""
    with DelayProxy(bench.sink.port, one_way=ROUND_TRIP / 2) as proxy:

        def ours() -> float:
            with bench.newsroom(count, port=proxy.port, connections=CONNECTIONS) as newsroom:
                return bench.send(newsroom, count).rate

        def smtplib_kept() -> float:
            before = bench.sink.count()
            with smtplib.SMTP("127.0.0.1", proxy.port) as smtp:
                smtp.ehlo()
                began = time.perf_counter()
                for number in range(REFERENCE):
                    smtp.sendmail("from@newsroom.test", f"reader{number}@readers.test", bench.message)
                seconds = time.perf_counter() - began
            arrived(bench.sink, before, REFERENCE, "smtplib")
            return REFERENCE / seconds

        pairs = in_turns(repeats, ours, smtplib_kept)
    raw = {**pairs.raw(), "messages": count, "round_trip_ms": ROUND_TRIP * 1000, "connections": CONNECTIONS}
    rate = sorted(pairs.candidate)[len(pairs.candidate) // 2]
    return [
        Figure(
            name="latency.rate",
            value=rate,
            unit="/s",
            aim=2000,
            why="messages/s at 20 ms round trip, 100 connections",
            raw=raw,
        ),
        Figure(
            name="latency.over_smtplib",
            value=pairs.ratio,
            aim=20,
            why="the same ÷ smtplib on one kept connection (this, or the line above)",
            raw=raw,
        ),
    ]
