"""The sample of each template against the pages beside it; ``GOLDEN=write pytest …`` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.editions.digest import compile_email
from bot.editions.sample import sample_digest
from bot.errors import RenderError

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"


@pytest.mark.parametrize("template", ["briefing", "headlines", "magazine", "single"])
def test_the_sample_of_each_template_is_the_golden_one(template: str) -> None:
    mail = compile_email(sample_digest((ROOT / "templates",), template=template))
    for name, made in (("digest.html", mail.html), ("digest.txt", mail.text), ("web.html", mail.web)):
        file = GOLDEN / template / name
        if os.environ.get("GOLDEN") == "write":
            file.parent.mkdir(exist_ok=True)
            file.write_text(made, "utf-8")
        assert made == file.read_text("utf-8"), f"{file} differs; if that is meant: GOLDEN=write pytest"


def test_a_faulty_sample_is_named(tmp_path: Path) -> None:
    (tmp_path / "digests" / "briefing").mkdir(parents=True)
    (tmp_path / "digests" / "briefing" / "sample.json").write_text("{}", "utf-8")
    with pytest.raises(RenderError, match=r"sample\.json: is not a sample"):
        sample_digest((tmp_path,))


def test_a_template_folder_without_any_sample_is_said(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="there is no sample"):
        sample_digest((tmp_path,), template="own")
