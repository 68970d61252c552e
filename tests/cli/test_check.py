"""``broadsheet check``: its lines, its JSON, its exit code; and that what we ship has no fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.clock import system_clock
from bot.demo.configuration import Addresses, write_configuration, write_secrets
from bot.demo.newsroom import newsroom
from bot.dns import Resolver
from bot.schedules import checkup
from bot.testing import Zones

ROOT = Path(__file__).resolve().parents[2]


def test_each_check_has_id_grade_words_and_fix(broadsheet, folder):
    said = broadsheet("check", "--json")
    assert said.code == 1
    assert {frozenset(each) for each in said.value} == {frozenset({"id", "grade", "said", "fix"})}
    found = {each["id"]: each for each in said.value}
    assert found["channel.mail"]["grade"] == "fault"
    assert found["channel.mail.dns"]["grade"] == "warning"
    assert found["schedule.morning"]["grade"] == "ok"


def test_each_line_tells_grade_what_and_what_to_do(broadsheet, folder):
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text().replace("14 Quay Street, Port Alder 40217", ""))
    said = broadsheet("check", "--offline")
    assert said.code == 1
    (line,) = [line for line in said.out.splitlines() if line.startswith("fault")]
    assert line.startswith("fault   address: each mail must name your postal address")
    assert line.endswith("; set newsroom.address; a post office box will do")


def test_without_a_fault_it_ends_with_0(broadsheet, folder):
    assert broadsheet("check", "--offline").code == 0


def test_the_record_to_publish_is_in_the_line(broadsheet, folder, monkeypatch):
    def resolver() -> Resolver:
        return Zones({})

    monkeypatch.setattr(checkup, "SystemResolver", resolver)
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text().replace("briefing@record.example", "briefing@record.news"))
    (line,) = [line for line in broadsheet("check").out.splitlines() if "channel mail dmarc" in line]
    assert 'publish _dmarc.record.news. 3600 IN TXT ( "v=DMARC1; p=none; rua=mailto:dmarc@record.news" )' in line


def test_the_demos_configuration_has_no_fault(broadsheet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_secrets(tmp_path / "config")
    write_configuration(
        tmp_path / "config",
        Addresses(
            newsroom_url="http://127.0.0.1:1",
            smtp_port=1,
            hook_url="http://127.0.0.1:2/hook",
            public_url="http://127.0.0.1:8080",
            inbox_url="http://127.0.0.1:3",
            web_port=8080,
            timezone="Asia/Tokyo",
        ),
    )
    assert broadsheet("check", "--offline").code == 0


def test_the_sample_configuration_has_no_fault(broadsheet, tmp_path, folder):
    shutil.rmtree(folder / "config")
    shutil.copytree(ROOT / "config", folder / "config", ignore=shutil.ignore_patterns(".env"))
    assert broadsheet("check", "--offline").code == 0


@pytest.mark.parametrize(("address", "code"), [("14 Quay Street, Port Alder 40217", 0), ("", 1)])
def test_a_new_newsroom_has_no_fault_but_the_address_it_was_not_told(broadsheet, tmp_path, monkeypatch, address, code):
    monkeypatch.chdir(tmp_path)
    with newsroom(system_clock(), system_clock) as url:
        said = broadsheet("init", "--url", url, "--allow-loopback", "--address", address)
    assert ("newsroom.address" in said.out) is (not address)
    checked = broadsheet("check", "--offline", "--json")
    assert checked.code == code
    assert [each["id"] for each in checked.value if each["grade"] == "fault"] == ([] if address else ["address"])
