from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bot.cli import application
from bot.cli.command import run
from bot.testing import ENVIRONMENT, NEWSROOM


@dataclass
class Said:
    """How a command ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


ARTICLES = {
    "ferry.md": "The night ferry returns on Friday",
    "library.md": "The map room opens at night",
    "market.md": "Fish is auctioned in whispers",
}

CONFIG = """
[sources.articles]
type = "folder"
path = "articles"

[channels.mail]
type = "email"
from = "The Record <briefing@record.example>"
host = "127.0.0.1"
port = {port}
security = "none"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
max_lateness = "1d"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A newsroom's folder, which is the current one: settings, secrets and three articles."""
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "articles").mkdir()
    for name, title in ARTICLES.items():
        head = f"---\ntitle: {title}\nauthor: Ines Okafor\nsections: [Harbour]\nlang: en\n---\n"
        (tmp_path / "articles" / name).write_text(f"{head}{title}, said the harbour master.\n")
    (tmp_path / "config").mkdir()
    configure(tmp_path)
    return tmp_path


def configure(folder, extra="", *, port=9):
    (folder / "config" / "broadsheet.toml").write_text(NEWSROOM + CONFIG.format(port=port) + extra)


@pytest.fixture
def broadsheet(capsys):
    """Runs a command as the shell would."""

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            words = [str(each) for each in arguments]
            run(application(*words[:1]), words)
        said = capsys.readouterr()
        return Said(ended.value.code or 0, said.out, said.err)

    return call
