from __future__ import annotations

import quopri
import re
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import escape as html_escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audience.links import PREFERENCES, UNSUBSCRIBE, ReaderLink, read_link
from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.fields import ascii_domain, one_line
from bot.channels.email.relays import RELAYS, relay_named
from bot.channels.email.signing_key import SigningKey
from bot.clock import SetClock
from bot.errors import DeliveryError, SettingsError
from bot.http import Http
from bot.model import Email, MergeField, Newsroom, Parcel, Recipient, Rendition
from bot.settings import is_address
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW

EDITION = "k7f3q9xdabcd"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
NEWSROOM = Newsroom(
    name="The Port Alder Record", url="https://record.example", public_url="https://news.record.example"
)


# Reading the machine's certificates takes longer than a test; mail needs no HTTP.
HTTP = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@dataclass
class Surroundings:
    newsroom: Newsroom
    http: Http
    keys: Any
    clock: Any
    store: Any = None


def channel(newsroom: Newsroom = NEWSROOM, clock: Any = None, **options: Any) -> EmailChannel:
    given_options = {"from": "The Port Alder Record <briefing@record.example>", "host": "127.0.0.1", "security": "none"}
    around = Surroundings(newsroom, HTTP, KEYS, clock or SetClock(NOW))
    return EmailChannel("mail", EmailOptions(**{**given_options, **options}), around)


def parcel(email: Email | None = None, **recipient: Any) -> Parcel:
    whom = {"subscriber": 7, "address": "ines@readers.test", "audience": "readers", "name": "Ines Okafor"}
    unsubscribe, subscribed = MergeField.UNSUBSCRIBE_URL.hole(EDITION), MergeField.SUBSCRIBED.hole(EDITION)
    written = email or Email(
        subject="Ferry returns – 3 things to know",
        preheader="",
        html=f'<p>Fähre: <b>today</b></p><a href="{unsubscribe}">out</a>{MergeField.ADDRESS.hole(EDITION)}',
        text=f"Fähre: today\n.\nout: {unsubscribe}\nsince {subscribed}\n{MergeField.PREFERENCES_URL.hole(EDITION)}\n",
    )
    return Parcel(
        token=TOKEN,
        edition=EDITION,
        schedule="morning",
        name="Morning briefing",
        slot=NOW,
        rendition=Rendition(channel="mail", email=written),
        recipient=Recipient(**{**whom, **recipient}),
    )


def parsed(message: bytes) -> EmailMessage:
    found = message_from_bytes(message, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_the_headers_that_bulk_mail_needs_are_there_each_once() -> None:
    message = parsed(channel().compose(parcel()))
    assert len(message.keys()) == len(set(message.keys()))
    assert message["From"] == "The Port Alder Record <briefing@record.example>"
    assert message["To"] == "Ines Okafor <ines@readers.test>"
    assert message["Subject"] == "Ferry returns – 3 things to know"
    assert message["Message-ID"] == f"<{TOKEN}@record.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "<readers.record.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["Precedence"] == "bulk"
    assert message["Feedback-ID"] == f"{EDITION}:list-readers:schedule-morning:recordexample"
    assert message["MIME-Version"] == "1.0"


def test_a_notice_to_one_person_is_no_lists_mail_and_answered_by_no_program_rfc_3834() -> None:
    sent = parcel()
    notice = replace(sent, rendition=replace(sent.rendition, email=replace(sent.rendition.email, bulk=False)))
    message = parsed(channel().compose(notice))
    assert not [name for name in message if name.startswith("List-") or name in ("Precedence", "Feedback-ID")]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{TOKEN}@record.example>"
    assert (message["To"], message["Subject"]) == (parsed(channel().compose(sent))["To"], sent.rendition.email.subject)


def test_text_comes_first_then_html_both_utf_8_and_whole() -> None:
    message = parsed(channel().compose(parcel()))
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content_charset() == html.get_content_charset() == "utf-8"
    assert text.get_content().startswith("Fähre: today\r\n.\r\nout: https://news.record.example/u/")
    assert html.get_content().startswith('<p>Fähre: <b>today</b></p><a href="https://news.record.example/u/')
    assert "__S" not in text.get_content() + html.get_content()


def test_the_links_lead_to_this_reader_and_nobody_else() -> None:
    message = parsed(channel().compose(parcel()))
    url = message["List-Unsubscribe"].strip("<>")
    expected = ReaderLink(7, "readers", EDITION)
    assert read_link(KEYS, UNSUBSCRIBE, url.rpartition("/")[2]) == expected
    text = next(iter(message.iter_parts())).get_content()
    assert url in text
    preferences = next(line for line in text.splitlines() if "/p/" in line)
    assert read_link(KEYS, PREFERENCES, preferences.rpartition("/")[2]) == expected


def test_rfc5322_3_6_4_every_attempt_has_the_same_message_id_and_its_own_date() -> None:
    clock = SetClock(NOW)
    sender = channel(clock=clock)
    first = parsed(sender.compose(parcel()))
    clock.advance(hours=2)
    second = parsed(sender.compose(parcel()))
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == "Tue, 24 Nov 2026 07:00:00 +0000"
    assert parsedate_to_datetime(second["Date"]) == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_a_test_send_of_the_same_edition_keeps_its_own_subject() -> None:
    sender = channel()
    usual = parcel()
    assert usual.rendition.email
    marked = replace(usual, rendition=replace(usual.rendition, email=replace(usual.rendition.email, subject="[Test]")))
    assert parsed(sender.compose(marked))["Subject"] == "[Test]"
    assert parsed(sender.compose(usual))["Subject"] == "Ferry returns – 3 things to know"


def test_the_date_of_consent_is_in_the_mails_language_and_the_newsrooms_zone() -> None:
    email = Email(subject="x", preheader="", html="", text=MergeField.SUBSCRIBED.hole(EDITION), language="de")
    late = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    berlin = replace(NEWSROOM, timezone="Europe/Berlin")
    message = parsed(channel(berlin).compose(parcel(email, subscribed=late)))
    assert next(iter(message.iter_parts())).get_content() == "4.\u00a0März\u00a02026"


def test_an_address_for_unsubscribe_mails_stands_beside_the_link() -> None:
    message = parsed(channel(unsubscribe_mailto="out@record.example").compose(parcel()))
    link, mail = message["List-Unsubscribe"].split(", ")
    assert link.startswith("<https://news.record.example/u/")
    assert mail == f"<mailto:out@record.example?subject=unsubscribe%20{TOKEN}>"


def test_a_newsroom_and_a_reader_with_international_domains_get_a_labels() -> None:
    newsroom = replace(NEWSROOM, url="https://zeitung-köln.example")
    sender = channel(newsroom, **{"from": "Zeitung <post@zeitung-köln.example>"})
    message = parsed(sender.compose(parcel(address="ines@straße.example", name="")))
    assert message["From"] == "Zeitung <post@xn--zeitung-kln-zfb.example>"
    assert message["To"] == "ines@xn--strae-oqa.example"
    assert message["Message-ID"] == f"<{TOKEN}@xn--zeitung-kln-zfb.example>"
    assert message["List-Id"] == "<readers.xn--zeitung-kln-zfb.example>"


def test_an_audience_beyond_ascii_still_has_a_valid_list_id() -> None:
    assert parsed(channel().compose(parcel(audience="読者")))["List-Id"] == "<readers.record.example>"


def test_an_address_whose_domain_is_none_fails_for_good() -> None:
    with pytest.raises(DeliveryError) as raised:
        channel().compose(parcel(address="ines@-é-.example"))
    assert raised.value.permanent
    assert raised.value.enhanced == "5.1.3"


def test_precedence_can_be_left_out() -> None:
    assert parsed(channel(precedence=False).compose(parcel()))["Precedence"] is None


TITLES = st.text(max_size=150) | st.text(alphabet="ab =?é\r\n:🏳️‍🌈<>,中", max_size=300)
ADDRESSES = st.emails().filter(is_address)


@given(subject=TITLES, name=TITLES, address=ADDRESSES, body=st.text(alphabet=st.characters(exclude_categories=["C"])))
def test_rfc5322_2_2_no_foreign_text_adds_a_header_or_a_part(subject: str, name: str, address: str, body: str) -> None:
    quiet = parsed(channel().compose(parcel()))
    email = Email(subject=subject, preheader="", html=f"<p>{body}</p>", text=body)
    raw = channel().compose(parcel(email, name=name, address=address))
    message = parsed(raw)
    assert message.keys() == quiet.keys()
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["To"].addresses[0].addr_spec == address
    assert not message.defects
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert b"\0" not in raw


# --- the same content as the email package's

LOOKALIKES = st.sampled_from(
    [
        "=?utf-8?q?Bcc:_x?=",
        '"Ines" <x@evil.test>, ',
        "a\r\nBcc: x@evil.test",
        "\u202eessecnirp",
        "👩\u200d👧 Zoë",
        "(note)",
        "O'Brien, Ines",
    ]
)
NAMES = TITLES | LOOKALIKES
LOCALS = st.text(alphabet="abzß.+-_é字", min_size=1, max_size=20).filter(lambda local: is_address(f"{local}@a.example"))
DOMAINS = st.sampled_from(["readers.test", "straße.example", "例え.example", "xn--strae-oqa.example", "a.b.c.example"])
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200) | st.text(
    alphabet=". =\n\té", max_size=200
)


def built(text: str, html: str) -> EmailMessage:
    """What the standard library makes of the same."""
    message = EmailMessage(policy=policy.SMTP)
    message.set_content(text, cte="base64")
    message.add_alternative(html, subtype="html", cte="base64")
    return parsed(message.as_bytes())


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


@given(subject=NAMES, name=NAMES, local=LOCALS | st.just("o'brien&co"), domain=DOMAINS, text=TEXTS)
def test_a_merged_message_reads_as_one_that_the_email_package_builds(
    subject: str, name: str, local: str, domain: str, text: str
) -> None:
    address = f"{local}@{domain}"
    hole = MergeField.ADDRESS.hole(EDITION)
    email = Email(subject=subject, preheader="", html=f"<p>{text}</p>\n<b>{hole}</b>", text=f"{text}\n{hole}")
    ours = parsed(channel().compose(parcel(email, name=name, address=address)))
    theirs = built(f"{text}\n{address}", f"<p>{text}</p>\n<b>{html_escape(address)}</b>")
    assert not ours.defects
    # The package itself takes a subject that looks like an encoded word for one; a reader must see what was written.
    assert ours["Subject"] == one_line(subject)
    (to,) = ours["To"].addresses
    # Bytes beyond ASCII in a header (RFC 6532) come out of the parser undecoded.
    spec = to.addr_spec.encode("utf-8", "surrogateescape").decode()
    # Its parser keeps the space between two encoded words of a phrase, which other programs take away (RFC 2047 §6.2).
    assert to.display_name.replace(" ", "") == one_line(name).replace(" ", "")
    assert spec == ascii_domain(address)
    for mine, other in zip(ours.iter_parts(), theirs.iter_parts(), strict=True):
        assert mine.get_content_type() == other.get_content_type()
        assert lines(mine.get_content()) == lines(other.get_content())


# --- one reader's is no other's


def secrets(message: bytes) -> set[str]:
    """Every token in a message: the delivery's and those of links."""
    text = quopri.decodestring(message).decode("utf-8", "replace")
    return {*re.findall(r"delivery\d{18}", text), *re.findall(r"/[up]/(v1\.[\w.-]+)", text)}


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(["k7f3q9xdabcd", "m2a8w4zefghi"]), st.sampled_from("ab")),
        min_size=2,
        max_size=40,
        unique=True,
    )
)
def test_no_token_of_one_message_is_in_another(order: list[tuple[int, str, str]]) -> None:
    sender = channel(bounces="bounces@record.example", unsubscribe_mailto="out@record.example")
    press = sender._lines[0].press
    owners: dict[str, int] = {}
    for at, (reader, edition, audience) in enumerate(order):
        links = "\n".join(each.hole(edition) for each in MergeField)
        email = Email(subject=f"Of {edition}", preheader="", html=f"<p>{links}</p>", text=links)
        made = press.envelope(
            replace(
                parcel(email, subscriber=reader, address=f"r{reader}@readers.test", audience=audience, name=""),
                token=f"delivery{at:018d}",
                edition=edition,
            ),
            NOW,
        )
        message = parsed(made.content)
        found = secrets(made.content)
        assert f"delivery{at:018d}" in found
        assert f"delivery{at:018d}" in made.sender
        assert message["Subject"] == f"Of {edition}"
        for token in found:
            assert owners.setdefault(token, at) == at
        for purpose, kind in (("u", UNSUBSCRIBE), ("p", PREFERENCES)):
            (token,) = {each for each in found if each.split(".")[2:3] == [purpose]}
            assert read_link(KEYS, kind, token) == ReaderLink(reader, audience, edition)


# --- relays


@pytest.mark.parametrize("relay", [each.name for each in RELAYS])
def test_each_relay_gets_its_headers_the_sender_it_keeps_and_no_signature_it_would_break(relay: str) -> None:
    profile = relay_named(relay)
    assert profile
    pem = SigningKey.new("record.example", "news").pem
    options = {"relay": relay, "bounces": "bounces@record.example", "dkim_selector": "news", "dkim_key": pem}
    sender = channel(**options)
    press = sender._lines[0].press
    made = press.signed(press.envelope(parcel(), NOW), NOW)
    message = parsed(made.content)
    for name, value in profile.headers:
        assert message[name] == value
    if profile.token_header:
        name, value = profile.token_header
        assert " ".join(message[name].split()) == value.replace("{token}", TOKEN)
    if profile.keeps_sender:
        assert made.sender == f"bounces+{TOKEN}@record.example"
    else:
        assert made.sender == "bounces@record.example"
    assert ("DKIM-Signature" in message) == (profile.keeps_message_id and profile.keeps_date)


def test_each_server_of_a_channel_gets_the_headers_of_its_own_relay() -> None:
    own = {"security": "none", "host": "127.0.0.1"}
    options = {"from": "x@record.example", "servers": {"a": {**own, "relay": "postmark"}, "b": own}}
    around = Surroundings(NEWSROOM, HTTP, KEYS, SetClock(NOW))
    a, b = (line.press for line in EmailChannel("mail", EmailOptions(**options), around)._lines)
    assert parsed(a.envelope(parcel(), NOW).content)["X-PM-Metadata-token"] == TOKEN
    assert "X-PM" not in b.envelope(parcel(), NOW).content.decode()


# --- the newsroom's own address


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://nachrichten.zeitung-köln.example", "https://nachrichten.xn--zeitung-kln-zfb.example/u/"),
        ("https://record.example:8443/briefe/für", "https://record.example:8443/briefe/f%C3%BCr/u/"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443/u/"),
    ],
)
def test_links_under_an_address_beyond_ascii_can_stand_in_a_header(url: str, start: str) -> None:
    message = parsed(channel(replace(NEWSROOM, public_url=url)).compose(parcel()))
    assert message["List-Unsubscribe"].startswith(f"<{start}")
    assert message["List-Unsubscribe"][1:-1] in next(iter(message.iter_parts())).get_content()


@pytest.mark.parametrize("url", ["https://the record.example", "https://-é-.example", "https://a<b.example"])
def test_an_address_that_no_link_can_have_is_the_settings_fault_and_no_readers(url: str) -> None:
    with pytest.raises(SettingsError, match=r"newsroom\.public_url"):
        channel(replace(NEWSROOM, public_url=url))
