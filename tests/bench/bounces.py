"""``python -m tests.bench.bounces LABELS``: how well mail that came back is read, against a labelled corpus.

A labels file has a line a message, JSON: ``{"file": "x.eml", "reports": [{"recipient": "…", "verdict": "hard"}]}``.
``file`` is relative to the labels file, or to ``--root``. ``recipient`` may be "" (not labelled), and ``also`` beside
it may hold another right answer (the address it was forwarded to). ``verdict``:

- ``hard``, ``soft``, ``complaint``, ``opt-out``, ``auto-reply``: just that;
- ``bounce``: hard or soft, the label does not say which; ``none``: nothing that counts (ordinary mail, a vacation, a
  delay or success notice); "": not labelled.

``note`` is free; ``--without NOTE`` leaves such labels out. Prints a line a figure, and with ``--wrong`` each miss.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.audience.bounces import read_reports
from bot.model import Report, Verdict

COUNTED = (Verdict.HARD, Verdict.SOFT, Verdict.COMPLAINT)
"""What is held against an address, at once or in time."""


@dataclass(slots=True)
class Score:
    """Counts over labels. A label without a recipient is compared with the gravest report of its message."""

    messages: int = 0
    seconds: float = 0.0
    recipients: int = 0
    recipients_found: int = 0
    hard: int = 0
    hard_found: int = 0
    hard_said: int = 0
    quiet: int = 0
    quiet_counted: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """A line a figure."""
        return [
            f"messages            {self.messages}, {self.messages / max(self.seconds, 1e-9):.0f} a second",
            f"recipient found     {_share(self.recipients_found, self.recipients)}",
            f"hard precision      {_share(self.hard_found, self.hard_said)}",
            f"hard recall         {_share(self.hard_found, self.hard)}",
            f"counted and not due {_share(self.quiet_counted, self.quiet)}",
            *(f"  {said:<10} said of {label:<10} {count}" for (label, said), count in sorted(self.confusion.items())),
        ]


def main(words: Sequence[str]) -> int:
    """0 when the labels could be read, whatever the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bounces", description=__doc__)
    parser.add_argument("labels", nargs="+", type=Path, help="a labels file, or a folder with a labels.jsonl in it")
    parser.add_argument("--root", type=Path, help="what the files' names are relative to")
    parser.add_argument("--without", action="append", default=[], metavar="NOTE", help="labels to leave out")
    parser.add_argument("--wrong", action="store_true", help="also each label that was missed")
    asked = parser.parse_args(words)
    score = Score()
    for labels in asked.labels:
        path = labels / "labels.jsonl" if labels.is_dir() else labels
        try:
            measure(score, read_labels(path), asked.root or path.parent, set(asked.without))
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"bounces: {path}: {error or type(error).__name__}; is it a labels file?", file=sys.stderr)
            return 1
    print("\n".join(score.lines()))
    if asked.wrong:
        print("\n".join(score.wrong))
    return 0


def read_labels(path: Path) -> list[dict[str, Any]]:
    """The lines of a labels file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def measure(score: Score, labels: Iterable[Mapping[str, Any]], root: Path, without: set[str]) -> None:
    """Adds to ``score`` what is right and wrong about the messages of ``labels``."""
    for label in labels:
        message = (root / label["file"]).read_bytes()
        began = time.perf_counter()
        reports = read_reports(message)
        score.seconds += time.perf_counter() - began
        score.messages += 1
        for expected in label["reports"]:
            if expected.get("note") not in without:
                _compare(score, str(label["file"]), expected, reports)


def _compare(score: Score, file: str, expected: Mapping[str, Any], reports: tuple[Report, ...]) -> None:
    right = {str(each).casefold() for each in (expected["recipient"], expected.get("also", "")) if each}
    of_them = [report for report in reports if report.recipient.casefold() in right]
    said = _gravest(of_them or reports)
    if right:
        score.recipients += 1
        score.recipients_found += bool(of_them)
        if not of_them:
            names = ", ".join(report.recipient for report in reports)
            score.wrong.append(f"{file}: recipient {expected['recipient']} not found, but {names or 'nothing'}")
    verdict = expected["verdict"]
    if not verdict:
        return
    score.confusion[verdict, said.verdict] += 1
    if verdict != "bounce":
        score.hard += verdict == "hard"
        score.hard_said += said.verdict is Verdict.HARD
        score.hard_found += verdict == "hard" and said.verdict is Verdict.HARD
    if verdict in ("none", "auto-reply"):
        score.quiet += 1
        score.quiet_counted += said.verdict in COUNTED
    if not _agrees(verdict, said.verdict):
        note = f" ({expected['note']})" if expected.get("note") else ""
        said_so = f"{said.verdict}, {said.reason}, {said.code or '-'}, {said.reply or '-'}"
        score.wrong.append(f"{file}: {verdict}{note}, but {said_so}: {said.evidence[:300]}")


def _agrees(verdict: str, said: Verdict) -> bool:
    if verdict == "bounce":
        return said in (Verdict.HARD, Verdict.SOFT)
    if verdict == "none":
        return said in (Verdict.NONE, Verdict.AUTO_REPLY)
    return verdict == said


def _gravest(reports: Sequence[Report]) -> Report:
    return max(reports, key=lambda report: (report.verdict in COUNTED, report.verdict is Verdict.HARD))


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" + (f" = {part / whole:.1%}" if whole else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
