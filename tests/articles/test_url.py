from __future__ import annotations

import pytest

from bot.articles.url import absolute_url, canonical_url, identity_key, image_key, image_url
from tests.growth import grows_evenly


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://news.example", "https://news.example/"),
        ("HTTPS://News.Example:443/Ferry", "https://news.example/Ferry"),
        ("http://news.example:80/a", "http://news.example/a"),
        ("http://news.example:8080/a", "http://news.example:8080/a"),
        ("https://news.example/a/../b/./c/..", "https://news.example/b/"),
        ("https://news.example/../../b", "https://news.example/b"),
        ("https://news.example/%7euser/%c3%a9", "https://news.example/~user/%C3%A9"),
        ("https://news.example/fähre und", "https://news.example/f%C3%A4hre%20und"),
        ("https://news.example/100%/a%2Fb", "https://news.example/100%25/a%2Fb"),
        ("https://news.example/a#respond", "https://news.example/a"),
        ("https://news.example/?p=7", "https://news.example/?p=7"),
        ("https://news.example/a?utm_source=x&id=5&UTM_MEDIUM=y&fbclid=1", "https://news.example/a?id=5"),
        ("https://news.example/a?id=5&amp;utm_campaign=x&#038;page_id=2", "https://news.example/a?id=5&page_id=2"),
        ("https://news.example/a?b=2&a=1", "https://news.example/a?b=2&a=1"),
        ("https://news.example/a?x=1&copy=2&lt=3", "https://news.example/a?x=1&copy=2&lt=3"),
        ("https://user:pass@news.example/a", "https://news.example/a"),
        ("https://news.example./a", "https://news.example/a"),
        ("https://müller.example/", "https://xn--mller-kva.example/"),
        ("https://straße.example/", "https://straße.example/"),
        ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]/a"),
        (" \n https://news.example/a\tb \x00", "https://news.example/ab"),
    ],
)
def test_an_address_has_one_form(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "ftp://news.example/",
        "mailto:a@news.example",
        "//news.example/",
        "ferry",
        "",
        "https://",
        "https:///a",
        "https://news.example:port/",
        "https://[::1/",
        "https://good.example\\@evil.example/",
        "https://a b.example/",
        "https://<script>/",
    ],
)
def test_what_is_not_a_web_address_is_nothing(url: str) -> None:
    assert canonical_url(url) == ""
    assert identity_key(url) == ""
    assert image_url(url) == ""
    assert absolute_url(url) == ""


def test_an_address_is_resolved_against_its_page() -> None:
    assert canonical_url("../b?ref=x", "https://news.example/1/a/") == "https://news.example/1/b"
    assert absolute_url("?a=1#x", "https://news.example/1/") == "https://news.example/1/?a=1#x"
    assert canonical_url("javascript:alert(1)", "https://news.example/") == ""


def test_scheme_slash_and_order_do_not_make_another_article() -> None:
    keys = {
        identity_key(url)
        for url in (
            "http://news.example/a/?b=1&a=2",
            "https://news.example/a?a=2&b=1",
            "https://NEWS.example:443/a/?a=2&utm_source=mail&b=1#top",
        )
    }
    assert len(keys) == 1
    assert identity_key("https://news.example/?p=1") != identity_key("https://news.example/?p=2")


def test_jetpacks_proxy_is_taken_off_pictures() -> None:
    assert image_url("https://i0.wp.com/news.example/up/a.jpg?resize=690%2C370&ssl=1") == (
        "https://news.example/up/a.jpg"
    )
    assert image_url("https://i2.wp.com/news.example/up/a.jpg") == "http://news.example/up/a.jpg"
    assert image_url("/up/a b.jpg?w=1", "https://news.example/x/") == "https://news.example/up/a%20b.jpg?w=1"
    assert image_url("https://i0.wp.com/") == ""
    assert image_url("https://wp.com.example/a.jpg") == "https://wp.com.example/a.jpg"


def test_a_pictures_query_holds_nothing_that_no_address_may_hold() -> None:
    assert image_url('https://news.example/a.jpg?v=\x00\x1f x&t=é"<\u2028#top') == (
        "https://news.example/a.jpg?v=%00%1F%20x&t=%C3%A9%22%3C%E2%80%A8"
    )
    signed = "https://news.example/a.jpg?w=1,2&s=%7e%2f+x%&b=[1]"
    assert image_url(signed) == signed
    assert image_url(image_url("https://news.example/a.jpg?é=1")) == image_url("https://news.example/a.jpg?é=1")


def test_sizes_of_one_picture_have_one_key() -> None:
    keys = {
        image_key(url)
        for url in (
            "https://news.example/up/a.jpg",
            "https://news.example/up/a-1024x768.jpg",
            "https://news.example/up/a-scaled.jpg?w=2",
            "https://i0.wp.com/news.example/up/a-150x150.jpg?ssl=1",
        )
    }
    assert len(keys) == 1
    assert image_key("https://news.example/up/b.jpg") not in keys


@pytest.mark.parametrize("filling", [" ", "\x00 ", "%", "&#0", "../"])
def test_an_endless_address_is_refused_at_once(filling: str) -> None:
    assert canonical_url("https://news.example/" + filling * 100_000 + "x") == ""
    assert grows_evenly(lambda endless: canonical_url(f"https://news.example/{endless}x"), filling * 100_000)
