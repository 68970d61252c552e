"""Rows as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.eval.bootstrap import Difference
from tests.eval.measuring import Row

_HEAD = (
    "method",
    "R-1",
    "R-2",
    "R-L",
    "mean",
    "over lead [95 %]",
    "over lead in budget [95 %]",
    "characters",
    "articles/s",
)


def table(rows: Sequence[Row]) -> str:
    """Columns side by side; a * marks a difference whose interval leaves zero out."""
    cells = [
        (
            row.method,
            f"{row.scores.one:.2f}",
            f"{row.scores.two:.2f}",
            f"{row.scores.long:.2f}",
            f"{row.scores.mean:.2f}",
            _shown(row.over_lead),
            _shown(row.over_lead_in_budget),
            f"{row.characters:.0f}",
            f"{row.rate:.0f}",
        )
        for row in rows
    ]
    widths = [max(len(line[at]) for line in (_HEAD, *cells)) for at in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in (_HEAD, *cells)
    )


def as_json(row: Row) -> dict[str, Any]:
    """One row, for ``--json``."""
    return {
        "method": row.method,
        "rouge1": round(row.scores.one, 3),
        "rouge2": round(row.scores.two, 3),
        "rougeL": round(row.scores.long, 3),
        "mean": round(row.scores.mean, 3),
        "over_lead": _numbers(row.over_lead),
        "over_lead_in_budget": _numbers(row.over_lead_in_budget),
        "characters": round(row.characters, 1),
        "articles_per_second": round(row.rate, 1),
    }


def _shown(difference: Difference) -> str:
    mark = "*" if difference.clear else " "
    return f"{difference.mean:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]{mark}"


def _numbers(difference: Difference) -> dict[str, float]:
    return {"mean": round(difference.mean, 3), "low": round(difference.low, 3), "high": round(difference.high, 3)}
