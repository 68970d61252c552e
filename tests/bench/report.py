"""Where figures go: a line each, a JSON file, and the table of docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.bench.newsroom import ROOT

BEGIN = "<!-- figures: written by `make bench` -->"
END = "<!-- end of figures -->"
PAGE = ROOT / "docs" / "performance.md"


def machine() -> dict[str, Any]:
    """What the figures were measured on, in words that name no machine."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.strip(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def keep(file: Path, figures: Sequence[Figure], about: Mapping[str, Any]) -> None:
    """Adds figures to ``file`` with the numbers behind them and what they were measured on; older ones are replaced."""
    rows = {row["name"]: row for row in kept(file)}
    for each in figures:
        shown = {"shown_value": each.shown_value, "shown_aim": each.shown_aim, "met": each.met}
        rows[each.name] = {**asdict(each), **shown, **about}
    file.write_text(json.dumps(list(rows.values()), indent=2, ensure_ascii=False) + "\n", "utf-8")


def kept(file: Path) -> list[dict[str, Any]]:
    """The figures that ``file`` holds; none when there is no such file."""
    if not file.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Figures of ``kept`` as Markdown."""
    lines = ["| figure | what | aim | measured | | on |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        mark = "met" if row["met"] else "**missed**"
        aim, value = row["shown_aim"], row["shown_value"]
        on = f"{row['at'][:10]}, {row['commit']}"
        lines.append(f"| `{row['name']}` | {row['why']} | {aim} | {value} | {mark} | {on} |")
    commands = dict.fromkeys((row["arguments"], row["cores"], row["python"], row["load"]) for row in rows)
    lines.append("")
    for arguments, cores, python, load in commands:
        said = f' ARGS="{arguments}"' if arguments else ""
        lines.append(f"- `make bench{said}`: {cores} cores, Python {python}, load average {load} before.")
    return "\n".join(lines)


def rewrite(page: Path, written: str, first: str = BEGIN, last: str = END) -> None:
    """Puts ``written`` between two markers of ``page``. Raises ``RuntimeError`` when they are not there."""
    text = page.read_text("utf-8")
    head, begin, rest = text.partition(first)
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise RuntimeError(f"{page.name} has lost its markers: {first} … {last}")
    page.write_text(f"{head}{first}\n{written}\n{last}{tail}", "utf-8")
