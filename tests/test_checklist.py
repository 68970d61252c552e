"""The table at the end of docs/deliverability.md names tests that exist, and every line of the checklist it must."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINES = {
    *(f"U{number}" for number in range(1, 12)),
    *(f"F{number}" for number in range(1, 13)),
    *(f"D{number}" for number in range(1, 7)),
    *(f"B{number}" for number in (1, *range(3, 10))),
    *(f"G{number}" for number in range(1, 7)),
    "CAN-SPAM",
    "spam filters",
}


def rows() -> list[list[str]]:
    page = (ROOT / "docs" / "deliverability.md").read_text("utf-8").partition("## Each rule and its test")[2]
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_line_of_the_checklist_has_its_row() -> None:
    named = [name for line, _, _ in rows() for name in line.split(", ")]
    assert sorted(named) == sorted(LINES)


def test_every_test_that_the_table_names_exists() -> None:
    named = [found for _, _, tests in rows() for found in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)]
    assert len(named) > 50
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert missing == []


def test_every_row_names_a_test() -> None:
    assert [line for line, _, tests in rows() if "::test_" not in tests] == []
