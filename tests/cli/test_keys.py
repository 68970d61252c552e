from __future__ import annotations

import re
import stat
from datetime import UTC

import pytest
from dotenv import dotenv_values

from bot.channels.email.dkim import configured
from bot.channels.email.options import EmailOptions
from bot.clock import system_clock
from bot.settings import load_settings

from .conftest import configure

SECOND = """
[channels.alerts]
type = "email"
from = "Alerts <alerts@alerts.record.example>"
host = "127.0.0.1"
security = "none"
"""


def signer(folder, channel="mail"):
    """The signer of the newsroom's settings as they are now."""
    options = load_settings(folder / "config").table(EmailOptions, "channels", channel)
    return configured(options, channel=channel)


def adopt(folder, *made):
    """Does what the command said: the settings into broadsheet.toml, the lines into .env."""
    file = folder / "config" / "broadsheet.toml"
    settings = "\n".join(each["setting"] for each in made)
    file.write_text(file.read_text("utf-8").replace("[channels.mail]\n", f"[channels.mail]\n{settings}\n"), "utf-8")
    (folder / "config" / ".env").write_text("\n".join(each["env"] for each in made) + "\n", "utf-8")


def test_the_key_the_record_and_the_settings_that_are_printed_belong_together(broadsheet, folder):
    rsa = broadsheet("keys", "dkim", "--json").value
    ed25519 = broadsheet("keys", "dkim", "--ed25519", "--json").value
    adopt(folder, rsa, ed25519)
    made = signer(folder)
    assert [key.record.value for key in made.keys] == [rsa["record"]["value"], ed25519["record"]["value"]]
    assert [key.record.name for key in made.keys] == [rsa["record"]["name"], ed25519["record"]["name"]]
    assert made.keys[0].private.key_size == 2048
    assert (rsa["algorithm"], ed25519["algorithm"]) == ("rsa-sha256", "ed25519-sha256")


def test_what_it_prints_for_people_can_be_copied_line_by_line(broadsheet, folder):
    said = broadsheet("keys", "dkim", "--selector", "news.2026").out
    value = re.search(r"^value  (v=DKIM1; k=rsa; p=[A-Za-z0-9+/=]+)$", said, re.MULTILINE)[1]
    zone = re.search(r"^news\.2026\._domainkey\.record\.example\. 3600 IN TXT \( (.+) \)$", said, re.MULTILINE)[1]
    strings = re.findall(r'"([^"]*)"', zone)
    assert "".join(strings) == value
    assert max(len(each) for each in strings) <= 255
    assert '[channels.mail]\ndkim_selector = "news.2026"\n' in said
    line = re.search(r"^BROADSHEET_MAIL_DKIM_KEY_FILE=.+$", said, re.MULTILINE)[0]
    adopt(folder, {"setting": 'dkim_selector = "news.2026"', "env": line})
    assert signer(folder).keys[0].record.value == value
    assert "PRIVATE" not in said


def test_the_key_is_readable_by_its_owner_alone(broadsheet, folder):
    made = broadsheet("keys", "dkim", "--json").value
    file = folder / made["file"]
    assert file.parent == folder / "config"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE KEY" in file.read_text("ascii")


def test_a_key_that_is_there_is_never_overwritten(broadsheet, folder):
    first = broadsheet("keys", "dkim", "--json").value
    before = (folder / first["file"]).read_bytes()
    said = broadsheet("keys", "dkim")
    assert said.code == 1
    assert "name another --selector" in said.err
    assert (folder / first["file"]).read_bytes() == before


def test_a_selector_in_use_gets_no_second_key(broadsheet, folder):
    made = broadsheet("keys", "dkim", "--selector", "news", "--json").value
    adopt(folder, made)
    moved = (folder / made["file"]).rename(folder / "config" / "elsewhere.pem")
    (folder / "config" / ".env").write_text(f"BROADSHEET_MAIL_DKIM_KEY_FILE={moved}\n")
    for option in ((), ("--ed25519",)):
        said = broadsheet("keys", "dkim", "--selector", "NEWS", *option)
        assert said.code == 1
        assert "in use" in said.err
    assert list((folder / "config").glob("dkim-*")) == []


def test_a_key_is_rotated_by_a_new_selector(broadsheet, folder):
    adopt(folder, broadsheet("keys", "dkim", "--selector", "first", "--json").value)
    second = broadsheet("keys", "dkim", "--selector", "second", "--json").value
    assert signer(folder).keys[0].selector == "first"
    configure(folder)
    adopt(folder, second)
    assert signer(folder).keys[0].record.value == second["record"]["value"]


def test_the_selector_tells_the_day_it_was_made(broadsheet, folder):
    before = system_clock().astimezone(UTC)
    made = broadsheet("keys", "dkim", "--json").value
    assert made["selector"] in {f"bs{each:%Y%m%d}" for each in (before, system_clock())}


def test_of_several_mail_channels_one_must_be_named(broadsheet, folder):
    configure(folder, SECOND)
    said = broadsheet("keys", "dkim")
    assert said.code == 2
    assert "--channel; there are: mail, alerts" in said.err
    made = broadsheet("keys", "dkim", "--channel", "alerts", "--json").value
    assert made["domain"] == "alerts.record.example"
    assert made["env"].startswith("BROADSHEET_ALERTS_DKIM_KEY_FILE=")


def test_the_domain_that_signs_may_be_a_parent_of_the_senders(broadsheet, folder):
    configure(folder, SECOND + 'dkim_domain = "record.example"\n')
    made = broadsheet("keys", "dkim", "--channel", "alerts", "--selector", "a", "--json").value
    assert made["record"]["name"] == "a._domainkey.record.example"


def test_a_channel_that_sends_no_mail_is_refused_with_those_that_do(broadsheet, folder):
    said = broadsheet("keys", "dkim", "--channel", "mial")
    assert said.code == 1
    assert 'there is no mail channel "mial" (did you mean "mail"?)' in said.err


@pytest.mark.parametrize("selector", ["../../x", "a b", "a/b", "-a", "ä"])
def test_a_selector_that_is_no_name_in_dns_makes_no_file(broadsheet, folder, selector):
    said = broadsheet("keys", "dkim", f"--selector={selector}")
    assert said.code == 2
    assert "a selector has letters" in said.err
    assert [file.name for file in (folder / "config").iterdir()] == ["broadsheet.toml"]


def test_a_folder_with_quotes_and_spaces_is_read_back(broadsheet, folder, monkeypatch):
    odd = folder / "it's # our\\news"
    odd.mkdir()
    (folder / "config").rename(odd / "config")
    made = broadsheet("keys", "dkim", "--config", odd / "config", "--json").value
    (odd / "config" / ".env").write_text(made["env"] + "\n")
    found = dotenv_values(odd / "config" / ".env", interpolate=False)
    assert found["BROADSHEET_MAIL_DKIM_KEY_FILE"] == str(odd / made["file"])
