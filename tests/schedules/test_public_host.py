"""The unsubscribe host, before a real TLS server on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.clock import SetClock
from bot.errors import DnsError
from bot.http import Http
from bot.model import Checked, Newsroom
from bot.schedules.public_host import inspect, pictures, scheme
from bot.settings.tables import HttpTable
from bot.testing import Zones
from tests.pictures import PictureSite, photograph, picture_site

HOST = "news.record.news"
NOW = datetime.now(UTC)


def certificate(folder: Path, *, host: str = HOST, days: float = 90, since: float = -1) -> tuple[Path, ssl.SSLContext]:
    """The file of a certificate with its key, and a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=min(since, days - 1)))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    pem = made.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + pem
    )
    return file, ssl.create_default_context(cadata=pem.decode())


@asynccontextmanager
async def serving(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def speaking(file: Path, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if newest:
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    return context


async def seen(port: int, trust: ssl.SSLContext | None, zones: Any = None) -> dict[str, Checked]:
    dns = Zones({HOST: {"A": ["127.0.0.1"]}} if zones is None else zones)
    found = await inspect(f"https://{HOST}:{port}", dns, SetClock(NOW), tls=trust)
    return {each.id: each for each in found}


async def test_gmail_and_yahoo_a_host_with_a_good_certificate_is_good(tmp_path: Path) -> None:
    file, trust = certificate(tmp_path)
    async with serving(speaking(file)) as port:
        found = await seen(port, trust)
    assert {each.grade for each in found.values()} == {"ok"}
    assert "TLSv1.3, a certificate for it until" in found["public_url.tls"].said


async def test_a_certificate_that_ends_in_less_than_14_days_is_a_warning(tmp_path: Path) -> None:
    file, trust = certificate(tmp_path, days=13.5)
    async with serving(speaking(file)) as port:
        found = (await seen(port, trust))["public_url.tls"]
    assert (found.grade, "in 13 days" in found.said) == ("warning", True)


@pytest.mark.parametrize(("made", "told"), [({"days": -1.0}, "expired"), ({"host": "other.news"}, "ismatch")])
async def test_an_ended_certificate_or_that_of_another_name_is_a_fault(
    tmp_path: Path, made: dict[str, Any], told: str
) -> None:
    file, trust = certificate(tmp_path, **made)
    async with serving(speaking(file)) as port:
        found = (await seen(port, trust))["public_url.tls"]
    assert (found.grade, told in found.said) == ("fault", True), found


async def test_a_certificate_nobody_trusts_is_a_fault(tmp_path: Path) -> None:
    file, _ = certificate(tmp_path)
    async with serving(speaking(file)) as port:
        found = (await seen(port, None))["public_url.tls"]
    assert found.grade == "fault"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_tls_of_before_1_2_is_a_fault(tmp_path: Path) -> None:
    file, trust = certificate(tmp_path)
    async with serving(speaking(file, newest=ssl.TLSVersion.TLSv1_1)) as port:
        found = (await seen(port, trust))["public_url.tls"]
    assert (found.grade, "TLS 1.2" in found.said) == ("fault", True), found


async def test_a_host_without_tls_is_a_fault() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        found = (await seen(server.sockets[0].getsockname()[1], None))["public_url.tls"]
    assert found.grade == "fault", found


async def test_the_worst_of_several_addresses_is_told(tmp_path: Path) -> None:
    file, trust = certificate(tmp_path)
    async with serving(speaking(file)) as port:
        found = await seen(port, trust, {HOST: {"A": ["127.0.0.1", "127.0.0.2"]}})
    assert (found["public_url.tls"].grade, "127.0.0.2" in found["public_url.tls"].said) == ("warning", True)


async def test_a_name_that_is_not_in_the_dns_is_a_fault_and_a_dns_that_is_silent_a_warning() -> None:
    assert (await seen(443, None, {}))["public_url.dns"].grade == "fault"
    silent = (await seen(443, None, {HOST: DnsError("no answer", reason="timeout")}))["public_url.dns"]
    assert silent.grade == "warning"


async def test_a_name_for_examples_is_asked_nowhere() -> None:
    dns = Zones({})
    (only,) = await inspect("https://news.record.example", dns, SetClock(NOW))
    assert (only.grade, dns.asked) == ("warning", [])
    assert await inspect("http://127.0.0.1:8080", dns, SetClock(NOW)) == []


@pytest.mark.parametrize(
    ("url", "grade"),
    [
        ("https://news.record.news", "ok"),
        ("http://127.0.0.1:8080", "warning"),
        ("http://localhost:8080", "warning"),
        ("http://news.record.news", "fault"),
    ],
)
def test_rfc8058_3_1_the_address_is_https(url: str, grade: str) -> None:
    assert scheme(url).grade == grade


NAME = f"{'0' * 32}.jpg"


async def _here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def picture_seen(site: PictureSite, host: str = HOST) -> list[Checked]:
    newsroom = Newsroom(name="The Record", url="https://record.news", public_url=site.url.replace("127.0.0.1", host))
    async with Http(HttpTable(allow_loopback=True), resolve=_here) as http:
        return await pictures(http, newsroom, NAME)


async def test_a_picture_that_comes_from_the_public_address_is_good() -> None:
    with picture_site() as site:
        site.put(f"/i/{NAME}", photograph())
        (found,) = await picture_seen(site)
    assert found.grade == "ok"


@pytest.mark.parametrize("what", ["not passed on", "a page"])
async def test_a_proxy_that_keeps_pictures_back_is_told_what_to_pass(what: str) -> None:
    with picture_site() as site:
        if what == "a page":
            site.put(f"/i/{NAME}", b"<!doctype html><title>The Record</title>", "text/html")
        (found,) = await picture_seen(site)
    assert found.grade == "warning"
    assert "readers see no pictures" in found.said
    assert "pass /i/" in found.fix


async def test_a_public_address_that_is_not_reached_from_here_says_nothing_against_the_proxy() -> None:
    (found,) = await picture_seen(PictureSite("http://127.0.0.1:1"))
    assert (found.grade, "not looked at" in found.said) == ("warning", True)
    assert "curl" in found.fix


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "news.record.example"])
async def test_no_picture_is_fetched_where_nobody_else_comes(host: str) -> None:
    with picture_site() as site:
        assert await picture_seen(site, host) == []
        assert site.asked == []
