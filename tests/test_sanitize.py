from __future__ import annotations

import pytest

from bot.sanitize import plain, sanitized
from tests.growth import grows_evenly

BASE = "https://news.example/2026/11/ferry/"


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("<p onclick=x>a</p>", "<p>a</p>"),
        ("<script>alert(1)</script><p>a</p>", "<p>a</p>"),
        ("<style>p{color:red}</style><p style=color:red>a</p>", "<p>a</p>"),
        ("<a href='javascript:alert(1)'>a</a>", "<a>a</a>"),
        ("<a href='java&#10;script:alert(1)'>a</a>", "<a>a</a>"),
        ("<a href='data:text/html,x'>a</a>", "<a>a</a>"),
        ("<img src=x onerror=alert(1)>", f'<img src="{BASE}x">'),
        ("<img src='mailto:a@news.example'>", "<img>"),
        ("<svg><a href='//e.example'>x</a></svg>", ""),
        ("<form action=//e.example><input name=q></form>b", "b"),
        ("<iframe src=//e.example>fallback</iframe>", ""),
        ("<!-- comment --><p>a</p>", "<p>a</p>"),
        ("<p class=x id=y data-z=1>a</p>", "<p>a</p>"),
        ("<img width=100% height=20>", '<img height="20">'),
        ("<p>a\x00b\x07c\ud800</p>", "<p>abc</p>"),
    ],
)
def test_what_could_act_is_taken_away(hostile: str, harmless: str) -> None:
    assert sanitized(hostile, BASE) == harmless


def test_what_readers_need_stays() -> None:
    good = (
        '<h2>Ferry</h2><p lang="fa" dir="rtl">a <em>b</em> <a href="mailto:desk@news.example">c</a></p>'
        '<figure><img src="https://news.example/1.jpg" alt="A ferry" width="600" height="400">'
        "<figcaption>In port</figcaption></figure><blockquote><p>q</p><cite>w</cite></blockquote>"
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table><ol start="3"><li>x</li></ol>'
    )
    assert sanitized(good, BASE) == good


def test_relative_addresses_are_resolved_or_dropped() -> None:
    markup = '<a href="../lighthouse/">a</a><a href="#results">b</a><img src="//cdn.example/1.jpg">'
    assert sanitized(markup, BASE) == (
        '<a href="https://news.example/2026/11/lighthouse/">a</a>'
        f'<a href="{BASE}#results">b</a><img src="https://cdn.example/1.jpg">'
    )
    assert sanitized(markup) == "<a>a</a><a>b</a><img>"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<p>Ferry</p><p>back</p>", "Ferry back"),
        ("Parents &#038; carers", "Parents & carers"),
        ("near misses in < 18 months & more", "near misses in < 18 months & more"),
        ("I <3 ferries", "I <3 ferries"),
        ("Ferry\r\nBcc: all@news.example\x00", "Ferry Bcc: all@news.example"),
        ("a\u2028b\u0085c\xa0 d", "a b c d"),
        ("safe\u202egnp.exe &#8238;x", "safegnp.exe x"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("👩‍👩‍👧‍👦 🏳️‍🌈 می‌خواهم", "👩‍👩‍👧‍👦 🏳️‍🌈 می‌خواهم"),
        ("lone \ud83d surrogate", "lone surrogate"),
        ("<script>alert(1)</script>Ferry<br>back", "Ferry back"),
        ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),
        ("&amp;lt;", "&lt;"),
        ("", ""),
    ],
)
def test_plain_text_is_one_clean_line(text: str, line: str) -> None:
    assert plain(text) == line


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 300_000,
        "<ul><li>" * 150_000,
        "<p " + " ".join(f"a{number}=1" for number in range(150_000)) + ">",
        ("<p " + " ".join(f"a{number}=1" for number in range(2_400)) + " b='<'") * 80,
        "<" * 1_000_000,
        "<a" * 500_000,
        "<!--" * 300_000,
        '<img src="data:image/gif;base64,' + "R" * 1_500_000 + '">',
    ],
    ids=["nested", "lists", "attributes", "split-attributes", "signs", "tags", "comments", "data"],
)
def test_markup_made_to_take_minutes_takes_no_longer_than_its_length(bomb: str) -> None:
    assert grows_evenly(lambda part: (sanitized(part), plain(part)), bomb)
