"""A newsroom whose pages run on a port of this machine, as readers' browsers reach them."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from bot.audience.links import DATA, PREFERENCES, UNSUBSCRIBE
from bot.clock import SetClock
from bot.delivery.engine import Engine
from bot.delivery.sending import begin_sending
from bot.editions.compose import render
from bot.model import Edition, EditionState, EditionStory, Summary
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.schedules.signups import mail_now
from bot.settings import load_settings
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS, NOW, article, subscribe
from bot.testing.ports import HOST, free_port
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
host = "127.0.0.1"
port = {smtp}
security = "none"

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


FEW = PAST[:2]


class Mailbox:
    """A real SMTP server that keeps what it is sent, and takes ``seconds`` for each."""

    def __init__(self):
        self._mails = []
        self.seconds = 0.0

    @property
    def recipients(self):
        """Who got a mail, once for each."""
        return [to for to, _ in self._mails]

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.seconds)
        self._mails.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=policy.default)))
        return "250 2.0.0 OK"

    def title(self, address):
        """The newest mail's subject."""
        return self._newest(address)["Subject"]

    def _newest(self, address):
        return next(each for to, each in reversed(self._mails) if to == address)

    def text(self, address):
        """What the newest mail to ``address`` says, in one line."""
        plain = self._newest(address).get_body(("plain",)).get_content()
        return " ".join(plain.replace("\u00a0", " ").split())

    def link(self, address, kind):
        """The newest mail's link of this kind (``c``, ``d``, ``p``, ``u``) to ``address``."""
        html = self._newest(address).get_body(("html",)).get_content()
        return re.search(rf'href="(http://127\.0\.0\.1:\d+/{kind}/[^"]+)"', html)[1]


class Newsroom:
    """An open installation behind ``url``."""

    def __init__(self, installation, url, mailbox):
        self.installation = installation
        self.store = installation.store
        self.url = url
        self.mailbox = mailbox

    def mail_confirmations(self):
        """What `up` does every two seconds."""
        # The browser's own loop runs in this thread.
        with ThreadPoolExecutor(1) as other:
            assert other.submit(mail_now, self.installation).result().sent

    def send(self, schedule, headline, *, days):
        """An edition that is mailed to all readers of its audience at this moment."""
        made = self._made(schedule, headline, days, 3, EditionState.DRAFTED)
        assert begin_sending(self.store, made, audience=self._audience(schedule), now=self.installation.clock())
        return self.deliver()

    def deliver(self):
        """Sends what is due, as a worker does."""
        with ThreadPoolExecutor(1) as other:
            return other.submit(asyncio.run, self.delivered()).result()

    async def delivered(self):
        async with self.installation.connected() as connected:
            engine = Engine(
                store=self.store,
                channels=connected.channels,
                keys=KEYS,
                clock=self.installation.clock,
                rules=self.installation.settings.delivery,
            )
            return await engine.deliver()

    def made(self, schedule, headline):
        """An edition that goes out when sending begins."""
        return self._made(schedule, headline, 0, 3, EditionState.DRAFTED)

    def counted(self, audience):
        """How many readers an audience has."""
        with self.store.read() as tx:
            return tx.subscribers.count(audience)

    def _audience(self, schedule):
        return self.installation.settings.schedules[schedule].audience

    def reader(self, address, *audiences):
        """The id of a reader of these audiences."""
        for audience in audiences or ("readers",):
            subscribe(self.store, address, audience=audience, at=NOW - timedelta(days=266))
        with self.store.read() as tx:
            return tx.subscribers.id_of(address)

    def preferences(self, reader, audience="readers"):
        return f"{self.url}/p/{KEYS.sign(PREFERENCES, reader, audience, '')}"

    def data(self, reader, audience="readers"):
        return f"{self.url}/d/{KEYS.sign(DATA, reader, audience, int(self.installation.clock().timestamp()))}"

    def unsubscribe(self, reader, audience="readers"):
        return f"{self.url}/u/{KEYS.sign(UNSUBSCRIBE, reader, audience, '')}"

    def publish(self, schedule, headline, *, days=0, stories=7):
        """An edition that went out, rendered as it is; its id."""
        return self._made(schedule, headline, days, stories, EditionState.SENT).id

    def _made(self, schedule, headline, days, stories, state):
        due = NOW - timedelta(days=days)
        frame = self.installation.frame(schedule, Slot(schedule, f"{due:%Y-%m-%dT%H:%M}", due))
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
            slot_key=f"{due:%Y-%m-%dT%H:%M}",
            slot=due,
            state=state,
            name=frame.schedule.name,
            created=due,
            stories=frozen,
            renditions=render(frame, frozen),
        )
        with self.store.write() as tx:
            assert tx.editions.add(made, expires=due, report={})
        return made


def tab_to(page, control, key="Tab"):
    """Presses ``key`` until the control has the focus."""
    for _ in range(200):
        page.keyboard.press(key)
        if control.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{key} never comes to {control}")


@contextmanager
def running(folder, *, language="en", name="The Port Alder Record", few=False):
    """Serves a newsroom that keeps everything in ``folder``."""
    mailbox = Mailbox()
    smtp = Controller(mailbox, hostname=HOST, port=free_port(0), enable_SMTPUTF8=True)
    smtp.start()
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    config = folder / "config"
    config.mkdir(parents=True)
    text = TOML.format(language=language, name=name, port=port, smtp=smtp.port)
    (config / "broadsheet.toml").write_text(text, "utf-8")
    store = Store.open(f"sqlite:///{folder}/broadsheet.db", KEYS.address_key)
    installation = Installation(load_settings(config, ENVIRONMENT), store, KEYS, SetClock(NOW))
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve,
        args=(installation, HOST, port),
        kwargs={"ready": lambda _: ready.set(), "stop": stop},
        daemon=True,
    )
    thread.start()
    assert ready.wait(30)
    try:
        newsroom = Newsroom(installation, f"http://{HOST}:{port}", mailbox)
        for days, schedule, stories, headline in FEW if few else PAST:
            newsroom.publish(schedule, headline, days=days, stories=stories)
        yield newsroom
    finally:
        stop.set()
        thread.join(20)
        smtp.stop()
        store.close()
