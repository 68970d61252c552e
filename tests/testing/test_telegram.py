"""The fake of Telegram refuses what Telegram refuses, and shows what it shows."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks import running
from bot.testing.networks.telegram import TOKEN, Telegram
from bot.testing.networks.telegram_html import Unparsable, parse_html

CHAT = "@portalderrecord"
Ask = Callable[..., httpx.Response]


@pytest.fixture
def telegram() -> Telegram:
    return Telegram(SetClock(NOW))


@pytest.fixture
def ask(telegram: Telegram) -> Ask:
    client = TestClient(telegram.app())
    token = telegram.credentials["token"]

    def call(method: str, files: Any = None, **asked: Any) -> httpx.Response:
        path = f"/bot{token}/{method}"
        return client.post(path, data=asked, files=files) if files else client.post(path, json=asked)

    return call


def later(telegram: Telegram, seconds: float = 1) -> None:
    assert isinstance(telegram.clock, SetClock)
    telegram.clock.advance(seconds=seconds)


def png(width: int = 20, height: int = 10) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<b>Ferry</b> is back", "Ferry is back"),
        ("Fish &amp; chips &lt;3 &quot;yes&quot; &#8364; &#x20AC;", 'Fish & chips <3 "yes" € €'),
        ('<a href="https://record.example/?a=1&amp;b=2">Read</a>', "Read"),
        ("<B>loud</B> <tg-spoiler>x</tg-spoiler> <span class='tg-spoiler'>y</span>", "loud x y"),
        ("<blockquote expandable>long</blockquote><pre><code class='language-python'>1</code></pre>", "long1"),
    ],
)
def test_html_is_shown_without_its_markup(markup: str, text: str) -> None:
    assert parse_html(markup)[0] == text


@pytest.mark.parametrize(
    "markup",
    [
        *("<p>x</p>", "<br>", "<br/>", "<img src='x'>", "<span>x</span>"),
        *("<b>x", "x</b>", "<b><i>x</b></i>", "<b", "<b>x</b"),
        *("a < b", "a > b", "Fish & chips", "&nbsp;", "&hellip;"),
        *('<a href="x>y</a>', "<a href=https://x.example>y</a>"),
    ],
)
def test_what_is_not_its_html_cannot_be_parsed(ask: Ask, telegram: Telegram, markup: str) -> None:
    answer = ask("sendMessage", chat_id=CHAT, text=markup, parse_mode="HTML")
    assert answer.status_code == 400
    assert answer.json()["description"].startswith("Bad Request: can't parse entities")
    assert telegram.posts == []


def test_offsets_count_utf_16_units() -> None:
    text, entities = parse_html('🛥️ 渡 <b>Ferry</b> <a href="https://record.example/a">go</a>')
    assert text == "🛥️ 渡 Ferry go"
    assert [(each.type, each.offset, each.length) for each in entities] == [("bold", 6, 5), ("text_link", 12, 2)]


def test_white_space_around_the_text_is_taken_away(ask: Ask, telegram: Telegram) -> None:
    ask("sendMessage", chat_id=CHAT, text="\n<b> Ferry</b> is back\n\n", parse_mode="HTML")
    (post,) = telegram.visible
    assert post.text == "Ferry is back"
    assert [(each.offset, each.length) for each in post.fields["entities"]] == [(0, 5)]


def test_a_bot_may_name_the_entities_itself(ask: Ask, telegram: Telegram) -> None:
    link = {"type": "text_link", "offset": 3, "length": 2, "url": "https://a.example"}
    assert ask("sendMessage", chat_id=CHAT, text="🛥 go", entities=[link]).status_code == 200
    assert telegram.visible[0].fields["links"] == (("go", "https://a.example"),)
    assert ask("sendMessage", chat_id=CHAT, text="go", entities=[link]).status_code == 400


def test_a_link_without_a_scheme_is_only_its_text() -> None:
    assert parse_html('<a href="record">go</a>') == ("go", ())


def test_nothing_nests_in_code_and_links_do_not_nest() -> None:
    kinds = [each.type for each in parse_html('<code>a <b>b</b></code> <a href="https://a.example">x <a>y</a></a>')[1]]
    assert kinds == ["code", "text_link"]


def test_entities_beyond_the_hundredth_are_ignored() -> None:
    assert len(parse_html("<b>x</b> " * 101)[1]) == 100


def test_a_bad_end_tag_says_where() -> None:
    with pytest.raises(Unparsable, match="byte offset 10"):
        parse_html("<b><i>é</b></i>".replace("é", "éé"))


def test_a_message_is_seen_with_its_links_and_its_preview(ask: Ask, telegram: Telegram) -> None:
    link = "https://record.example/ferry?utm_source=tg&x=1"
    markup = f'<b>Ferry is back</b>\n<a href="{link.replace("&", "&amp;")}">Read on</a> https://b.example/c.'
    answer = ask("sendMessage", chat_id=CHAT, text=markup, parse_mode="HTML").json()
    assert answer["ok"] and answer["result"]["message_id"] == 1 and answer["result"]["chat"]["type"] == "channel"
    (post,) = telegram.visible
    assert post.text == "Ferry is back\nRead on https://b.example/c."
    assert post.fields["links"] == (("Read on", link), ("https://b.example/c", "https://b.example/c"))
    assert post.url == link


def test_a_preview_can_be_chosen_or_switched_off(ask: Ask, telegram: Telegram) -> None:
    ask("sendMessage", chat_id=CHAT, text="x https://a.example/1", link_preview_options={"is_disabled": True})
    later(telegram)
    ask("sendMessage", chat_id=CHAT, text="x https://a.example/1", link_preview_options={"url": "https://b.example/2"})
    assert [each.url for each in telegram.visible] == ["", "https://b.example/2"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("a" * 4096, 200),
        ("a" * 4097, 400),
        ("😀" * 2048, 200),
        ("😀" * 2049, 400),
        ("<b>" + "a" * 4096 + "</b>", 200),
        ("&amp;" * 4096, 200),
        ("", 400),
        ("<b> </b>", 400),
    ],
)
def test_a_text_has_1_to_4096_units_after_parsing(ask: Ask, text: str, status: int) -> None:
    assert ask("sendMessage", chat_id=CHAT, text=text, parse_mode="HTML").status_code == status


def test_a_photo_is_uploaded_or_named_by_its_url(ask: Ask, telegram: Telegram) -> None:
    asked = {"chat_id": CHAT, "caption": "<b>Pier</b>", "parse_mode": "HTML"}
    assert ask("sendPhoto", files={"photo": ("a.png", png(), "image/png")}, **asked).status_code == 200
    later(telegram)
    assert ask("sendPhoto", photo="https://record.example/a.jpg", **asked).status_code == 200
    uploaded, named = telegram.visible
    assert (uploaded.text, uploaded.pictures[0].width, named.pictures[0].url) == (
        "Pier",
        20,
        "https://record.example/a.jpg",
    )


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (png(210, 10), "PHOTO_INVALID_DIMENSIONS"),
        (b"\0" * 10_485_761, "too big for a photo"),
    ],
)
def test_what_is_no_photo_is_refused(ask: Ask, data: bytes, word: str) -> None:
    answer = ask("sendPhoto", files={"photo": ("a.png", data, "image/png")}, chat_id=CHAT)
    assert answer.status_code == 400 and word in answer.json()["description"]


def test_a_caption_has_1024_units(ask: Ask) -> None:
    assert ask("sendPhoto", photo="https://a.example/a.jpg", chat_id=CHAT, caption="a" * 1025).status_code == 400


def test_a_reply_needs_its_message(ask: Ask, telegram: Telegram) -> None:
    first = ask("sendMessage", chat_id=CHAT, text="one").json()["result"]["message_id"]
    later(telegram)
    assert ask("sendMessage", chat_id=CHAT, text="two", reply_parameters={"message_id": 99}).status_code == 400
    assert ask("sendMessage", chat_id=CHAT, text="two", reply_parameters={"message_id": first}).status_code == 200
    assert telegram.visible[1].reply_to == telegram.visible[0].id


def test_a_message_is_edited_and_deleted(ask: Ask, telegram: Telegram) -> None:
    number = ask("sendMessage", chat_id=CHAT, text="Fery").json()["result"]["message_id"]
    assert ask("editMessageText", chat_id=CHAT, message_id=number, text="Ferry").status_code == 200
    assert telegram.visible[0].text == "Ferry" and telegram.visible[0].edited
    same = ask("editMessageText", chat_id=CHAT, message_id=number, text="Ferry")
    assert same.status_code == 400 and "not modified" in same.json()["description"]
    assert ask("editMessageCaption", chat_id=CHAT, message_id=number, caption="x").status_code == 400
    assert ask("editMessageText", chat_id=CHAT, message_id=99, text="x").status_code == 400
    assert ask("deleteMessage", chat_id=CHAT, message_id=number).json()["result"] is True
    assert telegram.visible == []
    assert ask("deleteMessage", chat_id=CHAT, message_id=number).status_code == 400


def test_after_48_hours_nothing_is_deleted(ask: Ask, telegram: Telegram) -> None:
    number = ask("sendMessage", chat_id=CHAT, text="old").json()["result"]["message_id"]
    later(telegram, 48 * 3600 + 1)
    assert ask("deleteMessage", chat_id=CHAT, message_id=number).status_code == 400
    assert len(telegram.visible) == 1


def test_the_same_call_posts_twice(ask: Ask, telegram: Telegram) -> None:
    for _ in range(2):
        assert ask("sendMessage", chat_id=CHAT, text="x").status_code == 200
        later(telegram)
    assert len(telegram.visible) == 2


def test_one_message_a_second_and_twenty_a_minute_in_a_group(ask: Ask, telegram: Telegram) -> None:
    group = telegram.group.id
    assert ask("sendMessage", chat_id=group, text="x").status_code == 200
    soon = ask("sendMessage", chat_id=group, text="x")
    assert soon.status_code == 429 and soon.json()["parameters"] == {"retry_after": 1}
    for _ in range(19):
        later(telegram)
        assert ask("sendMessage", chat_id=group, text="x").status_code == 200
    later(telegram)
    full = ask("sendMessage", chat_id=group, text="x")
    assert full.status_code == 429 and full.json()["parameters"]["retry_after"] == 40
    assert ask("sendMessage", chat_id=CHAT, text="x").status_code == 200


def test_a_wrong_token_is_unauthorized_and_a_broken_one_not_found(ask: Ask, telegram: Telegram) -> None:
    assert ask("getMe").json()["result"]["is_bot"] is True
    telegram.revoke()
    assert ask("getMe").status_code == 401
    with running(telegram) as (base, _):
        assert httpx.get(f"{base}/botshort/getMe").status_code == 404
        assert httpx.get(f"{base}/bot{TOKEN}/getMe").status_code == 401


@pytest.mark.parametrize(("trouble", "status"), [("kicked", 403), ("no rights", 400)])
def test_a_bot_posts_only_where_it_may(ask: Ask, telegram: Telegram, trouble: str, status: int) -> None:
    telegram.channel.trouble = trouble
    assert ask("sendMessage", chat_id=CHAT, text="x").status_code == status
    assert ask("sendMessage", chat_id="@nobody", text="x").json()["description"] == "Bad Request: chat not found"


def test_a_group_that_moved_names_its_new_id(ask: Ask, telegram: Telegram) -> None:
    telegram.group.moved_to = -100777
    answer = ask("sendMessage", chat_id=telegram.group.id, text="x")
    assert answer.json()["parameters"] == {"migrate_to_chat_id": -100777}
