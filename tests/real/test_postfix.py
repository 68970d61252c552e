"""Mail through a real Postfix: TLS, login, what arrives, and what each special address answers."""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bot.audience.links import UNSUBSCRIBE, ReaderLink, read_link
from bot.channels.email import EmailChannel, EmailOptions
from bot.clock import system_clock
from bot.editions.digest import compile_email
from bot.editions.sample import sample_digest
from bot.errors import ChannelRefused, DeliveryError
from bot.http import Http
from bot.model import Email, Newsroom, Parcel, Recipient, Rendition
from bot.settings import shipped
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW

pytestmark = pytest.mark.real

HTTP = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
PATIENCE = 20.0


@dataclass
class Surroundings:
    newsroom: Newsroom
    http: Http = HTTP
    keys: Any = KEYS
    clock: Any = system_clock
    store: Any = None


NEWSROOM = Newsroom(
    name="The Port Alder Record",
    url="https://newsroom.test",
    address="14 Quay Street, Port Alder 40217",
    public_url="https://news.newsroom.test",
)


def channel(**options: Any) -> EmailChannel:
    given = {"from": "The Port Alder Récord <briefing@newsroom.test>", "timeout": "20s", **options}
    return EmailChannel("mail", EmailOptions(**given), Surroundings(NEWSROOM))


def submission(server: dict[str, str], **options: Any) -> EmailChannel:
    """Through the newsroom's own server."""
    given = {
        "host": server["SUBMISSION_HOST"],
        "port": int(server["SUBMISSION_PORT"]),
        "username": server["SMTP_USER"],
        "password": server["SMTP_PASSWORD"],
        "ca_file": server["TLS_CA"],
    }
    return channel(**{**given, **options})


def provider(server: dict[str, str]) -> EmailChannel:
    """Straight to the readers' provider, whose answers at RCPT we see."""
    return channel(host=server["SMTP_HOST"], port=int(server["SMTP_PORT"]), ca_file=server["TLS_CA"])


def parcel(address: str = "", email: Email | None = None) -> Parcel:
    token = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))
    written = email or Email(
        subject="Fähre fährt wieder – 渡し船 🏳️‍🌈 und ein langer Rest der Überschrift, der nicht in eine Zeile passt",
        preheader="",
        html=f"<html><body><p>{'Der Hafen öffnet wieder. ' * 200}</p>\n.\n</body></html>",
        text="Der Hafen öffnet wieder.\n.\n..zwei Punkte\nFrom hier an geht es weiter.\n",
    )
    return Parcel(
        token=token,
        edition="k7f3q9xdabcd",
        schedule="morning",
        slot=NOW,
        rendition=Rendition(channel="mail", email=written),
        recipient=Recipient(subscriber=7, address=address or f"r-{token}@readers.test", audience="readers", name="Zoë"),
    )


def arrived(readers: Callable[[], list[dict[str, str]]], token: str) -> list[dict[str, str]]:
    """What of ``token`` lies in the Maildir, as soon as something does."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = [each for each in readers() if token in each["message-id"]]
        if found:
            return found
        time.sleep(0.2)
    return []


def read(found: dict[str, Any]) -> tuple[bytes, EmailMessage]:
    raw = Path(found["path"]).read_bytes()
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return raw, message


async def failure(sender: EmailChannel, sent: Parcel | None = None) -> DeliveryError:
    async with sender:
        with pytest.raises(DeliveryError) as raised:
            await sender.send(sent or parcel())
    return raised.value


async def test_a_digest_arrives_over_starttls_and_login_whole_and_valid(mail_server, readers) -> None:
    sent = parcel()
    async with submission(mail_server, bounces="bounces@newsroom.test") as sender:
        receipt = await sender.send(sent)
    assert (receipt.code, receipt.enhanced) == (250, "2.0.0")
    assert receipt.id
    (found,) = arrived(readers, sent.token)
    raw, message = read(found)
    assert receipt.id in raw.decode("utf-8", "replace")
    assert max(len(line) for line in raw.splitlines()) <= 998
    assert message["Subject"] == sent.rendition.email.subject
    assert b"Subject: =?utf-8?" in raw
    assert message["From"].addresses[0].display_name == "The Port Alder Récord"
    assert message["Message-ID"] == f"<{sent.token}@newsroom.test>"
    assert message["Return-Path"] == f"<bounces+{sent.token}@newsroom.test>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "<readers.newsroom.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    unsubscribe = message["List-Unsubscribe"].strip("<>")
    assert read_link(KEYS, UNSUBSCRIBE, unsubscribe.rpartition("/")[2]) == ReaderLink(7, "readers", sent.edition)
    text, html = message.iter_parts()
    assert text.get_content() == sent.rendition.email.text
    assert html.get_content() == sent.rendition.email.html
    assert not message.defects
    assert b"with ESMTPSA" in raw or b"ESMTPSA id" in raw


async def test_many_messages_share_few_connections(mail_server, readers) -> None:
    sent = [parcel() for _ in range(12)]
    async with submission(mail_server, connections=2, per_connection=4) as sender:
        receipts = [await sender.send(each) for each in sent]
    assert len({receipt.id for receipt in receipts}) == 12
    assert all(len(arrived(readers, each.token)) == 1 for each in sent)


async def test_check_logs_in_and_sends_nothing(mail_server) -> None:
    assert "STARTTLS, logged in as bot" in await submission(mail_server).check()


async def test_a_wrong_password_refuses_the_channel(mail_server) -> None:
    error = await failure(submission(mail_server, password="Tr0ub4dor"))
    assert isinstance(error, ChannelRefused)
    assert error.code == 535
    assert "Tr0ub4dor" not in str(error)


async def test_a_certificate_nobody_vouches_for_refuses_the_channel_before_the_login(mail_server) -> None:
    error = await failure(submission(mail_server, ca_file=""))
    assert isinstance(error, ChannelRefused)
    assert "ca_file" in str(error)


async def test_a_certificate_of_another_name_refuses_the_channel(mail_server) -> None:
    # "127.1" leads to 127.0.0.1, but the certificate does not name it.
    error = await failure(submission(mail_server, host="127.1"))
    assert isinstance(error, ChannelRefused)
    assert "mismatch" in str(error)


async def test_without_a_login_the_submission_server_refuses_the_channel(mail_server) -> None:
    error = await failure(submission(mail_server, username="", password=None))
    assert isinstance(error, ChannelRefused)


async def test_another_providers_reader_is_relaying_and_refuses_the_channel(mail_server) -> None:
    error = await failure(provider(mail_server), parcel("ines@elsewhere.test"))
    assert isinstance(error, ChannelRefused)


async def test_an_address_that_is_gone_fails_for_good(mail_server) -> None:
    error = await failure(provider(mail_server), parcel("bounce-hard+a@readers.test"))
    assert error.permanent
    assert (error.code, error.enhanced) == (550, "5.1.1")


@pytest.mark.parametrize("address", ["full@readers.test", "bounce-soft@readers.test"])
async def test_a_full_mailbox_is_tried_again_and_holds_up_nobody_else(mail_server, readers, address) -> None:
    other = parcel()
    async with provider(mail_server) as sender:
        with pytest.raises(DeliveryError) as raised:
            await sender.send(parcel(address))
        await sender.send(other)
    assert type(raised.value) is DeliveryError
    assert not raised.value.permanent
    assert (raised.value.code, raised.value.enhanced) == (452, "4.2.2")
    assert arrived(readers, other.token)


async def test_a_greylisted_reader_is_put_off_at_first_and_gets_it_later(mail_server, readers) -> None:
    sent = parcel(f"greylist+{secrets.token_hex(6)}@readers.test")
    async with provider(mail_server) as sender:
        with pytest.raises(DeliveryError) as raised:
            await sender.send(sent)
        assert type(raised.value) is DeliveryError
        assert not raised.value.permanent
        assert raised.value.code == 450
        until = time.monotonic() + PATIENCE
        while True:
            try:
                await sender.send(sent)
                break
            except DeliveryError:
                assert time.monotonic() < until
                time.sleep(0.5)
    assert len(arrived(readers, sent.token)) == 1


async def test_a_slow_provider_is_waited_for(mail_server, readers) -> None:
    sent = parcel(f"slow+{secrets.token_hex(6)}@readers.test")
    async with provider(mail_server) as sender:
        await sender.send(sent)
    assert len(arrived(readers, sent.token)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "ar", "ja"])
def test_spamassassin_gives_a_real_digest_less_than_one_point(mail_server, mail_script, tmp_path, language) -> None:
    newsroom = replace(NEWSROOM, language=language)
    digest = sample_digest((shipped("templates"),), newsroom=newsroom)
    sent = parcel("ines@readers.test", compile_email(digest))
    file = tmp_path / "digest.eml"
    options = {
        "reply_to": "desk@newsroom.test",
        "bounces": "bounces@newsroom.test",
        "unsubscribe_mailto": "out@newsroom.test",
        "list_owner": "editor@newsroom.test",
        "cfbl_address": "complaints@newsroom.test",
    }
    file.write_bytes(channel(host="127.0.0.1", security="none", **options).compose(sent))
    told = mail_script("score", file)
    score = float(next(line for line in told.splitlines() if line.startswith("SCORE=")).removeprefix("SCORE="))
    assert score < 1.0, told
