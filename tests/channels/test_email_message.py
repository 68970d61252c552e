from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audience.links import PREFERENCES, UNSUBSCRIBE, ReaderLink, read_link
from bot.channels.email import EmailChannel, EmailOptions
from bot.clock import SetClock
from bot.errors import DeliveryError
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


def test_every_attempt_has_the_same_message_id_and_its_own_date() -> None:
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
def test_no_foreign_text_adds_a_header_or_a_part(subject: str, name: str, address: str, body: str) -> None:
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
