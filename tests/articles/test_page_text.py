from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.articles.page_text import page_text
from bot.articles.text import paragraphs
from bot.model import Image
from tests.growth import grows_evenly

HARBOUR = """
![The new crane over the north mole](https://i0.wp.com/strait.example/up/2026/11/crane.jpg?resize=690%2C370&ssl=1)
Harbour buys a crane that nobody can assemble
Business, The Strait November 18, 2026 12 Comments on Harbour buys a crane that nobody can assemble3 minute read
The harbour authority of Port Calder has paid 4.2 million crowns for a crane that arrived on Tuesday in 312 boxes.
Nobody had ordered the manual. On November 3, 2026, the seller closed its office in Vik.
What is in the boxes
“Most of it is bolts,” said the foreman, Idris Okafor. “We have sorted them by how worried they make us.”
We sell fine cranes and we stand by them. If yours came without a manual, write to us. 🏗️… pic.twitter.com/Ab12Cd34
— Vik Heavy Lifting (@vikheavy) November 17, 2026
- 198 boxes of bolts
- 2 boxes of something soft
![A docker holds up a bolt](https://strait.example/up/bolt.jpg)
Photo: Ada Lind
A docker holds up a bolt
The authority will decide in December <whether to keep it> & who pays.
Share this:
Leave a comment
""".strip()

COUNCIL = """
URL: https://strait.example/council-sits?utm_source=x
# Council sits until four in the morning

The longest meeting in nine years ended with one vote.
By Ada Lind and Tomás Ó Briain
18 November 2026
5 min read
Politics

Councillors argued for eleven hours about a bench, and then bought it for 900 crowns.

## Why a bench

The bench stands where two quarters meet, and [each has a name for it](https://strait.example/names).

Why does it matter?

It matters because the bus stops there.

You may also like
Harbour buys a crane
Ferry returns to port
""".strip()

MARKET = """
雨の川沿いに夜市が戻る
地域 2026年11月21日 コメントはありません
坂場市の鈴音川の河岸で二十一日夜、九年ぶりに夜市が開かれた。初日の来場者は一万二千人に上った。
準備に二年
三人の若者は二年かけて商店街を一軒ずつ訪ね、協力を求めた。
夜市は二十三日まで。入場は無料。
""".strip()


def test_a_page_with_pictures_post_and_list_is_read_whole() -> None:
    page = page_text(HARBOUR)
    assert page.title == "Harbour buys a crane that nobody can assemble"
    assert page.published == datetime(2026, 11, 18, tzinfo=UTC)
    assert page.sections == ("Business", "The Strait")
    assert page.image == Image(
        url="https://strait.example/up/2026/11/crane.jpg", alt="The new crane over the north mole"
    )
    assert page.images == (
        Image(url="https://strait.example/up/bolt.jpg", alt="A docker holds up a bolt", credit="Ada Lind"),
    )
    assert page.body == (
        "<p>The harbour authority of Port Calder has paid 4.2 million crowns for a crane that arrived on Tuesday in "
        "312 boxes.</p><p>Nobody had ordered the manual. On November 3, 2026, the seller closed its office in Vik.</p>"
        "<h2>What is in the boxes</h2><p>“Most of it is bolts,” said the foreman, Idris Okafor. “We have sorted them "
        "by how worried they make us.”</p><blockquote><p>We sell fine cranes and we stand by them. If yours came "
        "without a manual, write to us. 🏗️</p><cite>"
        '<a href="https://pic.twitter.com/Ab12Cd34">Vik Heavy Lifting (@vikheavy)</a>'
        "</cite></blockquote><ul><li>198 boxes of bolts</li><li>2 boxes of something soft</li></ul>"
        '<figure><img src="https://strait.example/up/bolt.jpg" alt="A docker holds up a bolt">'
        "<figcaption>Photo: Ada Lind</figcaption></figure>"
        "<p>The authority will decide in December &lt;whether to keep it&gt; &amp; who pays.</p>"
    )


def test_a_page_with_its_data_on_several_lines_is_read_whole() -> None:
    page = page_text(COUNCIL)
    assert page.title == "Council sits until four in the morning"
    assert page.url == "https://strait.example/council-sits"
    assert page.standfirst == "The longest meeting in nine years ended with one vote."
    assert page.authors == ("Ada Lind", "Tomás Ó Briain")
    assert page.published == datetime(2026, 11, 18, tzinfo=UTC)
    assert page.body.count("<h2>") == 3
    assert '<a href="https://strait.example/names">each has a name for it</a>' in page.body
    assert "crane" not in page.body
    assert paragraphs(page.body)[-1] == "It matters because the bus stops there."


def test_a_japanese_page_is_read_whole() -> None:
    page = page_text(MARKET)
    assert page.title == "雨の川沿いに夜市が戻る"
    assert page.published == datetime(2026, 11, 21, tzinfo=UTC)
    assert page.sections == ("地域",)
    assert "<h2>準備に二年</h2>" in page.body
    assert len(paragraphs(page.body)) == 3


@pytest.mark.parametrize("furniture", ["No Comments", "minute read", "Leave a comment", "Share this", "![", "ssl=1"])
def test_furniture_is_nowhere(furniture: str) -> None:
    for text in (HARBOUR, COUNCIL, MARKET):
        assert furniture not in page_text(text).body


def test_a_sentence_with_a_date_is_not_data_of_the_page() -> None:
    page = page_text("Bridge closed\nThe bridge closed on November 18, 2026, after a lorry met it.\nIt stays closed.")
    assert page.published is None
    assert paragraphs(page.body) == (
        "The bridge closed on November 18, 2026, after a lorry met it.",
        "It stays closed.",
    )


def test_a_post_of_several_lines_is_one_quotation() -> None:
    page = page_text(
        "Title\nA first sentence of the article stands here.\n“Forty years ago\nwe signed a treaty.” pic.x.com/a1\n"
        "— Ada (@ada.test) 19 November 2026\nThe end came soon after."
    )
    assert page.body == (
        "<p>A first sentence of the article stands here.</p><blockquote><p>“Forty years ago</p><p>we signed a treaty.”"
        '</p><cite><a href="https://pic.x.com/a1">Ada (@ada.test)</a></cite></blockquote>'
        "<p>The end came soon after.</p>"
    )


def test_hostile_text_stays_text() -> None:
    page = page_text(
        '<script>alert(1)</script>Title\n![x" onerror="alert(1)](https://e.example/a.jpg)\n'
        "![y](javascript:alert(1))\nSome <img src=x onerror=alert(1)> words [a](javascript:alert(1)).\n\u202eEnd."
    )
    assert page.title == "Title"
    assert page.image == Image(url="https://e.example/a.jpg", alt='x" onerror="alert(1)')
    assert "<img" not in page.body
    assert "<script" not in page.body
    assert "href" not in page.body
    assert "\u202e" not in page.body


@pytest.mark.parametrize("text", ["", "\n\n", "Title", "![a](https://e.example/a.jpg)", "—", "#", "- ", "5 min read"])
def test_nothing_much_is_no_error(text: str) -> None:
    assert page_text(text).body == ""


@pytest.mark.parametrize("bomb", ["jan" * 60_000, "1" * 60_000, "[a](https://" * 20_000, "comments\n" * 20_000])
def test_a_page_made_to_take_minutes_takes_no_longer_than_its_length(bomb: str) -> None:
    assert page_text(f"Ferry back\n{bomb} x\nIt came at six.").title == "Ferry back"
    assert grows_evenly(lambda part: page_text(f"Ferry back\n{part} x\nIt came at six."), bomb)
