"""A million readers at once: does it take more memory, or longer for each, than ten thousand?"""

from __future__ import annotations

import statistics

from tests.bench.figure import Figure
from tests.bench.newsroom import Sent
from tests.bench.workbench import Workbench

PART = 10_000


def growth_and_memory(bench: Workbench, *, small: int, large: int, repeats: int) -> list[Figure]:
    """Small sends before and after one large one, all into the same sink."""

    def send(count: int) -> Sent:
        with bench.newsroom(count) as newsroom:
            return bench.send(newsroom, count)

    before = [send(small) for _ in range(repeats)]
    whole = send(large)
    smalls = before + [send(small) for _ in range(repeats)]
    each = statistics.median(sent.seconds / small * PART for sent in smalls)
    small_peak = statistics.median(sent.peak for sent in smalls)
    raw = {
        "small": small,
        "large": large,
        "small_seconds": [round(sent.seconds, 2) for sent in smalls],
        "large_seconds": round(whole.seconds, 2),
        "large_rate": round(whole.rate, 1),
        "small_peak_mb": round(small_peak / 1e6, 1),
        "large_peak_mb": round(whole.peak / 1e6, 1),
    }
    return [
        Figure(
            name="memory.growth",
            value=whole.peak / small_peak,
            aim=1.3,
            at_most=True,
            why=f"peak RSS of the sending process at {large:,} ÷ at {small:,} readers",
            raw=raw,
        ),
        Figure(
            name="memory.peak",
            value=whole.peak / 1e6,
            unit="MB",
            aim=200,
            at_most=True,
            why=f"peak RSS of the sending process at {large:,} readers",
            raw=raw,
        ),
        Figure(
            name="growth.time",
            value=(whole.seconds / large * PART) / each,
            aim=1.15,
            at_most=True,
            why=f"seconds for 10,000 readers at {large:,} ÷ at {small:,}",
            raw=raw,
        ),
    ]
