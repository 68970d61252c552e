"""The sample configuration works as its comments say."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from bot.cli import application
from bot.cli.command import run
from bot.settings import SettingsTables, is_secret, load_settings
from bot.testing import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def newsroom(tmp_path, monkeypatch):
    """A copy of the checkout's ``config/`` in a folder of its own."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns(".env"))
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sample_previews_at_once(newsroom):
    with pytest.raises(SystemExit) as ended:
        run(application(), ["preview", "morning", "--out", "out"])
    assert not ended.value.code
    text = " ".join((newsroom / "out" / "digest.txt").read_text("utf-8").split())
    for title in ("tide clock on Quay Street", "Route 9 gets one shelter", "learn to read charts"):
        assert title in text
    html = (newsroom / "out" / "digest.html").read_text("utf-8")
    assert 'href=""' not in html
    assert "None" not in text


def test_the_sample_names_every_key_of_the_core_tables(newsroom):
    text = (newsroom / "config" / "broadsheet.toml").read_text("utf-8")
    for name, info in SettingsTables.model_fields.items():
        model = info.annotation
        if hasattr(model, "model_fields"):
            for key, inner in model.model_fields.items():
                table = next((each for each in get_args(inner.annotation) if hasattr(each, "model_fields")), None)
                if table:
                    assert f"[{name}.{key}]" in text
                    named = [each for each, info in table.model_fields.items() if not is_secret(info.annotation)]
                    assert [each for each in named if f"{each} =" not in text] == [], f"{name}.{key}"
                elif not is_secret(inner.annotation):
                    assert f"{key} =" in text, f"{name}.{key}"


def test_what_is_commented_out_is_valid_too(newsroom):
    file = newsroom / "config" / "broadsheet.toml"
    lines = file.read_text("utf-8").splitlines()
    examples = [line[2:] for line in lines if line.startswith("# [") or (line.startswith("# ") and " = " in line[:40])]
    assert len(examples) > 20
    loose = "\n".join(line for line in examples if not line.startswith("["))
    assert tomllib.loads(
        "\n".join(f"key{number} = {line.partition(' = ')[2]}" for number, line in enumerate(loose.splitlines()))
    )
    assert load_settings(newsroom / "config").schedules["morning"].name == "Morning briefing"
