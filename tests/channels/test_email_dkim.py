from __future__ import annotations

import re
import threading
import traceback
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from dkim.canonicalization import Relaxed
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.dkim import OVERSIGNED, Signer, configured, relaxed_body, signed
from bot.channels.email.signing_key import SigningKey
from bot.clock import SetClock
from bot.errors import SettingsError
from bot.http import Http
from bot.model import Email, MergeField, Newsroom, Parcel, Recipient, Rendition
from bot.settings import checked
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW

RSA = SigningKey.new("record.example", "news")
ED25519 = SigningKey.new("record.example", "news-e", ed25519=True)
DUAL = Signer([RSA, ED25519])
SIGNERS = {"rsa": Signer([RSA]), "ed25519": Signer([ED25519]), "both": DUAL}
RECORDS = {key.record.name: key.record.value for key in (RSA, ED25519)}
EDITION = "k7f3q9xdabcd"


class Surroundings:
    newsroom = Newsroom(name="The Record", url="https://record.example", public_url="https://news.record.example")
    http = Http(HttpTable())
    keys = KEYS
    clock = SetClock(NOW)
    store = None


def composed(subject: str = "Ferry returns", text: str = "The ferry is back.\n", name: str = "Ines") -> bytes:
    """A message as a reader gets it, not yet signed."""
    options = {"from": "The Record <briefing@record.example>", "host": "127.0.0.1", "security": "none"}
    channel = EmailChannel("mail", EmailOptions(**options), Surroundings())
    link = MergeField.UNSUBSCRIBE_URL.hole(EDITION)
    email = Email(subject=subject, preheader="", html=f'<p>{text}</p><a href="{link}">out</a>', text=f"{text}{link}\n")
    return channel.compose(
        Parcel(
            token="abcdefghijklmnopqrstuvwxyz",
            edition=EDITION,
            schedule="morning",
            slot=NOW,
            rendition=Rendition(channel="mail", email=email),
            recipient=Recipient(subscriber=7, address="ines@readers.test", audience="readers", name=name),
        )
    )


def verdicts(message: bytes, records: dict[str, str] | None = None) -> list[bool]:
    """What dkimpy says of each signature."""
    known = RECORDS if records is None else records
    reader = dkim.DKIM(message)

    def record(name: bytes, timeout: int = 5) -> bytes | None:
        found = known.get(name.decode().rstrip("."))
        return found.encode() if found else None

    def verdict(index: int) -> bool:
        try:
            return bool(reader.verify(idx=index, dnsfunc=record))
        except dkim.DKIMException:
            return False

    return [verdict(index) for index in range(message.lower().count(b"dkim-signature: v=1"))]


def tags(message: bytes) -> list[dict[str, str]]:
    """The tags of each signature, without folds."""
    found = message_from_bytes(message, policy=policy.compat32).get_all("DKIM-Signature") or []
    return [dict(re.sub(r"\s+", "", part).split("=", 1) for part in each.split(";")) for each in found]


@pytest.mark.parametrize("which", SIGNERS)
def test_rfc6376_6_1_another_implementation_verifies_what_we_sign(which: str) -> None:
    message = signed(composed(), SIGNERS[which], at=NOW)
    assert verdicts(message) == [True] * len(SIGNERS[which].keys)


def test_rfc6376_8_2_a_signature_names_its_key_time_and_algorithm_and_never_a_length() -> None:
    first, second = tags(signed(composed(), DUAL, at=NOW))
    assert (first["a"], first["s"], first["d"]) == ("rsa-sha256", "news", "record.example")
    assert (second["a"], second["s"], second["d"]) == ("ed25519-sha256", "news-e", "record.example")
    for each in (first, second):
        assert (each["v"], each["c"], each["t"]) == ("1", "relaxed/relaxed", str(int(NOW.timestamp())))
        assert "l" not in each


def test_every_field_a_message_has_is_signed_and_those_that_matter_once_more() -> None:
    message = composed()
    present = [name.lower() for name in message_from_bytes(message)]
    for each in tags(signed(message, DUAL, at=NOW)):
        named = each["h"].lower().split(":")
        assert set(present) <= set(named)
        for name in OVERSIGNED:
            assert named.count(name.lower()) == present.count(name.lower()) + 1


def test_no_line_of_a_signature_is_longer_than_76() -> None:
    message = composed()
    signature = signed(message, DUAL, at=NOW).removesuffix(message)
    assert max(len(line) for line in signature.split(b"\r\n")) <= 76
    assert signature.endswith(b"\r\n")
    assert b"\r\n\r\n" not in signature


def test_the_longest_domain_and_selector_still_verify() -> None:
    domain = ".".join(["d" * 63, "e" * 63, "f" * 63, "example"])
    key = SigningKey.new(domain, f"{'s' * 40}.t", ed25519=True)
    assert verdicts(signed(composed(), Signer([key]), at=NOW), {key.record.name: key.record.value}) == [True]


FIELDS = list(message_from_bytes(composed()))


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_a_signed_message_can_be_changed(name: str) -> None:
    message = signed(composed(), DUAL, at=NOW)
    start = message.index(f"\r\n{name}: ".encode()) + len(name) + 4
    assert verdicts(message[:start] + b"x" + message[start:]) == [False, False]


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_a_signed_message_can_be_taken_away(name: str) -> None:
    message = signed(composed(), DUAL, at=NOW)
    without = re.sub(rf"\r\n{name}: .*?(?=\r\n[^ ])".encode(), b"", message, count=1, flags=re.DOTALL)
    assert len(without) < len(message)
    assert verdicts(without) == [False, False]


@pytest.mark.parametrize(
    "name", ["From", "Subject", "To", "Date", "Reply-To", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"]
)
@pytest.mark.parametrize("place", ["above", "below"])
def test_rfc6376_8_15_no_second_field_can_be_added(name: str, place: str) -> None:
    message = signed(composed(), DUAL, at=NOW)
    added = f"{name}: evil@elsewhere.example\r\n".encode()
    head, _, body = message.partition(b"\r\n\r\n")
    if place == "above":
        forged = added + message
    else:
        forged = head + b"\r\n" + added + b"\r\n" + body
    assert verdicts(forged) == [False, False]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda body: body.replace(b"ferry", b"fairy", 1),
        lambda body: body + b"and more\r\n",
        lambda body: body[:-2] + b" x\r\n",
        lambda body: b"\r\n" + body,
    ],
)
def test_no_byte_of_the_body_can_be_changed_or_added(tamper: Any) -> None:
    head, _, body = signed(composed(), DUAL, at=NOW).partition(b"\r\n\r\n")
    assert verdicts(head + b"\r\n\r\n" + tamper(body)) == [False, False]


def test_what_servers_do_on_the_way_breaks_nothing() -> None:
    message = signed(composed("A long subject " * 9), DUAL, at=NOW)
    refolded = message.replace(b"\r\n A long", b"\r\n\t  A long").replace(b"Subject: ", b"SUBJECT:  ", 1)
    assert refolded != message
    assert verdicts(b"Received: from a by b; today\r\nX-Spam: no\r\n" + refolded + b"\r\n\r\n") == [True, True]


TEXTS = st.text(max_size=200) | st.text(alphabet="a \t\r\n=.é中", max_size=400)


@given(subject=TEXTS, text=TEXTS.filter(lambda text: "__S" not in text), name=TEXTS)
def test_any_subject_name_and_text_verify(subject: str, text: str, name: str) -> None:
    clean = "".join(char for char in text if not "\ud800" <= char <= "\udfff")
    assert verdicts(signed(composed(subject, clean, name), DUAL, at=NOW)) == [True, True]


LINES = st.lists(st.text(alphabet="a \t:", max_size=80).map(str.encode), max_size=8)
VALUES = st.text(alphabet="ab \t:;é", max_size=300).map(str.encode)


@given(
    values=st.lists(st.tuples(st.sampled_from(["Subject", "to", "DATE", "List-Id", "X-Other"]), VALUES), max_size=8),
    fold=st.sampled_from([b" ", b"\r\n ", b"\r\n\t", b"\r\n \t "]),
    body=LINES,
)
def test_any_fields_folds_and_bodies_verify(values: list[tuple[str, bytes]], fold: bytes, body: list[bytes]) -> None:
    fields = b"".join(b"%b:%b\r\n" % (name.encode(), value.replace(b" ", fold, 1)) for name, value in values)
    # A line of white space alone is no continuation that SMTP servers let through.
    fields = re.sub(rb"\r\n[ \t]+(?=\r\n)", b"", fields)
    message = fields + b"From: briefing@record.example\r\n\r\n" + b"".join(line + b"\r\n" for line in body)
    assert verdicts(signed(message, DUAL, at=NOW)) == [True, True]


@given(st.binary(max_size=200) | st.text(alphabet="a \t\r\n", max_size=60).map(str.encode))
@example(b"")
@example(b"\r\n")
@example(b"\r\n\r\n")
@example(b" \r\n\t\r\n")
@example(b"a\r\n \r\n\t\r\n\r\n")
@example(b"a\r\r\n\r\n")
@example(b"a\n\r\n\n")
@example(b" a")
def test_the_fast_canonical_body_is_the_plain_one(body: bytes) -> None:
    whole = body if not body or body.endswith(b"\r\n") else body + b"\r\n"
    assert relaxed_body(body) == Relaxed.canonicalize_body(whole) == plainly_relaxed(whole)


def plainly_relaxed(body: bytes) -> bytes:
    """RFC 6376 §3.4.4, word by word."""
    lines = body.split(b"\r\n")[:-1]
    lines = [re.sub(rb"[ \t]+", b" ", line.rstrip(b" \t")) for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def test_a_body_in_canonical_form_is_not_copied() -> None:
    body = b"A line.\r\n" * 1000
    assert relaxed_body(body) is body


def test_an_empty_body_has_the_hash_of_the_standard() -> None:
    # RFC 6376 §3.4.4 names it.
    for body in (b"", b"\r\n", b" \t\r\n\r\n"):
        (only,) = tags(signed(b"From: briefing@record.example\r\n\r\n" + body, Signer([RSA]), at=NOW))
        assert only["bh"] == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_many_threads_share_a_signer() -> None:
    messages = [composed(f"Number {number}") for number in range(40)]
    signer, done = Signer([RSA, ED25519]), {}

    def work(part: int) -> None:
        for number in range(part, 40, 4):
            done[number] = signed(messages[number], signer, at=NOW + timedelta(seconds=number))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [verdicts(done[number]) for number in range(40)] == [[True, True]] * 40


def test_a_message_without_from_is_refused() -> None:
    with pytest.raises(ValueError, match="From"):
        signed(b"To: ines@readers.test\r\n\r\nHello\r\n", DUAL, at=NOW)


# --- keys


def test_the_record_comes_in_strings_that_dns_can_hold() -> None:
    assert "".join(RSA.record.strings) == RSA.record.value
    assert [len(each) for each in RSA.record.strings][:-1] == [255]
    assert RSA.record.name == "news._domainkey.record.example"
    assert RSA.record.zone_line.startswith('news._domainkey.record.example. 3600 IN TXT ( "v=DKIM1; k=rsa; p=')
    assert re.findall(r'"([^"]*)"', RSA.record.zone_line) == list(RSA.record.strings)
    assert ED25519.record.value.startswith("v=DKIM1; k=ed25519; p=")


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("form", [str, lambda pem: pem.replace("\n", "\\n")], ids=["lines", "one line"])
def test_a_key_is_read_back_from_its_pem(key: SigningKey, form: Any) -> None:
    again = SigningKey.parse(form(key.pem), domain=key.domain, selector=key.selector, at="X")
    assert again.record == key.record
    assert again.algorithm == key.algorithm


def test_an_older_rsa_key_of_1024_bits_still_signs() -> None:
    key = parsed(pem(rsa.generate_private_key(65537, 1024)))
    assert verdicts(signed(composed(), Signer([key]), at=NOW), {key.record.name: key.record.value}) == [True]


def pem(private: Any, password: bytes = b"") -> str:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode()


def parsed(text: str) -> SigningKey:
    return SigningKey.parse(text, domain="record.example", selector="news", at="BROADSHEET_MAIL_DKIM_KEY")


def weak() -> Any:
    """An RSA key of 648 bits, of two primes of Mersenne; no library makes such a key any more."""
    p, q, e = 2**521 - 1, 2**127 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    parts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *parts, rsa.RSAPublicNumbers(e, p * q)).private_key()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3cret words", "no private key in PEM form"),
        (RSA.pem.replace("MII", "MIJ", 1), "no private key in PEM form"),
        (RSA.pem[:400], "no private key in PEM form"),
        (pem(rsa.generate_private_key(65537, 2048), b"s3cret"), "passphrase"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA and Ed25519"),
        (pem(weak()), "648 bits"),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parsed(text)
    assert str(raised.value).startswith("BROADSHEET_MAIL_DKIM_KEY: ")
    assert told in str(raised.value)
    shown = "".join(traceback.format_exception(raised.value))
    assert not [line for line in text.splitlines() if not line.startswith("-----") and line in shown]


def test_a_key_never_shows_itself() -> None:
    assert "private" not in repr(RSA)


# --- settings


def options(**given: Any) -> EmailOptions:
    table = {"from": "The Record <briefing@news.record.example>", "host": "127.0.0.1", "security": "none", **given}
    return checked(EmailOptions, table, file="broadsheet.toml", at="channels.mail")


def test_without_dkim_settings_nothing_is_signed() -> None:
    assert configured(options(), channel="mail") is None


def test_selectors_and_keys_make_a_signer_rsa_first() -> None:
    signer = configured(
        options(
            dkim_ed25519_selector="e1",
            dkim_ed25519_key=ED25519.pem,
            dkim_selector="r1",
            dkim_key=RSA.pem,
            dkim_domain="Record.example",
        ),
        channel="mail",
    )
    assert signer is not None
    found = [(key.selector, key.domain, key.algorithm) for key in signer.keys]
    assert found == [("r1", "record.example", "rsa-sha256"), ("e1", "record.example", "ed25519-sha256")]


def test_the_domain_of_from_signs_when_none_is_named() -> None:
    signer = configured(options(dkim_selector="r1", dkim_key=RSA.pem), channel="mail")
    assert signer is not None
    assert signer.keys[0].domain == "news.record.example"


def test_an_international_domain_signs_under_its_a_label() -> None:
    given = options(**{"from": "post@news.zeitung-köln.example", "dkim_domain": "zeitung-köln.example"})
    assert given.signing_domain == "xn--zeitung-kln-zfb.example"


@pytest.mark.parametrize("domain", ["other.example", "example", "ecord.example", "a.news.record.example", "-"])
def test_rfc9989_4_4_1_a_domain_that_dmarc_would_not_accept_is_refused(domain: str) -> None:
    with pytest.raises(SettingsError, match=r"channels\.mail\.dkim_domain"):
        options(dkim_domain=domain)


@pytest.mark.parametrize(
    "selector", ["a b", "a_b", ".a", "a..b", "-a", "a;b", "a\r\nb", "ä", "x" * 64, "a." * 60 + "a"]
)
@pytest.mark.parametrize("key", ["dkim_selector", "dkim_ed25519_selector"])
def test_a_selector_that_is_no_name_in_dns_is_refused(key: str, selector: str) -> None:
    with pytest.raises(SettingsError, match=rf"channels\.mail\.{key}: a selector has letters"):
        options(**{key: selector})


def test_two_keys_cannot_share_a_selector() -> None:
    with pytest.raises(SettingsError, match="a selector of its own"):
        options(dkim_selector="News", dkim_ed25519_selector="news")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"dkim_selector": "r1"}, "dkim_selector is set but its key is missing; put BROADSHEET_MAIL_DKIM_KEY_FILE="),
        (
            {"dkim_ed25519_selector": "e1"},
            "dkim_ed25519_selector is set but its key is missing; put BROADSHEET_MAIL_DKIM_ED25519_KEY_FILE=",
        ),
        ({"dkim_key": RSA.pem}, "BROADSHEET_MAIL_DKIM_KEY is set but dkim_selector is missing"),
        (
            {"dkim_selector": "r1", "dkim_key": ED25519.pem},
            "BROADSHEET_MAIL_DKIM_KEY: is an Ed25519 key; its place is BROADSHEET_MAIL_DKIM_ED25519_KEY",
        ),
        (
            {"dkim_ed25519_selector": "e1", "dkim_ed25519_key": RSA.pem},
            "BROADSHEET_MAIL_DKIM_ED25519_KEY: is an RSA key; its place is BROADSHEET_MAIL_DKIM_KEY",
        ),
    ],
)
def test_half_a_setting_says_what_to_do_next(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        configured(options(**given), channel="mail")
    assert str(raised.value).startswith("channels.mail: ")
    assert told in str(raised.value)
    assert "PRIVATE KEY-----\n" not in str(raised.value)
