"""Unsubscribing and list fields, on the bytes of real digests: RFC 8058, 2369, 2919, and what Gmail and Yahoo ask."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage

import dkim
import pytest
from lxml import html as lxml_html

from bot.audience.links import UNSUBSCRIBE, ReaderLink, read_link
from bot.channels.email.message import Letterhead
from bot.channels.email.options import EmailOptions
from bot.errors import SettingsError
from bot.model import Email
from bot.testing import KEYS
from tests.channels.real_mail import (
    ED25519,
    EDITION,
    EVERYTHING,
    LANGUAGES,
    NEWSROOM,
    READER,
    RSA,
    channel,
    digest,
    fields_of,
    message,
    parcel,
    read,
)

CLIPPED = 100_000
"""Bytes of HTML after which Gmail may cut."""


def parts(found: EmailMessage) -> tuple[str, str]:
    text, html = found.iter_parts()
    return text.get_content(), html.get_content()


def one_click(raw: bytes) -> str:
    """The https URI of List-Unsubscribe."""
    (field,) = fields_of(raw, "List-Unsubscribe")
    (url,) = re.findall(r"<(https:[^>]+)>", field)
    return url


# --- U1, U2


def test_rfc8058_3_1_one_https_uri_and_the_post_field_each_once() -> None:
    raw = message()
    assert one_click(raw).startswith("https://news.record.example/u/")
    assert fields_of(raw, "List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa-sha256", "ed25519-sha256"])
def test_rfc8058_4_both_fields_are_covered_by_a_signature_that_verifies(key) -> None:
    raw = message()
    found = {
        each.group(1): each.group(0)
        for each in re.finditer(r"a=(\S+?);.*?h=([^;]+);", "\n".join(fields_of(raw, "DKIM-Signature")))
    }
    names = [name.strip().lower() for name in found[key.algorithm].partition("h=")[2].rstrip(";").split(":")]
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)
    at = [RSA, ED25519].index(key)
    assert dkim.DKIM(raw).verify(idx=at, dnsfunc=lambda name, timeout=5: key.record.value.encode())


@pytest.mark.parametrize("name", ["List-Unsubscribe", "List-Unsubscribe-Post"])
@pytest.mark.parametrize("at", [0, 1])
def test_rfc8058_4_a_changed_or_missing_field_breaks_both_signatures(name: str, at: int) -> None:
    raw = message()
    without = re.sub(rf"\r\n{name}: .*?(?=\r\n[^ ])".encode(), b"", raw, count=1, flags=re.DOTALL)
    assert without != raw
    key = [RSA, ED25519][at]
    assert not dkim.DKIM(without).verify(idx=at, dnsfunc=lambda name, timeout=5: key.record.value.encode())


# --- U5


def test_rfc8058_3_1_the_uri_names_reader_and_list_and_holds_no_address() -> None:
    url = one_click(message())
    assert read_link(KEYS, UNSUBSCRIBE, url.rpartition("/")[2]) == ReaderLink(7, "readers", EDITION)
    for word in READER.split("@"):
        assert word not in url
    assert "?" not in url


def test_rfc8058_3_1_no_two_readers_or_lists_share_a_uri() -> None:
    sender = channel()
    urls = {
        one_click(sender.compose(parcel(subscriber=number, audience=audience)))
        for number in range(1, 20)
        for audience in ("readers", "weekend")
    }
    assert len(urls) == 38


# --- U8


def test_rfc2369_2_uris_stand_in_angle_brackets_the_preferred_first_without_comments() -> None:
    raw = message()
    for name in ("List-Unsubscribe", "List-Help", "List-Owner", "List-Archive"):
        (field,) = fields_of(raw, name)
        assert re.fullmatch(r"<[^<>\s()]+>(, ?<[^<>\s()]+>)*", field), field
    assert re.match(
        r"<https:[^>]+>, ?<mailto:out@record\.example\?subject=unsubscribe%20\w{26}>$",
        fields_of(raw, "List-Unsubscribe")[0],
    )


def test_rfc2369_3_the_other_list_fields_say_what_is_true() -> None:
    raw = message()
    assert fields_of(raw, "List-Post") == ["NO"]
    assert fields_of(raw, "List-Help") == ["<https://record.example/newsletters>"]
    assert fields_of(raw, "List-Owner") == ["<mailto:editor@record.example>"]
    assert fields_of(raw, "List-Archive") == ["<https://news.record.example/archive>"]


def test_rfc2369_3_without_settings_of_their_own_help_and_owner_are_who_answers() -> None:
    raw = message(list_help=None, list_owner=None)
    assert fields_of(raw, "List-Help") == ["<mailto:desk@record.example?subject=help>"]
    assert fields_of(raw, "List-Owner") == ["<mailto:desk@record.example>"]
    without = message(list_help=None, list_owner=None, reply_to=None)
    assert fields_of(without, "List-Help") == fields_of(without, "List-Owner") == []


def test_rfc2369_2_an_address_with_odd_letters_is_a_sound_uri() -> None:
    raw = message(list_owner="o'brien&co%x?y@record.example")
    assert fields_of(raw, "List-Owner") == ["<mailto:o%27brien%26co%25x%3Fy@record.example>"]


def test_rfc2369_3_a_field_of_a_list_stands_there_once() -> None:
    found = read(message())
    names = [name.lower() for name in found if name.lower().startswith("list-")]
    assert len(names) == len(set(names)) == 7


@pytest.mark.parametrize(
    "value", ["http://record.example", "javascript:alert(1)", "nobody", "https://", "a b@c.example"]
)
def test_rfc2369_3_1_help_is_a_page_over_tls_or_an_address(value: str) -> None:
    with pytest.raises(SettingsError, match="list_help"):
        channel(list_help=value)


# --- U9


@pytest.mark.parametrize("audience", ["readers", "The Week/end", "読者", "x" * 300])
def test_rfc2919_2_a_list_id_is_labels_with_dots_below_a_domain_of_ours(audience: str) -> None:
    raw = channel().compose(parcel(audience=audience))
    (field,) = fields_of(raw, "List-Id")
    assert re.fullmatch(r"<[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+>", field)
    assert field.endswith(".record.example>")
    assert "://" not in field
    assert "/" not in field


def test_rfc2919_3_a_list_id_has_255_octets_at_most() -> None:
    host = ".".join(["x" * 62] * 3 + ["news"])
    options = EmailOptions(**EVERYTHING)
    with pytest.raises(SettingsError, match="List-Id"):
        Letterhead.of(options, replace(NEWSROOM, url=f"https://{host}"))
    assert Letterhead.of(options.model_copy(update={"list_id": "a.news"}), replace(NEWSROOM, url=f"https://{host}"))
    with pytest.raises(SettingsError, match="list_id"):
        channel(list_id=f"{'x' * 250}.record.example")


def test_rfc2919_4_a_list_id_is_the_same_in_each_edition_and_to_each_reader() -> None:
    sender = channel()
    ids = {
        fields_of(sender.compose(replace(parcel(subscriber=number), edition=edition, schedule=schedule)), "List-Id")[0]
        for number in (1, 2)
        for edition in (EDITION, "abcdefabcdef")
        for schedule in ("morning", "evening")
    }
    assert ids == {"<readers.record.example>"}


# --- U11


@pytest.mark.parametrize("language", LANGUAGES)
def test_gmail_and_yahoo_a_visible_link_stands_in_the_first_100_kb_of_both_parts(language: str) -> None:
    raw = message(language)
    url = one_click(raw)
    text, html = parts(read(raw))
    assert url in text[:CLIPPED].split()
    (link,) = [each for each in lxml_html.document_fromstring(html).iter("a") if each.get("href") == url]
    assert link.text_content().strip()
    assert not [each for each in link.iterancestors() if "display:none" in each.get("style", "").replace(" ", "")]
    assert html.encode().index(url.encode()) < CLIPPED


def test_gmail_and_yahoo_the_link_stands_in_the_first_100_kb_of_a_mail_as_big_as_they_get() -> None:
    filler = f"<!--{'x' * (CLIPPED - len(digest().html.encode()) - 8)}-->"
    big = replace(digest(), html=digest().html.replace("</body>", f"{filler}</body>"))
    assert isinstance(big, Email)
    raw = channel().compose(parcel(big))
    assert parts(read(raw))[1].encode().index(one_click(raw).encode()) < CLIPPED
