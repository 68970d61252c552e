"""The demo's articles, taken from its WordPress API, through every digest that is shipped."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from lxml import html as lxml_html

from bot.demo.newsroom import newsroom
from bot.schedules.installation import opened
from bot.schedules.plan import slots_after
from bot.schedules.preview import preview
from bot.testing import ENVIRONMENT

TOML = """
[newsroom]
name = "The Port Alder Record"
url = "https://portalderrecord.example"
language = "en"
timezone = "UTC"
address = "14 Quay Street, Port Alder 40217"
public_url = "https://letters.portalderrecord.example"

[http]
allow_loopback = true

[sources.site]
type = "wordpress"
url = "{site}"

[audiences.readers]
name = "Readers"

[channels.mail]
type = "email"
from = "The Record <news@portalderrecord.example>"
host = "127.0.0.1"
port = 9
security = "none"
"""
SCHEDULE = """
[schedules.{name}]
name = "The Record"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
template = "{name}"

[schedules.{name}.selection]
window = "last 72h"
maximum = 9
"""
TEMPLATES = ["briefing", "headlines", "magazine", "single"]
LEAD = "Port Alder will plug in its ships after 214 nights of idling engines"


@pytest.mark.slow
def test_the_town_is_told_by_each_template_without_furniture(tmp_path, monkeypatch):
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    (tmp_path / "config").mkdir()
    with newsroom(datetime.now(UTC) - timedelta(minutes=1), lambda: datetime.now(UTC)) as site:
        toml = TOML.format(site=site) + "".join(SCHEDULE.format(name=name) for name in TEMPLATES)
        (tmp_path / "config" / "broadsheet.toml").write_text(toml)
        with opened(tmp_path / "config") as installation:
            for name in TEMPLATES:
                (slot,) = slots_after(name, "0 7 * * *", "UTC", installation.clock(), count=1)
                seen = asyncio.run(preview(installation, name, slot, tmp_path / name))
                assert (len(seen.edition.stories), seen.warnings) == (9, ())
    pages = {name: (tmp_path / name / "digest.html").read_text("utf-8") for name in TEMPLATES}
    texts = {name: (tmp_path / name / "digest.txt").read_text("utf-8") for name in TEMPLATES}
    for name, page in pages.items():
        document = lxml_html.document_fromstring(page)
        assert [" ".join(each.text_content().split()) for each in document.xpath("//h1")] == [LEAD]
        assert len(document.xpath("//h3")) == 8
        for furniture in ("audience-meter", "<script", "Share this", "newsletter for free"):
            assert furniture not in page + texts[name]
    assert "Six berths get shore power for $31.4\u00a0million." in pages["magazine"]
    assert (
        "“We did not have instruments. We had a calendar on the fridge and a pencil on a string.”" in pages["magazine"]
    )
    assert "said Ottoline Marsh, a retired pharmacist who kept the list" in pages["magazine"]
    assert "Who pays" in pages["single"] and "Meridian Bulk" in texts["single"].replace("\n", " ")
