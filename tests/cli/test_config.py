"""``config export``: what was made on the desk, as a file would have it."""

from __future__ import annotations

import tomllib

import pytest

from bot.cli.command import Session
from bot.cli.output import Output
from bot.schedules.declaring import declare
from bot.settings import load_settings
from bot.testing import NOW

EVENING = {
    "name": "Evening “five”",
    "times": ["17:45", "18:00"],
    "days": "mon-fri",
    "audience": "readers",
    "channels": ["mail"],
    "subject": '{{ lead.title | replace("\\\\", "/") }}',
    "selection": {"maximum": 5, "weights": {"section:Sport": -0.3}},
}
WIRE = {"type": "feed", "url": "https://wire.example/feed"}


@pytest.fixture
def made(folder):
    with Session(folder / "config", Output(as_json=False, quiet=True)).open() as installation:
        for kind, key, table in (("sources", "wire", WIRE), ("schedules", "evening", EVENING)):
            declare(installation, kind, key, table, who="Inés\n[schedules.evil]", now=NOW)
        declare(installation, "brand", "", {"accent": "#112233"}, who="Tom", now=NOW)
    return folder


def test_what_was_made_on_the_desk_loads_from_the_file_it_is_pasted_into(made, broadsheet):
    said = broadsheet("config", "export", "--out", "desk.toml")
    assert (said.code, said.out.strip()) == (0, "desk.toml: brand, schedules.evening, sources.wire")
    text = (made / "desk.toml").read_text("utf-8")
    assert tomllib.loads(text) == {
        "schedules": {"evening": EVENING},
        "sources": {"wire": WIRE},
        "brand": {"accent": "#112233"},
    }
    file = made / "config" / "broadsheet.toml"
    file.write_text(file.read_text("utf-8") + "\n" + text, "utf-8")
    loaded = load_settings(made / "config")
    assert loaded.schedules["evening"].selection.weights == {"section:Sport": -0.3}
    assert loaded.sources["wire"] == WIRE
    assert loaded.newsroom.accent == "#112233"


def test_it_is_printed_with_who_made_it_and_is_a_value_for_programs(made, broadsheet):
    said = broadsheet("config", "export")
    assert "# Made on the desk; changed last by Tom, 2026-11-24 07:00 UTC.\n[brand]" in said.out
    assert tomllib.loads(said.out)["schedules"] == {"evening": EVENING}
    assert broadsheet("config", "export", "--json").value["sources"] == {"wire": WIRE}


def test_no_file_is_written_over(made, broadsheet):
    (made / "desk.toml").write_text("mine")
    said = broadsheet("config", "export", "--out", "desk.toml")
    assert said.code == 1
    assert "name another --out" in said.err
    assert (made / "desk.toml").read_text() == "mine"


def test_without_anything_made_on_the_desk_there_is_nothing_to_do(folder, broadsheet):
    assert broadsheet("config", "export").code == 3


def test_check_names_what_was_made_on_the_desk_and_does_not_hold(made, broadsheet):
    file = made / "config" / "broadsheet.toml"
    file.write_text(
        file.read_text("utf-8") + '\n[sources.wire]\ntype = "feed"\nurl = "https://file.example/"\n', "utf-8"
    )
    said = broadsheet("check", "--offline")
    assert said.code == 1
    (fault,) = [line for line in said.out.splitlines() if line.startswith("fault") and "desk" in line]
    assert "has sources.wire too" in fault
    assert "made on the desk, and in force: brand, schedules.evening" in said.out
