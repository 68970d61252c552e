"""The demo's world, up and running: newsroom, mailbox, webhook receiver, networks; a configuration that knows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.demo.configuration import Addresses, write_configuration, write_network_secrets, write_secrets
from bot.demo.inbox import inbox
from bot.demo.mailbox import mailbox
from bot.demo.networks import Standing, networks
from bot.demo.newsroom import newsroom
from bot.demo.receiver import receiver
from bot.demo.state import DemoState, Ports
from bot.testing.networks.webhook import PATH
from bot.testing.ports import HOST, free_port

SUBSCRIBERS = Path(__file__).resolve().parent / "subscribers.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """``config`` is the configuration folder, ``mailbox`` holds ``.eml`` files, ``posts`` a JSON file for each post
    that the webhook got and one for each network.

    ``started`` (UTC) is when the demo first ran in this folder: publication times count from it. ``web_port`` is
    free now and kept for Broadsheet's own pages, whose address is ``public_url``. At ``inbox_url`` the mails are seen.
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
    networks: tuple[Standing, ...]
    started: datetime
    first_run: bool


@contextmanager
def running(folder: Path, clock: Clock) -> Iterator[Running]:
    """Starts the servers for ``folder`` and stops them at exit.

    A second run keeps the first one's moment, secrets, settings and, where they are free, ports. Raises
    ``StateError`` when the folder's state cannot be read.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    kept = DemoState.read(folder)
    state = kept or DemoState.begun(clock())
    config = folder / "config"
    secret = write_secrets(config)
    with ExitStack() as servers:
        newsroom_url = servers.enter_context(newsroom(state.started, clock, state.ports.newsroom))
        hook_url = servers.enter_context(receiver(folder / "posts", secret, clock, state.ports.hook))
        smtp_port = servers.enter_context(mailbox(folder / "mailbox", state.ports.smtp))
        inbox_url = servers.enter_context(inbox(folder / "mailbox", state.ports.inbox))
        social = servers.enter_context(networks(clock, state.ports.networks))
        ports = Ports(
            newsroom=_port(newsroom_url),
            hook=_port(hook_url),
            smtp=smtp_port,
            inbox=_port(inbox_url),
            web=free_port(state.ports.web),
            networks={each.kind: each.port for each in social},
        )
        addresses = _addresses(ports, social)
        write_configuration(config, addresses, _addresses(kept.ports, social) if kept else None)
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
            web_port=ports.web,
            networks=social,
            started=state.started,
            first_run=kept is None,
        )


def _port(url: str) -> int:
    return urlsplit(url).port or 80


def _addresses(ports: Ports, social: tuple[Standing, ...]) -> Addresses:
    return Addresses(
        newsroom_url=f"http://{HOST}:{ports.newsroom}",
        hook_url=f"http://{HOST}:{ports.hook}{PATH}",
        public_url=f"http://{HOST}:{ports.web}",
        smtp_port=ports.smtp,
        web_port=ports.web,
        networks={
            each.kind: each.options(f"http://{HOST}:{ports.networks[each.kind]}")
            for each in social
            if each.kind in ports.networks
        },
    )
