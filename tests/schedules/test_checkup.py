"""``check``, whole: an installation, its templates, and a DNS of the test's own."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.editions.image import fitted
from bot.errors import DnsError
from bot.http import Http
from bot.model import Checked, Preferences
from bot.model.checked import Grade
from bot.schedules.checkup import checkup
from bot.schedules.installation import opened
from bot.settings import shipped
from bot.testing import ENVIRONMENT, NEWSROOM, NOW, Zones, subscribe
from tests.pictures import photograph, picture_site
from tests.summaries.model_server import Raw, liar, serving

CONFIG = """
[sources.articles]
type = "folder"
path = "articles"

[channels.mail]
type = "email"
from = "The Record <briefing@record.news>"
host = "127.0.0.1"
port = 9
security = "none"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "ferry.md").write_text("---\ntitle: The ferry\n---\nIt sails.\n")
    (tmp_path / "config").mkdir()

    def write(change: Any = lambda text: text) -> Path:
        (tmp_path / "config" / "broadsheet.toml").write_text(change(NEWSROOM + CONFIG))
        return tmp_path / "config"

    return write


def looked(folder: Path, zones: dict[str, Any] | None = None, **kind: Any) -> dict[str, Checked]:
    found = checkup(folder, dns=Zones(zones or {}), **kind)
    assert len({each.id for each in found}) == len(found)
    return {each.id: each for each in found}


def own_template(folder: Path, change: Any) -> None:
    theirs = folder.parent / "templates" / "digests"
    ours = shipped("templates") / "digests"
    shutil.copytree(ours / "briefing", theirs / "briefing")
    foot = (ours / "foot.txt.j2").read_text("utf-8")
    text = theirs / "briefing" / "digest.txt.j2"
    text.write_text(text.read_text("utf-8").replace('{% include "digests/foot.txt.j2" %}', foot), "utf-8")
    for file in theirs.rglob("digest.*"):
        file.write_text(change(file.name, file.read_text("utf-8")), "utf-8")


def test_the_dns_of_each_mail_channel_is_looked_at(configure: Any) -> None:
    found = looked(configure())
    assert found["channel.mail.spf"].grade == "fault"
    assert found["channel.mail.dmarc"].grade == "fault"
    assert found["schedule.morning"].grade == "ok"


def test_no_question_goes_out_when_it_is_told_to_stay_offline(configure: Any) -> None:
    found = looked(configure(), offline=True)
    assert found["outside"].grade == "warning"
    assert not [id for id in found if id.startswith(("source", "channel", "public_url."))]
    assert "fault" not in {each.grade for each in found.values()}


def test_a_machine_without_a_resolver_is_a_warning(configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise DnsError("this machine names no resolver", reason="unreachable")

    monkeypatch.setattr("bot.schedules.checkup.SystemResolver", none)
    found = {each.id: each for each in checkup(configure())}
    assert found["dns"].grade == "warning"
    assert found["source.articles"].grade == "ok"


def test_can_spam_a_newsroom_without_a_postal_address_is_a_fault(configure: Any) -> None:
    found = looked(configure(lambda text: text.replace("14 Quay Street, Port Alder 40217", "")), offline=True)
    assert found["address"].grade == "fault"
    assert "newsroom.address" in found["address"].fix


def test_a_newsroom_that_sends_no_mail_needs_no_postal_address(configure: Any) -> None:
    def change(text: str) -> str:
        text = text.replace("14 Quay Street, Port Alder 40217", "").partition("[channels.mail]")[0]
        return text + '[channels.sky]\ntype = "bluesky"\nhandle = "record.test"\n'

    folder = configure(change)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROADSHEET_SKY_PASSWORD", "x")
        assert "address" not in looked(folder, offline=True)


def test_can_spam_a_newsrooms_own_template_that_drops_what_the_law_wants_is_found(configure: Any) -> None:
    folder = configure()

    def dropped(name: str, text: str) -> str:
        if name.endswith(".txt.j2"):
            return text.replace("{{ holes.unsubscribe_url }}", "").replace("{{ address | wrap }}", "")
        column = "<mj-section><mj-column><mj-text>{{ lead.title }}</mj-text></mj-column></mj-section>"
        return f"<mjml><mj-body>{column}</mj-body></mjml>"

    own_template(folder, dropped)
    found = looked(folder, offline=True)
    faults = {id for id, each in found.items() if each.grade == "fault"}
    assert faults == {
        "schedule.morning.address.html",
        "schedule.morning.reason.html",
        "schedule.morning.unsubscribe.html",
        "schedule.morning.address.text",
        "schedule.morning.unsubscribe.text",
    }
    assert found["schedule.morning.address.text"].fix.startswith("templates/digests/briefing/digest.txt.j2: ")


def test_a_newsrooms_own_template_that_says_it_in_other_words_is_good(configure: Any) -> None:
    folder = configure()
    own_template(
        folder,
        lambda name, text: text.replace(
            '{{ say("why", site=site, date=holes.subscribed) | wrap }}', "Reader since {{ holes.subscribed }}"
        ),
    )
    found = looked(folder, offline=True)
    assert "fault" not in {each.grade for each in found.values()}


def test_a_template_of_the_newsroom_that_no_schedule_takes_is_looked_at_too(configure: Any) -> None:
    folder = configure()
    place = folder.parent / "templates" / "digests" / "weekly"
    place.mkdir(parents=True)
    (place / "digest.mjml.j2").write_text("<mjml>\n<mj-sektion>\n{{ leed }}\n</mj-sektion></mjml>", "utf-8")
    found = looked(folder, offline=True)
    faults = {id: each.said for id, each in found.items() if each.grade == "fault"}
    assert faults.keys() == {"template.weekly.1", "template.weekly.2", "template.weekly.3"}
    said = "\n".join(faults.values())
    assert "weekly/digest.mjml.j2:2: <mj-sektion> is no MJML element" in said
    assert "weekly/digest.mjml.j2:3: 'leed' is undefined" in said
    assert "weekly/digest.txt.j2: is missing" in said


def test_a_selection_too_long_for_a_mail_is_told_with_what_to_cut(configure: Any) -> None:
    found = looked(configure(lambda text: f"{text}\n[schedules.morning.selection]\nmaximum = 60\n"), offline=True)
    assert "schedule.morning.size" not in looked(configure(), offline=True)
    own_template(
        configure(lambda text: f"{text}\n[schedules.morning.selection]\nmaximum = 60\n"),
        lambda name, text: text.replace("stories[1:4]", "stories[1:]").replace("stories[4:]", "[]"),
    )
    found = looked(configure(lambda text: f"{text}\n[schedules.morning.selection]\nmaximum = 60\n"), offline=True)
    size = found["schedule.morning.size"]
    assert size.grade == "fault" and "stories too many" in size.said
    assert size.fix.startswith("set selection.maximum = ")


def test_a_dns_that_is_slow_everywhere_costs_the_time_of_one_question(configure: Any) -> None:
    asked: list[str] = []
    open_now: list[str] = []
    alone: list[str] = []

    class Slow(Zones):
        async def look(self, name: str, kind: Any) -> Any:
            asked.append(name)
            if not open_now:
                alone.append(name)
            open_now.append(name)
            await asyncio.sleep(0.05)
            open_now.remove(name)
            return await super().look(name, kind)

    checkup(configure(), dns=Slow({}))
    # The longest chain of questions that wait for one another is DMARC's walk, twice three labels.
    assert len(asked) > 2 * len(alone) and len(alone) < 12


def test_settings_that_do_not_load_are_the_only_line(configure: Any) -> None:
    found = looked(configure(lambda text: text.replace("[newsroom]", "[newsrom]")))
    assert set(found) == {"settings"}
    assert found["settings"].grade == "fault"


def test_readers_of_a_schedule_that_was_renamed_are_told_of(configure: Any) -> None:
    folder = configure()
    with opened(folder) as installation:
        readers = subscribe(installation.store, "ida@example.org", "tom@example.org", "ann@example.org")
        with installation.store.write() as tx:
            for reader, chosen in zip(readers, (("daily",), ("daily", "morning"), ("morning",)), strict=True):
                tx.subscribers.prefer(reader, "readers", Preferences(schedules=chosen))
    found = [each for each in checkup(folder, offline=True) if each.id == "choices"]
    assert [(each.grade, each.said) for each in found] == [
        (Grade.WARNING, "2 of the audience readers chose the schedule daily, which it does not have")
    ]


LLM = '\n[llm]\nurl = "{}"\nmodel = "tiny"\n'


def test_a_model_is_asked_about_a_sample(configure: Any) -> None:
    with serving(lambda question: {"summary": question.sentences[0]}) as server:
        found = looked(configure(lambda text: text + LLM.format(server.url)))["llm"]
    assert found.grade is Grade.OK
    assert found.said == "tiny answers with structured output, and what it wrote about a sample passes the gate"


def test_a_model_that_invents_is_a_warning_and_one_that_fails_a_fault(configure: Any) -> None:
    with serving(liar) as server:
        folder = configure(lambda text: text + LLM.format(server.url))
        assert looked(folder)["llm"].grade is Grade.WARNING
        assert "987,654" in looked(folder)["llm"].said
        server.model = lambda _: Raw(401, b"no key")
        found = looked(folder)["llm"]
    assert found.grade is Grade.FAULT
    assert "401" in found.said


def test_what_cuts_or_delays_a_model_is_named(configure: Any) -> None:
    body = {"choices": [{"message": {"content": "<think>They"}, "finish_reason": "length"}]}
    with serving(lambda _: Raw(200, json.dumps(body).encode())) as server:
        folder = configure(lambda text: text + LLM.format(server.url) + 'timeout = "1s"\n')
        assert "cut at 2,000 tokens: does it think aloud?" in looked(folder)["llm"].said
        server.model = lambda _: server.open.wait(5) or Raw(503)
        assert "no whole answer within 1 s (llm.timeout)" in looked(folder)["llm"].said


def test_offline_no_model_is_asked(configure: Any) -> None:
    with serving(liar) as server:
        assert "llm" not in looked(configure(lambda text: text + LLM.format(server.url)), offline=True)
        assert server.asked == []


@pytest.mark.parametrize("hosted", [True, False])
def test_a_hosted_picture_is_fetched_from_the_public_address(
    configure: Any, monkeypatch: pytest.MonkeyPatch, hosted: bool
) -> None:
    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    def http(options: Any) -> Http:
        return Http(options, resolve=here)

    monkeypatch.setattr("bot.schedules.installation.Http", http)
    file, _ = fitted(photograph())
    with picture_site() as site:
        public = site.url.replace("127.0.0.1", "news.record.news")

        def change(text: str) -> str:
            text = text.replace("https://news.record.example", public)
            return f"{text}\n[http]\nallow_loopback = true\n\n[images]\nhost = {str(hosted).lower()}\n"

        folder = configure(change)
        assert "public_url.pictures" not in looked(folder), "nothing is stored yet"
        with opened(folder) as installation, installation.store.write() as tx:
            tx.images.put(file.image, file.content, NOW)
        assert ("public_url.pictures" in looked(folder)) is hosted
        assert [path for path, _ in site.asked if path.startswith("/i/")] == [f"/i/{file.image.name}"] * hosted
