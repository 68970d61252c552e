from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.base import KINDS
from bot.schedules.installation import Installation
from bot.testing import KEYS, NOW, Nothing, ScriptedChannel, article, settings, subscribe

SCHEDULE = """
[channels.mail]
type = "scripted"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""


class Scripted(ScriptedChannel):
    """The scripted channel as a kind that settings can name; what it sent is kept by the class."""

    Options = Nothing

    def __init__(self, name, options, around):
        super().__init__()


@pytest.fixture
def newsroom(store, clock, tmp_path, monkeypatch):
    """Builds an installation with one reader and one schedule at 07:00; ``extra`` is added to the schedule's table."""
    monkeypatch.setitem(KINDS, "scripted", Scripted)

    def build(extra="", *, cron="0 7 * * *"):
        subscribe(store, "reader@example.org")
        toml = SCHEDULE.replace("0 7 * * *", cron) + extra
        return Installation(settings(tmp_path, toml), store, KEYS, clock)

    return build


@pytest.fixture
def publish(store):
    """Stores articles as a source would have brought them ``hours`` ago."""

    def put(*titles, hours=1.0, **fields):
        made = []
        with store.write() as tx:
            for title in titles:
                fields.setdefault("published", NOW - timedelta(hours=hours))
                body = f"<p>{title} is what this article is about, and nothing else.</p>"
                each = article(**{"title": title, "body": body, **fields})
                tx.articles.put(each, url_key=each.url, present={each.guid}, now=fields["published"])
                made.append(each)
        return made

    return put
