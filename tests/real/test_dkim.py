"""Our DKIM signatures before Mail::DKIM, an implementation that shares nothing with ours (it knows RSA only)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.dkim import Signer, signed
from bot.channels.email.signing_key import SigningKey
from bot.clock import system_clock
from bot.editions.digest import compile_email
from bot.editions.sample import sample_digest
from bot.http import Http
from bot.model import Newsroom, Parcel, Recipient, Rendition
from bot.settings import shipped
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW

pytestmark = pytest.mark.real

RSA = SigningKey.new("newsroom.test", "news")
ED25519 = SigningKey.new("newsroom.test", "news-e", ed25519=True)


class Surroundings:
    newsroom = Newsroom(
        name="The Port Alder Record",
        url="https://newsroom.test",
        address="14 Quay Street, Port Alder 40217",
        public_url="https://news.newsroom.test",
    )
    http = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    keys = KEYS
    clock = staticmethod(system_clock)
    store = None


def digest() -> bytes:
    """A realistic digest, as a reader gets it."""
    given = {"from": "The Port Alder Récord <briefing@newsroom.test>", "host": "127.0.0.1", "security": "none"}
    channel = EmailChannel("mail", EmailOptions(**given), Surroundings())
    return channel.compose(
        Parcel(
            token="abcdefghijklmnopqrstuvwxyz",
            edition="k7f3q9xdabcd",
            schedule="morning",
            slot=NOW,
            rendition=Rendition(
                channel="mail",
                email=compile_email(sample_digest((shipped("templates"),), newsroom=Surroundings.newsroom)),
            ),
            recipient=Recipient(subscriber=7, address="ines@readers.test", audience="readers", name="Zoë"),
        )
    )


@pytest.mark.parametrize("signer", [Signer([RSA]), Signer([RSA, ED25519])], ids=["rsa", "both"])
@pytest.mark.parametrize("form", ["value", "zone_line"])
def test_a_realistic_digest_passes(mail_script: Callable[..., str], tmp_path: Path, signer: Signer, form: str) -> None:
    file, record = tmp_path / "digest.eml", tmp_path / "record.txt"
    file.write_bytes(signed(digest(), signer, at=system_clock()))
    record.write_text(getattr(RSA.record, form))
    assert mail_script("dkim", file, record, "news", "newsroom.test").endswith("DKIM=pass\n")


@pytest.mark.parametrize(
    "forged",
    [
        lambda message: b"Subject: Send money\r\n" + message,
        lambda message: b"List-Unsubscribe: <https://elsewhere.test>\r\n" + message,
        lambda message: message.replace(b"Subject: ", b"Subject: Re: ", 1),
        lambda message: message + b"One more line.\r\n",
    ],
    ids=["second subject", "second unsubscribe", "other subject", "longer body"],
)
def test_a_forged_digest_fails(
    mail_script: Callable[..., str], tmp_path: Path, forged: Callable[[bytes], bytes]
) -> None:
    file, record = tmp_path / "digest.eml", tmp_path / "record.txt"
    genuine = signed(digest(), Signer([RSA]), at=system_clock())
    record.write_text(RSA.record.value)
    file.write_bytes(genuine)
    assert "DKIM=pass" in mail_script("dkim", file, record, "news", "newsroom.test")
    file.write_bytes(forged(genuine))
    with pytest.raises(AssertionError):
        mail_script("dkim", file, record, "news", "newsroom.test")
