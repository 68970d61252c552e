from __future__ import annotations

import stat

import pytest

from bot.clock import system_clock
from bot.demo.newsroom import newsroom
from bot.schedules.newcomer import Newcomer, write_newcomer
from bot.settings import load_settings
from bot.sources.discovery import Found


@pytest.fixture
def site():
    with newsroom(system_clock(), system_clock) as url:
        yield url


def test_init_finds_a_site_and_its_configuration_previews_at_once(broadsheet, site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert broadsheet("init", "--url", site, "--timezone", "Europe/Berlin", "--allow-loopback").code == 0
    said = broadsheet("preview", "morning", "--json")
    assert said.code == 0
    assert len(said.value["stories"]) >= 5
    assert broadsheet("init", "--url", site, "--allow-loopback").code == 2


def test_the_secrets_are_readable_by_their_owner_alone(broadsheet, site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    broadsheet("init", "--url", site, "--allow-loopback")
    assert stat.S_IMODE((tmp_path / "config" / ".env").stat().st_mode) == 0o600


def test_init_never_reaches_into_this_machine_unasked(broadsheet, site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = broadsheet("init", "--url", site)
    assert said.code == 1
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    "name",
    ['The "Daily" <b>News</b>', "O'Brien & Søn\\", "ニュース（朝刊）", "A, B; C: D @ E", 'x" \nurl = "evil', "# no"],
)
def test_any_name_makes_a_file_that_loads(tmp_path, name):
    found = Found(type="feed", url="https://site.example/feed", title=name, language="en")
    config = write_newcomer(tmp_path, Newcomer(name=name, url="https://site.example", sources={"site": found}))
    loaded = load_settings(config, {})
    assert loaded.newsroom.name == name.strip()
    assert loaded.newsroom.url == "https://site.example"
