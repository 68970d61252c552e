"""A newsroom whose pages run on a port of this machine, as readers' browsers reach them."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from bot.audience.links import PREFERENCES, UNSUBSCRIBE
from bot.clock import SetClock
from bot.editions.compose import render
from bot.model import Edition, EditionState, EditionStory, Summary
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.settings import load_settings
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS, NOW, article, subscribe
from bot.web.server import serve

TOML = """
[newsroom]
name = "{name}"
url = "https://portalderrecord.example"
language = "{language}"
timezone = "America/Los_Angeles"
address = "14 Quay Street, Port Alder 40217"
corrections_to = "corrections@portalderrecord.example"
privacy_url = "https://portalderrecord.example/privacy"
public_url = "http://127.0.0.1:{port}"

[audiences.readers]
name = "Morning briefing"
description = "The day's most important stories"
topics = ["City hall", "Harbour", "Transport", "Housing", "Culture", "Sport", "Investigations", "Business"]

[audiences.weekend]
name = "The Weekend"
description = "Saturdays at 08:30"

[audiences.sport]
name = "<b>Sport</b> & more"
description = "After each match"

[sources.site]
type = "feed"
url = "https://portalderrecord.example/feed"

[channels.mail]
type = "email"
from = "The Record <news@portalderrecord.example>"
host = "mail.portalderrecord.example"

[schedules.morning]
name = "Morning briefing"
description = "Weekdays at 07:00"
cron = "0 7 * * 1-5"
audience = "readers"
channels = ["mail"]

[schedules.noon]
name = "Headlines at noon"
description = "Up to seven mails a week"
cron = "0 12 * * *"
audience = "readers"
channels = ["mail"]

[schedules.weekend]
name = "The Weekend"
cron = "30 8 * * 6"
audience = "weekend"
channels = ["mail"]

[schedules.staff]
name = "For the staff"
cron = "0 6 * * *"
audience = "weekend"
archive = false
channels = ["mail"]
"""

PAST = (
    (0, "morning", 7, "The port offers $9.2 million to clear Mill Basin of houseboats"),
    (1, "noon", 12, "Houseboat owners call a meeting; cold-store fire on Pier 6"),
    (1, "morning", 6, "What the budget says about the lights on your street"),
    (3, "weekend", 5, "The clockmaker who will not retire"),
    (4, "morning", 7, "The night ferry costs more than anyone says"),
    (24, "weekend", 5, "A field guide to the harbour at night"),
    (25, "morning", 7, "Three libraries wait for one vote"),
)
"""(days ago, schedule, stories, headline) of what went out."""


class Newsroom:
    """An open installation behind ``url``."""

    def __init__(self, installation: Installation, url: str) -> None:
        self.installation = installation
        self.store = installation.store
        self.url = url

    def reader(self, address, *audiences):
        """The id of a reader of these audiences."""
        for audience in audiences or ("readers",):
            subscribe(self.store, address, audience=audience, at=NOW - timedelta(days=266))
        with self.store.read() as tx:
            return tx.subscribers.id_of(address)

    def preferences(self, reader, audience="readers"):
        return f"{self.url}/p/{KEYS.sign(PREFERENCES, reader, audience, '')}"

    def unsubscribe(self, reader, audience="readers"):
        return f"{self.url}/u/{KEYS.sign(UNSUBSCRIBE, reader, audience, '')}"

    def publish(self, schedule, headline, *, days=0, stories=7):
        """An edition that went out, rendered as it is; its id."""
        slot = Slot(schedule, f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M}", NOW - timedelta(days=days))
        frame = self.installation.frame(schedule, slot)
        frozen = tuple(
            EditionStory(
                position=place,
                article=article(id=place, title=headline if place == 1 else f"Council item {place} is put to the vote"),
                summary=Summary("A second container berth needs the water that 41 households live on."),
            )
            for place in range(1, stories + 1)
        )
        made = Edition(
            id=frame.edition,
            schedule=schedule,
            slot_key=slot.key,
            slot=slot.due,
            state=EditionState.SENT,
            name=frame.schedule.name,
            created=slot.due,
            stories=frozen,
            renditions=render(frame, frozen),
        )
        with self.store.write() as tx:
            assert tx.editions.add(replace(made), expires=slot.due, report={})
        return made.id


@contextmanager
def running(folder, *, language="en", name="The Port Alder Record", past=PAST, toml=""):
    """Serves a newsroom that keeps everything in ``folder``."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "config"
    config.mkdir(parents=True)
    text = TOML.format(language=language, name=name, port=port) + toml
    (config / "broadsheet.toml").write_text(text, "utf-8")
    store = Store.open(f"sqlite:///{folder}/broadsheet.db", KEYS.address_key)
    installation = Installation(load_settings(config, ENVIRONMENT), store, KEYS, SetClock(NOW))
    stop, ready, found = threading.Event(), threading.Event(), []

    def told(url):
        found.append(url)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(installation, "127.0.0.1", port), kwargs={"ready": told, "stop": stop}, daemon=True
    )
    thread.start()
    assert ready.wait(20)
    try:
        newsroom = Newsroom(installation, found[0])
        for days, schedule, stories, headline in past:
            newsroom.publish(schedule, headline, days=days, stories=stories)
        yield newsroom
    finally:
        stop.set()
        thread.join(20)
        store.close()
