from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.accounts import desk_key
from bot.audience.links import DATA, PREFERENCES, UNSUBSCRIBE
from bot.delivery.sending import begin_sending
from bot.model import Card, EditionState, MergeField, Post, Rendition, Scope
from bot.schedules.installation import Installation
from bot.settings import load_settings
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS, NOW, edition, email, settings, subscribe
from bot.web.app import create_app
from tests.web.api_v1 import Program

TOML = """
[audiences.weekend]
name = "The Weekend"

[sources.site]
type = "feed"
url = "https://record.example/feed"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""

WEB = "<!doctype html><html><body><main><h1>The ferry returns</h1></main></body></html>"


class Web:
    """An installation with its pages, as a browser on the same machine reaches them."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.store = installation.store
        self.app = create_app(installation)

    def client(self, *, address="127.0.0.1", url="http://127.0.0.1:8080", server_faults=False, key=True):
        """A browser, by default one that was let in by the desk's key."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 50000), raise_app_exceptions=not server_faults)
        kept = {desk_key.cookie(KEYS): desk_key.token(KEYS, self.installation.clock())} if key else {}
        return httpx.AsyncClient(transport=transport, base_url=url, cookies=kept)

    async def get(self, path, **kind):
        async with self.client() as client:
            return await client.get(path, **kind)

    async def post(self, path, **kind):
        async with self.client() as client:
            return await client.post(path, **kind)

    def unsubscribe_path(self, subscriber, audience="readers"):
        return f"/u/{KEYS.sign(UNSUBSCRIBE, subscriber, audience, '')}"

    def preferences_path(self, subscriber, audience="readers"):
        return f"/p/{KEYS.sign(PREFERENCES, subscriber, audience, '')}"

    def data_path(self, subscriber, audience="readers"):
        return f"/d/{KEYS.sign(DATA, subscriber, audience, int(self.installation.clock().timestamp()))}"

    def states(self, subscriber):
        """audience → state."""
        with self.store.read() as tx:
            page = tx.subscribers.page(after=subscriber - 1)
            return {each.audience: each.state for each in page if each.id == subscriber}

    def add_edition(self, *, report=None, **fields):
        made = made_edition(**fields)
        with self.store.write() as tx:
            tx.editions.add(made, expires=made.slot + timedelta(hours=3), report=report or {})
        return made

    def send(self, made, audience="readers"):
        """Begins to send an edition that was added."""
        assert begin_sending(self.store, made, audience=audience, now=NOW)


def made_edition(**fields):
    """An edition with a mail that has holes and a web version, and one post."""
    made = edition(**fields)
    if "renditions" in fields:
        return made
    hole = MergeField.UNSUBSCRIBE_URL.hole(made.id)
    html = f'<html><body><h1>The ferry returns</h1><a href="{hole}">Unsubscribe</a></body></html>'
    text = f"The ferry returns\n\nUnsubscribe: {hole}\n"
    post = Post(
        text="The ferry returns",
        url="https://record.example/ferry",
        card=Card(url="https://record.example/ferry", title="The ferry returns"),
    )
    return replace(
        made,
        renditions=(
            Rendition(channel="bluesky", post=post),
            Rendition(channel="mail", email=email(html=html, text=text, web=WEB)),
        ),
    )


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """The file of a migrated store, to be copied: migrating takes longer than most tests here."""
    file = tmp_path_factory.mktemp("store") / "empty.db"
    Store.open(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def build_web(tmp_path, clock, empty_store):
    opened = []
    shutil.copy(empty_store, tmp_path / "broadsheet.db")

    def build(*, newsroom="", toml=TOML, environment=None):
        configured = settings(tmp_path, toml, environment=environment)
        if newsroom:
            file = tmp_path / "config" / "broadsheet.toml"
            file.write_text(file.read_text("utf-8").replace("[newsroom]", f"[newsroom]\n{newsroom}"), "utf-8")
            configured = load_settings(tmp_path / "config", {**ENVIRONMENT, **(environment or {})})
        store = Store.open(f"sqlite:///{tmp_path}/broadsheet.db")
        opened.append(store)
        return Web(Installation(configured, store, KEYS, clock))

    yield build
    for store in opened:
        store.close()


@pytest.fixture
def web(build_web):
    return build_web()


@pytest.fixture
def writer(web):
    """A program whose token may write, of somebody who may."""
    return Program(web, Scope.WRITE)


@pytest.fixture
def approver(web):
    return Program(web, Scope.APPROVE)


@pytest.fixture
def admin(web):
    return Program(web, Scope.ADMIN)


@pytest.fixture
def reader(web):
    """The id of a reader of both audiences."""
    subscribe(web.store, "mara@example.org", audience="weekend")
    return subscribe(web.store, "mara@example.org")[0]


@pytest.fixture
def sending(web, reader):
    """An edition that is being sent to the reader and one more."""
    subscribe(web.store, "noor@example.org")
    made = web.add_edition(state=EditionState.DRAFTED)
    web.send(made)
    return made
