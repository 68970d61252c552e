"""The demo's world, up and running: newsroom, mailbox, webhook receiver, networks; a configuration that knows them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.demo.articles import timezone_of
from bot.demo.configuration import Addresses, write_configuration, write_network_secrets, write_secrets
from bot.demo.inbox import inbox
from bot.demo.mailbox import mailbox
from bot.demo.networks import Standing, networks
from bot.demo.newsroom import newsroom
from bot.demo.receiver import receiver
from bot.demo.state import DemoState, Ports
from bot.errors import SettingsError
from bot.settings import load_settings
from bot.settings.load import FILE
from bot.settings.tables import WebTable
from bot.testing.networks.webhook import PATH
from bot.testing.ports import HOST, bound

SUBSCRIBERS = Path(__file__).resolve().parent / "subscribers.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """``config`` is the configuration folder, ``mailbox`` holds ``.eml`` files, ``posts`` a JSON file for each post
    that the webhook got and one for each network.

    ``started`` (UTC) is when the demo first ran in this folder: publication times count from it. ``web_port`` is
    kept for Broadsheet's own pages, whose address is ``public_url``: ``listener`` holds it where they are served.
    ``taken`` is the port that the settings had for them and that somebody else has now; 0: they got it. At
    ``inbox_url`` the mails are seen.
    """

    config: Path
    mailbox: Path
    posts: Path
    subscribers: Path
    newsroom_url: str
    hook_url: str
    inbox_url: str
    public_url: str
    smtp_port: int
    web_port: int
    listener: socket.socket | None
    taken: int
    networks: tuple[Standing, ...]
    started: datetime
    first_run: bool


@contextmanager
def running(folder: Path, clock: Clock, *, serves: bool = False) -> Iterator[Running]:
    """Starts the servers for ``folder`` and stops them at exit. ``serves``: Broadsheet's pages will be served, too.

    A second run keeps the first one's moment, secrets, settings and, where they are free, ports; that of the pages is
    what the settings say. Raises ``StateError`` when the folder's state cannot be read, ``SettingsError`` as
    ``load_settings`` or when the pages cannot be served at their host.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    kept = DemoState.read(folder)
    state = kept or DemoState.begun(clock())
    config = folder / "config"
    secret = write_secrets(config)
    asked = load_settings(config).web if (config / FILE).exists() else WebTable(port=state.ports.web)
    with ExitStack() as servers:
        newsroom_url = servers.enter_context(newsroom(state.started, clock, state.ports.newsroom))
        hook_url = servers.enter_context(receiver(folder / "posts", secret, clock, state.ports.hook))
        smtp_port = servers.enter_context(mailbox(folder / "mailbox", state.ports.smtp))
        inbox_url = servers.enter_context(inbox(folder / "mailbox", timezone_of(state.started), state.ports.inbox))
        social = servers.enter_context(networks(clock, state.ports.networks))
        # Mails that name its address go out long before the pages are served: until then, nobody may take it.
        held = servers.enter_context(_held(config / FILE, asked))
        web_port = int(held.getsockname()[1])
        if not serves:
            held.close()
        ports = Ports(
            newsroom=_port(newsroom_url),
            hook=_port(hook_url),
            smtp=smtp_port,
            inbox=_port(inbox_url),
            web=web_port,
            networks={each.kind: each.port for each in social},
        )
        addresses = _addresses(state, ports, social)
        before = replace(_addresses(kept, kept.ports, social), web_port=asked.port) if kept else None
        write_configuration(config, addresses, before)
        write_network_secrets(config, dict(item for each in social for item in each.secrets().items()))
        state.on(ports).write(folder)
        yield Running(
            config=config,
            mailbox=folder / "mailbox",
            posts=folder / "posts",
            subscribers=SUBSCRIBERS,
            newsroom_url=newsroom_url,
            hook_url=hook_url,
            inbox_url=inbox_url,
            public_url=addresses.public_url,
            smtp_port=smtp_port,
            web_port=web_port,
            listener=held if serves else None,
            taken=asked.port if kept and web_port != asked.port else 0,
            networks=social,
            started=state.started,
            first_run=kept is None,
        )


def _held(file: Path, asked: WebTable) -> socket.socket:
    try:
        return bound(asked.port, asked.host)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"{file}: web.host: {asked.host} cannot be listened on ({reason}); use 127.0.0.1, or an address of this "
            "machine"
        ) from error


def _port(url: str) -> int:
    return urlsplit(url).port or 80


def _addresses(state: DemoState, ports: Ports, social: tuple[Standing, ...]) -> Addresses:
    return Addresses(
        newsroom_url=f"http://{HOST}:{ports.newsroom}",
        hook_url=f"http://{HOST}:{ports.hook}{PATH}",
        public_url=f"http://{HOST}:{ports.web}",
        inbox_url=f"http://{HOST}:{ports.inbox}",
        smtp_port=ports.smtp,
        web_port=ports.web,
        timezone=timezone_of(state.started),
        networks={
            each.kind: each.options(f"http://{HOST}:{ports.networks[each.kind]}")
            for each in social
            if each.kind in ports.networks
        },
    )
