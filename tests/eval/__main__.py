"""``python -m tests.eval [FILE …]``: how good summaries are, by ROUGE against summaries that people wrote.

Without a file, the articles in ``tests/eval/data``. Each file gets a table a budget, and all of them together one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.eval import report
from tests.eval.dataset import BUNDLED, Unreadable, read
from tests.eval.measuring import measure, rows, together
from tests.eval.methods import Budget, methods

BUDGETS = (Budget(3), Budget(3, 420), Budget(2, 240))
"""What papers take; the same in the room of a digest's lead; the program's default."""


def main(words: Sequence[str]) -> int:
    """0 when all was measured, whatever the figures; 1 when a file cannot be read."""
    asked = _parser().parse_args(words)
    try:
        sets = {path.stem: read(path) for path in asked.files or sorted(BUNDLED.glob("*.jsonl"))}
    except Unreadable as error:
        print(f"eval: {error}", file=sys.stderr)
        return 1
    if asked.limit:
        sets = {name: examples[: asked.limit] for name, examples in sets.items()}
    compared = methods()
    if not any(name.startswith("sumy") for name in compared):
        print("eval: sumy is not installed, its methods are left out (pip install sumy)", file=sys.stderr)
    if asked.methods:
        compared = {name: each for name, each in compared.items() if name in (*asked.methods, "lead", "lead in budget")}
    kept = []
    for budget in asked.budget or BUDGETS:
        measured = {
            name: {method: measure(examples, work, budget) for method, work in compared.items()}
            for name, examples in sets.items()
        }
        if len(measured) > 1:
            measured["all"] = {method: together(each[method] for each in measured.values()) for method in compared}
        for name, found in measured.items():
            made = rows(found, resamples=asked.resamples, seed=asked.seed)
            articles = len(found["lead"].scores)
            print(f"\n{name}: {articles} articles, {budget}\n{report.table(made)}", flush=True)
            about = {"set": name, "articles": articles, **_budget(budget)}
            kept.append({**about, "methods": [report.as_json(row) for row in made]})
    if asked.json:
        asked.json.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0


def budget(text: str) -> Budget:
    """``3`` or ``3:420``. Raises ``argparse.ArgumentTypeError``."""
    sentences, _, characters = text.partition(":")
    if not sentences.isdigit() or not (characters.isdigit() or not characters) or not int(sentences):
        raise argparse.ArgumentTypeError(f"{text!r} is neither SENTENCES nor SENTENCES:CHARACTERS")
    return Budget(int(sentences), int(characters) if characters else None)


def _budget(budget: Budget) -> dict[str, int | None]:
    return {"sentences": budget.sentences, "character_limit": budget.characters}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a data set, JSON lines; docs/summaries.md")
    parser.add_argument(
        "--budget",
        action="append",
        type=budget,
        metavar="SENTENCES[:CHARACTERS]",
        help=f"may be given again; {', '.join(map(str, BUDGETS))} without",
    )
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="only these, and the lead; all without")
    parser.add_argument("--limit", type=int, default=0, help="only the first articles of each file")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap; 2000")
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap; 1")
    parser.add_argument("--json", type=Path, help="also write all figures to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
