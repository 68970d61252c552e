"""``make faults N=200 ARGS=--posting``: so many kills of ``up`` while it posts to all networks, by a seed.

Finished units are kept in a file: the same command goes on after an interruption.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path

from tests.faults.evidence import ROOT
from tests.faults.networks import running_networks
from tests.faults.posting import Figures, posting_newsroom, posting_trial
from tests.faults.program import new_clock

KILLS = 9
KINDS = tuple(itertools.product(("each", "thread"), (False, True)))
FIGURES = ("kills", "between", "posts", "unknown", "recalled", "resent", "doubled", "lost")
BEGIN, END = "<!-- posting: begin -->", "<!-- posting: end -->"
WORDS = {"each": "posts on their own", "thread": "threads, where a network has them"}


def run(kills: int, seed: int, lanes: int) -> dict[tuple[str, bool], Figures]:
    """The figures of each kind of trial, once there are enough kills."""
    file = ROOT / "var" / f"posting-{seed}.jsonl"
    file.parent.mkdir(exist_ok=True)
    done = _kept(file)
    units = (unit for unit in itertools.count() if unit not in done)
    running = set[Future[tuple[int, Figures]]]()
    with ThreadPoolExecutor(lanes) as pool, file.open("a") as stream:
        while (so_far := sum(each.kills for each in done.values())) < kills or running:
            while len(running) < lanes and so_far + len(running) * KILLS < kills:
                running.add(pool.submit(_unit, seed, next(units)))
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for unit, figures in (each.result() for each in ended):
                done[unit] = figures
                stream.write(json.dumps({"unit": unit, **asdict(figures)}) + "\n")
                stream.flush()
            broken = sum(len(each.broken) for each in done.values())
            sys.stderr.write(f"\r{sum(each.kills for each in done.values())} of {kills} kills, {broken} broken ")
            sys.stderr.flush()
    sums = {kind: Figures() for kind in KINDS}
    for unit, figures in done.items():
        sums[KINDS[unit % len(KINDS)]] += figures
    return sums


def _kept(file: Path) -> dict[int, Figures]:
    """The units of an earlier call with this seed."""
    found: dict[int, Figures] = {}
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        record = json.loads(line)
        unit = record.pop("unit")
        found[unit] = Figures(**record)
    return found


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


def _unit(seed: int, unit: int) -> tuple[int, Figures]:
    """One newsroom and some editions, before networks of its own."""
    posts, faulty = KINDS[unit % len(KINDS)]
    clock, chance, figures = new_clock(), random.Random(f"{seed}/{unit}"), Figures()
    with tempfile.TemporaryDirectory(prefix="broadsheet-posting-") as place, running_networks(clock) as networks:
        newsroom = posting_newsroom(Path(place) / "newsroom", networks, clock)
        while figures.kills < KILLS and not figures.broken:
            left = KILLS - figures.kills
            figures += posting_trial(newsroom, networks, chance, kills=left, posts=posts, faulty=faulty)
    figures.broken = [f"unit {unit}, {posts}, {'faulty' if faulty else 'good'}: {said}" for said in figures.broken]
    return unit, figures
