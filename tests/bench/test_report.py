import pytest

from tests.bench import report
from tests.bench.__main__ import GROUPS
from tests.bench.figure import Figure

ABOUT = {"at": "2026-11-25T21:00:00+00:00", "commit": "abc1234", "cores": 2, "load": 0.1, "python": "3.11.7"}


def test_figures_are_kept_and_replaced_by_name(tmp_path):
    file = tmp_path / "bench.json"
    first = [Figure(name="a", value=1, aim=2, why="this ÷ that"), Figure(name="b", value=9, aim=2, why="more")]
    report.keep(file, first, {**ABOUT, "arguments": ""})
    report.keep(file, [Figure(name="a", value=3, aim=2, why="this ÷ that")], {**ABOUT, "arguments": "a"})
    assert [(row["name"], row["value"], row["met"]) for row in report.kept(file)] == [("a", 3, True), ("b", 9, True)]


def test_the_page_is_rewritten_between_its_markers_and_nowhere_else(tmp_path):
    file, page = tmp_path / "bench.json", tmp_path / "performance.md"
    report.keep(file, [Figure(name="a", value=1, aim=2, why="this ÷ that")], {**ABOUT, "arguments": "--quick"})
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for _ in range(2):
        report.rewrite(page, report.table(report.kept(file)))
    said = page.read_text()
    assert said.startswith("before\n")
    assert said.endswith("\nafter\n")
    assert "old" not in said
    assert said.count("| `a` | this ÷ that | >=2 | 1 | **missed** | 2026-11-25, abc1234 |") == 1
    assert '`make bench ARGS="--quick"`' in said


def test_a_page_without_markers_is_left_alone(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text("before\n")
    with pytest.raises(RuntimeError, match="markers"):
        report.rewrite(page, "table")
    assert page.read_text() == "before\n"


def test_the_page_of_figures_has_its_markers_and_names_every_group():
    said = report.PAGE.read_text("utf-8")
    assert said.count(report.BEGIN) == said.count(report.END) == 1
    assert [name for name in GROUPS if f"`{name}`" not in said] == []
