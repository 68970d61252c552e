"""``make faults N=200 ARGS=--posting``: so many kills of ``up`` while it posts to all networks, by a seed."""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.networks import running_networks
from tests.faults.posting import Figures, posting_newsroom, posting_trial
from tests.faults.program import new_clock

KILLS = 9
KINDS = tuple(itertools.product(("each", "thread"), (False, True)))
FIGURES = ("kills", "between", "posts", "unknown", "recalled", "resent", "doubled", "lost")
BEGIN, END = "<!-- posting: begin -->", "<!-- posting: end -->"
WORDS = {"each": "three posts a network", "thread": "a thread of three, where a network has threads"}


def run(kills: int, seed: int, lanes: int) -> dict[tuple[str, bool], Figures]:
    """The figures of each kind of trial, once there are enough kills."""
    sums = {kind: Figures() for kind in KINDS}
    with ThreadPoolExecutor(lanes) as pool:
        for first in itertools.count(step=lanes):
            for kind, figures in pool.map(lambda unit: _unit(seed, unit), range(first, first + lanes)):
                sums[kind] += figures
                sys.stderr.write("".join(f"\n{said}\n" for said in figures.broken))
            done = sum(each.kills for each in sums.values())
            broken = sum(len(each.broken) for each in sums.values())
            sys.stderr.write(f"\r{done} of {kills} kills, {broken} broken ")
            sys.stderr.flush()
            if done >= kills:
                return sums
    raise AssertionError("the count has no end")


def table(sums: dict[tuple[str, bool], Figures]) -> str:
    """The figures, one line a kind."""
    return "\n".join(_lines(sums))


def _lines(sums: dict[tuple[str, bool], Figures]) -> Iterator[str]:
    yield f"| what was posted | networks | {' | '.join(FIGURES)} |"
    yield f"| --- | --- |{' --: |' * len(FIGURES)}"
    total = Figures()
    for (posts, faulty), figures in sums.items():
        total += figures
        yield f"| {WORDS[posts]} | {'faulty' if faulty else 'good'} | {_cells(figures)} |"
    yield f"| all together | | {_cells(total)} |"


def _cells(figures: Figures) -> str:
    return " | ".join(f"{getattr(figures, name):,}" for name in FIGURES)


def _unit(seed: int, unit: int) -> tuple[tuple[str, bool], Figures]:
    """One newsroom, one edition, before networks of its own."""
    kind = posts, faulty = KINDS[unit % len(KINDS)]
    clock = new_clock()
    with tempfile.TemporaryDirectory(prefix="broadsheet-posting-") as place, running_networks(clock) as networks:
        newsroom = posting_newsroom(Path(place) / "newsroom", networks, clock)
        chance = random.Random(f"{seed}/{unit}")
        figures = posting_trial(newsroom, networks, chance, kills=KILLS, posts=posts, faulty=faulty)
    figures.broken = [f"unit {unit}, {posts}, {'faulty' if faulty else 'good'}: {said}" for said in figures.broken]
    return kind, figures
