"""The command: tables, JSON, and one line for what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.eval.__main__ import main

ROWS = [
    {
        "title": "Ferry stops",
        "body": f"The ferry of Port Alder stops on {day}.\n\nIt rained. Its cables tore in the storm of {day}.",
        "summary": f"The ferry stopped on {day} after cables tore.",
        "language": "en",
    }
    for day in ("Monday", "Tuesday", "Friday")
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "ferries.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    return path


def test_a_table_tells_each_method_beside_the_lead(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(data), "--budget", "1", "--budget", "2:200", "--resamples", "50"]) == 0
    out = capsys.readouterr().out
    assert "ferries: 3 articles, 1 sentence\n" in out
    assert "ferries: 3 articles, 2 sentences in 200 characters" in out
    assert [line.split("  ")[0] for line in out.splitlines() if line.startswith(("lead", "broadsheet"))] == [
        "lead",
        "lead in budget",
        "broadsheet",
    ] * 2


def test_the_same_figures_go_to_json(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "out.json"
    arguments = [str(data), str(data), "--budget", "2:120", "--methods", "broadsheet", "--json", str(kept)]
    assert main(arguments) == 0
    [found] = json.loads(kept.read_text("utf-8"))
    assert (found["set"], found["articles"], found["sentences"], found["character_limit"]) == ("ferries", 3, 2, 120)
    by_name = {row["method"]: row for row in found["methods"]}
    assert by_name["lead"]["over_lead"] == {"mean": 0, "low": 0, "high": 0}
    ours = by_name["broadsheet"]
    assert ours["mean"] == pytest.approx((ours["rouge1"] + ours["rouge2"] + ours["rougeL"]) / 3, abs=0.01)
    assert ours["over_lead"]["mean"] == pytest.approx(ours["mean"] - by_name["lead"]["mean"], abs=0.01)


def test_several_files_get_a_table_together(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "more.jsonl"
    other.write_text(data.read_text("utf-8"), "utf-8")
    assert main([str(data), str(other), "--budget", "1", "--limit", "2"]) == 0
    assert "all: 4 articles" in capsys.readouterr().out


def test_a_bad_file_is_one_line_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "no.jsonl")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("budget", ["x", "0", "2:y", "2:-1"])
def test_a_budget_that_is_none_is_refused(data: Path, budget: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(data), "--budget", budget])
    assert stopped.value.code == 2
