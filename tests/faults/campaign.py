"""``make faults N=500``: so many kills over all set-ups, by a seed; goes on where it stopped; the table goes into docs.

Each unit is one newsroom with some editions, killed again and again. Finished units are kept in a file, so that the
same command goes on after an interruption; another seed, or another N, begins anew.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults import posting_campaign
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.evidence import ROOT, running_sink
from tests.faults.newsroom import Newsroom, Setting
from tests.faults.trial import LATENCY, MIX, Figures, trial

READERS = 400
OF_WORKERS = 2_000
"""Chunks for both workers: the one that is left alone is done with few before the other one is back."""
EDITIONS = 2
KILLS = 6
PAGE = ROOT / "docs" / "reliability.md"
FIGURES = ("kills", "messages", "accepted", "failed", "unknown", "copies", "lost")
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
WORDS = {
    "sqlite": "`up`, SQLite",
    "postgresql": "`up`, PostgreSQL",
    "workers": "scheduler and two workers, PostgreSQL",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a unit tries."""

    setup: str
    faulty: bool
    policy: str = "ask"

    @property
    def readers(self) -> int:
        return OF_WORKERS if self.setup == "workers" else READERS

    def __str__(self) -> str:
        return f"{WORDS[self.setup]} | {'faulty' if self.faulty else 'good'} | `{self.policy}`"


KINDS = [
    *(Kind(setup, faulty) for setup, faulty in itertools.product(WORDS, (False, True))),
    Kind("sqlite", True, "resend"),
    Kind("workers", True, "resend"),
]


@dataclass
class Campaign:
    """The units done so far, in a file of one JSON line each."""

    seed: int
    kills: int
    file: Path

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.done: dict[int, Figures] = {}
        if self.file.exists():
            for line in self.file.read_text("utf-8").splitlines():
                record = json.loads(line)
                unit = record.pop("unit")
                self.done[unit] = Figures(**record)

    @property
    def total(self) -> Figures:
        total = Figures()
        for each in list(self.done.values()):
            total += each
        return total

    def keep(self, unit: int, figures: Figures) -> None:
        with self._lock, self.file.open("a") as stream:
            self.done[unit] = figures
            stream.write(json.dumps({"unit": unit, **asdict(figures)}) + "\n")

    def run(self, cluster: Cluster, lanes: int) -> None:
        """Runs units until there are enough kills."""
        began = time.monotonic()
        units = (unit for unit in itertools.count() if unit not in self.done)
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(lanes) as pool:
            while self.total.kills < self.kills or running:
                while len(running) < lanes and self.total.kills + len(running) * EDITIONS * KILLS < self.kills:
                    running.add(pool.submit(self._unit, next(units), cluster))
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for each in ended:
                    each.result()
                self._tell(time.monotonic() - began)

    def _unit(self, unit: int, cluster: Cluster) -> None:
        kind = KINDS[unit % len(KINDS)]
        chance = random.Random(f"{self.seed}/{unit}")
        figures = Figures()
        with tempfile.TemporaryDirectory(prefix="broadsheet-faults-") as place:
            folder = Path(place)
            database = "" if kind.setup == "sqlite" else cluster.new_database()
            faults = MIX if kind.faulty else ""
            with running_sink(folder / "sink", seed=chance.getrandbits(32), faults=faults, options=LATENCY) as sink:
                newsroom = Newsroom(folder / "newsroom", kind.readers, Setting(unknown=kind.policy), database)
                newsroom.make(sink.port)
                for _ in range(EDITIONS):
                    figures += trial(newsroom, sink, chance, kills=KILLS, setup=kind.setup)
        figures.broken = [f"unit {unit}, {kind}: {said}" for said in figures.broken]
        self.keep(unit, figures)

    def _tell(self, seconds: float) -> None:
        total = self.total
        sys.stderr.write(
            f"\r{total.kills} of {self.kills} kills, {total.messages} messages, {len(total.broken)} broken, "
            f"{seconds:.0f} s "
        )
        sys.stderr.flush()

    def table(self) -> str:
        """The figures, one line a kind."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        heads = ["what was killed", "mail server", "`unknown =`", *FIGURES]
        yield f"| {' | '.join(heads)} |"
        yield f"| --- | --- | --- |{' --: |' * len(FIGURES)}"
        for number, kind in enumerate(KINDS):
            sum_ = Figures()
            for unit, figures in self.done.items():
                if unit % len(KINDS) == number:
                    sum_ += figures
            yield f"| {kind} | {_cells(sum_)} |"
        yield f"| all together | | | {_cells(self.total)} |"


def _cells(figures: Figures) -> str:
    return " | ".join(f"{getattr(figures, name):,}" for name in FIGURES)


def write_page(page: Path, table: str, command: str, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Puts the table between the page's markers."""
    begin, end = marks
    text = page.read_text("utf-8")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    page.write_text(f"{before}{begin}\n`{command}`\n\n{table}\n{end}{after}", "utf-8")


def _posting(kills: int, seed: int, lanes: int, *, docs: bool) -> int:
    """The campaign of posts, which needs no PostgreSQL."""
    sums = posting_campaign.run(kills, seed, lanes)
    table = posting_campaign.table(sums)
    sys.stdout.write(f"\n{table}\n")
    broken = [said for each in sums.values() for said in each.broken]
    for said in broken:
        sys.stdout.write(f"BROKEN: {said}\n")
    if docs:
        marks = posting_campaign.BEGIN, posting_campaign.END
        write_page(PAGE, table, f"make faults N={kills} SEED={seed} ARGS=--posting", marks)
    return 1 if broken else 0


def main() -> int:
    options = argparse.ArgumentParser(
        prog="python -m tests.faults.campaign", description=(__doc__ or "").split("\n")[0]
    )
    options.add_argument("kills", type=int, nargs="?", default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--lanes", type=int, default=max(2, os.cpu_count() or 1), help="newsrooms at a time")
    options.add_argument("--docs", action="store_true", help="put the table into docs/reliability.md")
    options.add_argument("--posting", action="store_true", help="kill what posts to networks, not what sends mail")
    given = options.parse_args()
    if given.posting:
        return _posting(given.kills, given.seed, given.lanes, docs=given.docs)
    folder = ROOT / "var"
    folder.mkdir(exist_ok=True)
    campaign = Campaign(given.seed, given.kills, folder / f"faults-{given.seed}-{given.kills}.jsonl")
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster())
        campaign.run(cluster, given.lanes)
    total = campaign.total
    sys.stderr.write("\n")
    sys.stdout.write(campaign.table() + "\n")
    for said in total.broken:
        sys.stdout.write(f"BROKEN: {said}\n")
    if given.docs:
        write_page(PAGE, campaign.table(), f"make faults N={given.kills} SEED={given.seed}")
    return 1 if total.broken or total.lost else 0


if __name__ == "__main__":
    sys.exit(main())
