"""The bundled newsroom on a Tuesday morning at 06:14: two days of mail behind it, an edition that waits, and troubles.

All of it is made as it is in a newsroom: collected, drafted by the tick, sent by the engine to a mail server that
refuses a few. Only the clock is set.
"""

from __future__ import annotations

import asyncio
import csv
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiosmtpd.controller import Controller

from bot.accounts.sessions import log_in
from bot.audience import enrolment
from bot.audience.importing import run_import
from bot.clock import SetClock
from bot.delivery.engine import Engine
from bot.demo import running
from bot.editions import lifecycle
from bot.model import Edition, EditionState, Role, User
from bot.schedules.corrected import watch_changes
from bot.schedules.figures import count_readers, reckon_now
from bot.schedules.installation import Installation, opened
from bot.schedules.tick import tick
from bot.schedules.ticker import collect_now
from bot.testing.ports import HOST, free_port
from bot.web.server import serve

NOW = datetime(2026, 11, 24, 14, 14, tzinfo=UTC)
"""06:14 in Port Alder."""
READERS = 160
NETWORKS = ("bluesky", "mastodon", "telegram")
SCHEDULES = """
[schedules.morning]
name = "Morning briefing"
short = "Morning"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail", "bluesky", "mastodon", "telegram"]
approval = true
prepare_before = "90m"

[schedules.morning.selection]
window = "since last"
maximum = 6

[schedules.evening]
name = "Evening five"
short = "Evening"
cron = "0 18 * * *"
audience = "readers"
channels = ["mail"]
template = "headlines"

[schedules.evening.selection]
window = "last 48h"
maximum = 5

[schedules.weekend]
name = "The weekend"
short = "Weekend"
cron = "30 8 * * 6"
audience = "readers"
channels = ["mail"]
template = "magazine"

[schedules.weekend.selection]
window = "last 72h"
maximum = 4
"""


class Server:
    """A mail server that knows not every address; some mailboxes are ``full``, once it is said."""

    full = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: ARG002, N802
        number = int(re.sub(r"\D", "", address) or 1)
        if number % 61 == 0:
            return "550 5.1.1 user unknown"
        if self.full and number % 37 == 0:
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802
        return "250 2.0.0 OK"


@dataclass
class Day:
    """The newsroom with its desk at ``url``; ``session`` is the cookie of an admin who is logged in."""

    installation: Installation
    clock: SetClock
    server: Server
    url: str
    session: str

    @property
    def waiting(self) -> Edition:
        """The edition of this morning."""
        return self._newest("morning")

    @property
    def last(self) -> Edition:
        """Last evening's edition."""
        return self._newest("evening")

    def _newest(self, schedule: str) -> Edition:
        with self.installation.store.read() as tx:
            return tx.editions.newest(schedule=schedule, limit=1)[0]

    def begin(self, most: int) -> None:
        """The slot comes, and about ``most`` deliveries go out."""
        self.server.full = True
        self.clock.moment = self.waiting.slot
        _go_on(self.installation, most)


@contextmanager
def day(folder: Path) -> Iterator[Day]:
    """Serves that morning's desk from ``folder``."""
    clock = SetClock(NOW)
    server = Server()
    smtp = Controller(server, hostname=HOST, port=free_port(0))
    smtp.start()
    try:
        with running(folder, clock) as town:
            _configure(town.config / "broadsheet.toml", smtp.port)
            with opened(town.config, clock) as installation:
                for network in town.networks:
                    if network.kind in NETWORKS:
                        network.connect(installation.store, installation.keys, NOW)
                _people(installation)
                _readers(installation, folder / "readers.csv")
                _history(installation, clock)
                _trouble(installation)
                with _served(installation, town.web_port):
                    yield Day(installation, clock, server, town.public_url, _logged_in(installation))
    finally:
        smtp.stop()


def _configure(file: Path, port: int) -> None:
    text = file.read_text("utf-8")
    text = text[: text.index("[schedules.morning]")] + SCHEDULES
    text = re.sub(r"\[desk\]\nnote = .*\nnote_url = .*\n\n", "", text)
    text = re.sub(r"(\[channels\.mail\][^\[]*?port = )\d+", rf"\g<1>{port}", text)
    kinds = set(re.findall(r"\[channels\.(\w+)\]", text)) - {"mail", *NETWORKS}
    for kind in kinds:
        text = re.sub(rf"(#[^\n]*\n)*\[channels\.{kind}\]\n([^\[\n][^\n]*\n)*", "", text)
    file.write_text(text, "utf-8")


def _people(installation: Installation) -> None:
    for number, (name, role) in enumerate((("Mara Lindqvist", Role.ADMIN), ("Tom Reyes", Role.EDITOR))):
        address = f"{name.split()[0].lower()}@portalderrecord.example"
        user = User(id=0, name=name, address=address, role=role)
        with installation.store.write() as tx:
            tx.users.add(user, name_key=name.casefold(), password="none", now=NOW - timedelta(days=90 - number))


def _logged_in(installation: Installation) -> str:
    with installation.store.write() as tx:
        user = tx.users.find("mara@portalderrecord.example")
        assert user
        return log_in(tx, user, installation.clock(), kept=True)


def _readers(installation: Installation, file: Path) -> None:
    first = (
        "amara",
        "bjorn",
        "chidi",
        "dolores",
        "eirik",
        "fiona",
        "grace",
        "hideko",
        "ivan",
        "jirair",
        "keiko",
        "leila",
    )
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("address", "name", "subscribed"))
        for number in range(1, READERS + 1):
            name = first[number * 7 % len(first)]
            joined = NOW - timedelta(days=3 + number * number % 600)
            rows.writerow((f"{name}{number}@example.org", f"{name.title()} {number}", f"{joined:%Y-%m-%d}"))
    job = enrolment.subscribers_import(
        file,
        "readers",
        ["readers"],
        by="Mara Lindqvist",
        zone=ZoneInfo("Europe/London"),
        consent="the paper's own form",
    )
    run_import(installation.store, job, clock=lambda: NOW - timedelta(days=3, hours=8), advance=lambda *_: None)


def _history(installation: Installation, clock: SetClock) -> None:
    """Two days, every slot of them."""
    for slot in (NOW.replace(hour=15, minute=0) - timedelta(hours=hours) for hours in (48, 37, 24, 13)):
        clock.moment = slot - timedelta(minutes=80)
        collect_now(installation)
        tick(installation, clock())
        for edition in _drafted(installation):
            _approve(installation, edition)
        clock.moment = slot
        _go_on(installation)
        clock.advance(hours=1)
        count_readers(installation, clock())
        reckon_now(installation, clock())
    clock.moment = NOW - timedelta(minutes=40)
    collect_now(installation)
    tick(installation, clock())
    clock.moment = NOW


def _drafted(installation: Installation) -> list[Edition]:
    with installation.store.read() as tx:
        return tx.editions.newest(states=(EditionState.AWAITING,), limit=10)


def _approve(installation: Installation, edition: Edition) -> None:
    lifecycle.approve(
        installation.store, edition.id, version=edition.version, who="Mara Lindqvist", now=installation.clock()
    )


def _go_on(installation: Installation, most: int = 10**9) -> None:
    """Ticks, then delivers until ``most`` deliveries are done."""
    tick(installation, installation.clock())
    done = 0

    def watch(_chunk: Any, _outcome: Any) -> None:
        nonlocal done
        done += 1

    async def deliver() -> None:
        async with installation.connected() as connected:
            engine = Engine(
                store=installation.store,
                channels=connected.channels,
                keys=installation.keys,
                clock=installation.clock,
                rules=installation.settings.delivery,
                stop=lambda: done >= most,
                watch=watch,
                timezone=installation.newsroom.timezone,
            )
            while await engine.deliver() and done < most:
                pass

    # In a thread of its own: a browser's loop may run in this one.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, deliver()).result()


def _trouble(installation: Installation) -> None:
    """An article that went out last evening says something else now."""
    with installation.store.read() as tx:
        sent = tx.editions.get(tx.editions.newest(schedule="evening", limit=1)[0].id)
        assert sent
        article = next(
            each for story in sent.stories if (each := tx.articles.get(story.article.id)) and "$" in each.body
        )
    figure = re.search(r"\$\d", article.body)
    assert figure
    body = article.body.replace(figure[0], f"${int(figure[0][1:]) % 9 + 1}", 1)
    changed = replace(article, body=body)
    with installation.store.write() as tx:
        tx.articles.put(changed, url_key=article.url, present=(), now=NOW - timedelta(minutes=20))
    watch_changes(installation, NOW - timedelta(minutes=19))


@contextmanager
def _served(installation: Installation, port: int) -> Iterator[None]:
    stop, ready = threading.Event(), threading.Event()
    kinds = {"ready": lambda _: ready.set(), "stop": stop}
    thread = threading.Thread(target=serve, args=(installation, HOST, port), kwargs=kinds, daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
