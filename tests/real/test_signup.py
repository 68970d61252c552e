"""Signing up through a real Postfix: the confirmation arrives, its link subscribes with evidence, and it is no spam."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest

from bot.audience.links import PREFERENCES
from bot.audience.signup import CONFIRM
from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.signing_key import SigningKey
from bot.clock import SetClock
from bot.editions.notice import confirmation
from bot.http import Http
from bot.model import Newsroom, Parcel, Recipient, Rendition
from bot.schedules.installation import Around, Installation
from bot.schedules.signups import mail_now
from bot.settings import shipped
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, NOW, settings
from bot.web.app import create_app

pytestmark = pytest.mark.real

PATIENCE = 20.0
RSA = SigningKey.new("newsroom.test", "news")
TOML = """
[channels.mail]
type = "email"
from = "The Port Alder Récord <letters@newsroom.test>"
bounces = "bounces@newsroom.test"
host = "{SUBMISSION_HOST}"
port = {SUBMISSION_PORT}
username = "{SMTP_USER}"
ca_file = "{TLS_CA}"
dkim_selector = "news"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * 1-5"
audience = "readers"
channels = ["mail"]
"""


@pytest.fixture
def installation(mail_server, tmp_path):
    environment = {"BROADSHEET_MAIL_PASSWORD": mail_server["SMTP_PASSWORD"], "BROADSHEET_MAIL_DKIM_KEY": RSA.pem}
    configured = settings(tmp_path, TOML.format(**mail_server), environment=environment)
    store = Store.open(f"sqlite:///{tmp_path}/broadsheet.db")
    yield Installation(configured, store, KEYS, SetClock(datetime.now(UTC)))
    store.close()


def arrived(readers, address, count=1):
    """What lies in the Maildir for ``address``, once so many do; waits a little for one too many."""
    until = time.monotonic() + PATIENCE
    found = []
    while time.monotonic() < until and len(found) < count:
        time.sleep(0.2)
        found = [each for each in readers() if each["envelope-to"] == address]
    return [message_from_bytes(Path(each["path"]).read_bytes(), policy=policy.default) for each in found]


async def typed(client, installation, address):
    page = await client.get("/subscribe")
    installation.clock.advance(seconds=5)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    return await client.post("/subscribe", data={**hidden, "address": address})


async def test_from_the_form_to_the_inbox_and_back(installation, readers, mail_script, tmp_path):
    address = f"signup-{secrets.token_hex(6)}@readers.test"
    transport = httpx.ASGITransport(app=create_app(installation))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        for _ in range(3):
            assert "Check your inbox" in (await typed(client, installation, address)).text
        began = time.monotonic()
        told = await asyncio.to_thread(mail_now, installation)
        assert told.sent == 1
        (message,) = arrived(readers, address)
        assert time.monotonic() - began < PATIENCE

        assert message["Subject"] == "Confirm your subscription to The Port Alder Record"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe"] is None
        assert message["Precedence"] is None
        assert re.fullmatch(r"<bounces\+[a-z2-7]{26}@newsroom\.test>", message["Return-Path"])
        token = message["Message-ID"].strip("<>").partition("@")[0]
        assert message["Return-Path"] == f"<bounces+{token}@newsroom.test>"
        plain, html = message.iter_parts()
        assert address not in plain.get_content() + html.get_content()
        assert not message.defects

        (link,) = set(re.findall(r"https://news\.record\.example(/c/\S+)", plain.get_content()))
        assert f'href="https://news.record.example{link}"' in html.get_content()
        installation.clock.advance(minutes=1)
        page = await client.get(link)
        assert "Confirm subscription" in page.text
        with installation.store.read() as tx:
            assert tx.subscribers.find(address) == []
        assert "You are subscribed" in (await client.post(link)).text
    with installation.store.read() as tx:
        (reader,) = tx.subscribers.find(address)
    assert (reader.state, reader.audience) == ("subscribed", "readers")
    evidence = reader.consent.evidence
    assert evidence.requested < evidence.confirmed
    assert (evidence.form, evidence.page) == ("page", "https://news.record.example/subscribe")

    # Asked again while subscribed, on another day: a link to the preferences, and nothing to confirm.
    installation.clock.advance(hours=26)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        await typed(client, installation, address)
    await asyncio.to_thread(mail_now, installation)
    second = next(each for each in arrived(readers, address, 2) if "already" in each["Subject"])
    plain = next(iter(second.iter_parts())).get_content()
    (token,) = re.findall(r"https://news\.record\.example/p/(\S+)", plain)
    assert KEYS.verify(PREFERENCES, token)[0] == reader.id


async def test_a_mailbox_that_is_not_there_is_tried_once(installation, mail_server, readers, tmp_path):
    # Straight to the readers' provider, whose answer at RCPT we see.
    table = installation.settings.channels["mail"]
    table.update(host=mail_server["SMTP_HOST"], port=int(mail_server["SMTP_PORT"]))
    table.pop("username")
    transport = httpx.ASGITransport(app=create_app(installation))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        await typed(client, installation, f"bounce-hard+{secrets.token_hex(4)}@readers.test")
    assert (await asyncio.to_thread(mail_now, installation)).sent == 0
    installation.clock.advance(hours=2)
    assert (await asyncio.to_thread(mail_now, installation)).sent == 0
    with installation.store.read() as tx:
        (row,) = tx.connection.exec_driver_sql("SELECT outcome, due FROM signups").all()
    assert (row.outcome, row.due) == ("refused", None)


def composed(language):
    """A signed confirmation, as a reader gets it."""
    newsroom = Newsroom(
        name="The Port Alder Record",
        url="https://newsroom.test",
        address="14 Quay Street, Port Alder 40217",
        public_url="https://news.newsroom.test",
    )
    url = f"https://news.newsroom.test/c/{KEYS.sign(CONFIRM, 'a' * 26)}"
    email = confirmation(
        newsroom, (shipped("templates"),), language=language, names=["Morning briefing"], url=url, until=NOW
    )
    options = {"from": "The Port Alder Record <letters@newsroom.test>", "host": "127.0.0.1", "security": "none"}
    around = Around(newsroom, Http(HttpTable()), KEYS, lambda: datetime.now(UTC))
    channel = EmailChannel("mail", EmailOptions(**options, dkim_selector="news", dkim_key=RSA.pem), around)
    return channel.compose(
        Parcel(
            token="abcdefghijklmnopqrstuvwxyz",
            edition="signup",
            schedule="signup",
            slot=NOW,
            rendition=Rendition(channel="mail", email=email),
            recipient=Recipient(subscriber=0, address="ines@readers.test", audience="readers"),
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ja", "ar"])
def test_a_confirmation_is_no_spam_and_its_signature_holds(mail_script, tmp_path, language):
    file, record = tmp_path / "confirmation.eml", tmp_path / "record.txt"
    file.write_bytes(composed(language))
    record.write_text(RSA.record.value)
    assert mail_script("dkim", file, record, "news", "newsroom.test").endswith("DKIM=pass\n")
    told = mail_script("score", file)
    score = float(next(line for line in told.splitlines() if line.startswith("SCORE=")).removeprefix("SCORE="))
    assert score < 1.0, told
