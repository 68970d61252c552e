"""``make bench``: measures the program through its command line, and prints a line a figure: name, ratio, aim."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import BroadsheetError
from tests.bench import (
    clustering,
    desk,
    enqueueing,
    importing,
    latency,
    million,
    peer,
    posting,
    report,
    summarising,
    throughput,
)
from tests.bench.figure import Figure
from tests.bench.full_settings import Size
from tests.bench.newsroom import ROOT
from tests.bench.proof import proven
from tests.bench.sink import Missing, Sink
from tests.bench.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is sent: messages of a send, peers' messages, readers of the largest and of the small sends.

    ``large`` are the readers of the desk, too, beside its articles and editions.
    """

    messages: int = 20_000
    peer_messages: int = 1_000
    small: int = 10_000
    large: int = 1_000_000
    repeats: int = 5
    articles: int = 100_000
    editions: int = 1_000


FAILURES = (BroadsheetError, Missing, RuntimeError, OSError, subprocess.SubprocessError, SQLAlchemyError)
"""What ends one figure, with a line; the others are measured all the same."""

QUICK = Sizes(messages=2_000, peer_messages=200, small=2_000, large=20_000, repeats=2, articles=5_000, editions=60)

GROUPS: dict[str, Callable[[Workbench, Sizes], Sequence[Figure]]] = {
    "sqlite": lambda bench, sizes: [throughput.on_sqlite(bench, sizes.messages, sizes.repeats)],
    "dkim": lambda bench, sizes: [throughput.signed(bench, sizes.messages, sizes.repeats)],
    "postgresql": lambda bench, sizes: [throughput.on_postgresql(bench, sizes.messages, sizes.repeats)],
    "peers": lambda bench, sizes: peer.compared(bench, sizes.peer_messages, min(3, sizes.repeats)),
    "latency": lambda bench, sizes: latency.far_away(bench, sizes.messages, sizes.repeats),
    "enqueue": lambda bench, sizes: enqueueing.snapshot(bench.folder, sizes.large, min(3, sizes.repeats)),
    "import": lambda bench, sizes: importing.measured(
        bench.folder, small=sizes.small, large=sizes.large, repeats=min(3, sizes.repeats)
    ),
    "stories": lambda _bench, sizes: clustering.measured(5_000, sizes.repeats),
    "summaries": lambda _bench, sizes: summarising.measured(500, sizes.repeats),
    "posts": lambda _bench, sizes: posting.measured(50, sizes.repeats),
    "chosen": lambda bench, sizes: enqueueing.chosen(bench.folder, sizes.large, min(3, sizes.repeats)),
    "million": lambda bench, sizes: million.growth_and_memory(
        bench, small=sizes.small, large=sizes.large, repeats=min(3, sizes.repeats)
    ),
    "desk": lambda bench, sizes: desk.measured(
        bench.folder, Size(sizes.articles, sizes.editions, sizes.large), sizes.repeats
    ),
}


def main(words: Sequence[str]) -> int:
    """0 when all that was asked for was measured, whether or not it met its aim; 1 when something failed."""
    parser = _parser()
    asked = parser.parse_args(words)
    if unknown := [each for each in asked.groups if each not in GROUPS]:
        parser.error(f"there is no {unknown[0]}; there are: {', '.join(GROUPS)}")
    sizes = QUICK if asked.quick else Sizes()
    sizes = Sizes(
        messages=asked.messages or sizes.messages,
        peer_messages=asked.peer_messages or sizes.peer_messages,
        small=asked.small or sizes.small,
        large=asked.large or sizes.large,
        repeats=asked.repeats or sizes.repeats,
        articles=asked.articles or sizes.articles,
        editions=asked.editions or sizes.editions,
    )
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-bench-"))
    # smtp-sink gives up root, and must reach its folder all the same.
    folder.chmod(0o755)
    about = {**report.machine(), "arguments": _sizing(words)}
    try:
        with Sink(folder) as sink:
            bench = Workbench(folder, sink, proven(folder), connections=asked.connections)
            return _measure(asked, bench, sizes, about)
    except FAILURES as error:
        print(f"bench: {_first_line(error)}", file=sys.stderr)
        return 1
    finally:
        if asked.keep:
            print(f"bench: kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _measure(asked: argparse.Namespace, bench: Workbench, sizes: Sizes, about: dict[str, object]) -> int:
    failed = False
    for name in asked.groups or GROUPS:
        try:
            figures = GROUPS[name](bench, sizes)
        except FAILURES as error:
            failed = True
            print(f"bench: {name}: {_first_line(error)}", file=sys.stderr)
            continue
        for figure in figures:
            print(figure.line(), flush=True)
            if asked.verbose:
                print(f"  {figure.why}: {dict(figure.raw)}", file=sys.stderr, flush=True)
        report.keep(asked.json, figures, about)
    if asked.docs:
        kept = report.kept(asked.json)
        report.rewrite(report.PAGE, report.table(kept))
        if any(row["name"] in desk.ON for row in kept):
            report.rewrite(report.PAGE, desk.table(kept), desk.BEGIN, desk.END)
    return 1 if failed else 0


def _sizing(words: Sequence[str]) -> str:
    """The arguments that change what is measured: the sizes, and neither groups nor places of files."""
    given = _parser().parse_args(words)
    said = ["--quick"] if given.quick else []
    for name in ("messages", "peer_messages", "small", "large", "repeats", "connections", "articles", "editions"):
        if getattr(given, name) != _parser().get_default(name):
            said.append(f"--{name.replace('_', '-')} {getattr(given, name)}")
    return " ".join(said)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"any of: {', '.join(GROUPS)}; all without")
    parser.add_argument("--quick", action="store_true", help="small sizes: a few minutes for everything")
    parser.add_argument("--messages", type=int, default=0, help="of one send")
    parser.add_argument("--peer-messages", type=int, default=0, help="of one send of a peer, and of ours beside it")
    parser.add_argument("--small", type=int, default=0, help="readers of the small sends of `million`")
    parser.add_argument("--large", type=int, default=0, help="readers of the large one, and of `enqueue`")
    parser.add_argument("--repeats", type=int, default=0, help="turns of candidate and reference")
    parser.add_argument("--articles", type=int, default=0, help="of the newsroom whose `desk` is measured")
    parser.add_argument("--editions", type=int, default=0, help="of the same; its readers are --large")
    parser.add_argument("--connections", type=int, default=50, help="SMTP connections at once; 50")
    parser.add_argument("--verbose", action="store_true", help="the numbers behind each figure, on standard error")
    parser.add_argument("--json", type=Path, default=ROOT / "bench.json", help="where all figures are kept: bench.json")
    parser.add_argument("--docs", action="store_true", help="rewrite the table of docs/performance.md from that file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with newsrooms and logs")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
