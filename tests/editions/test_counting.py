"""Each network's count, on cases of our own after the rules that it published."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from twitter_text import parse_tweet

from bot.editions.counting import addresses, fits, graphemes, length, size
from bot.model import Counting, Limits, Markup
from tests.growth import grows_evenly

X = Limits(characters=280, counting=Counting.WEIGHTED, url=23)
MASTODON = Limits(characters=500, counting=Counting.MASTODON, url=23, warning=True)
BLUESKY = Limits(characters=300, size=3000)
THREADS = Limits(characters=500, counting=Counting.THREADS, links=5)
TELEGRAM = Limits(characters=4096, counting=Counting.UTF16, markup=Markup.HTML)
EVERY = (X, MASTODON, BLUESKY, THREADS, TELEGRAM, Limits(characters=2000, counting=Counting.CODE_POINTS))

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("Ferry", 5),
        ("Fähre", 5),
        ("Fa\u0308hre", 5),
        ("Паром", 5),
        ("عبّارة", 6),
        ("渡し船", 6),
        ("여객선", 6),
        ("“Boats” – run…", 13 + 2),
        ("😷", 2),
        (FAMILY, 2),
        ("🙋🏽", 2),
        ("🇳🇱", 2),
        ("1\ufe0f\u20e3", 2),
        ("a\r\nb", 3),
        ("https://record.com", 23),
        ("http://record.com/" + "a" * 200, 23),
        ("record.com", 23),
        ("See record.com/ferry?line=3, now", 4 + 23 + 5),
        ("https://record.example/ferry", 28),
        ("editor@record.com", 17),
        ("渡し船https://record.com/ferry。", 6 + 23 + 2),
        ("https://record.com https://record.com", 47),
    ],
)
def test_x_weighs_letters_emoji_and_addresses(text: str, weight: int) -> None:
    assert length(text, X) == weight


def test_x_takes_280_and_not_281() -> None:
    assert fits("a" * 280, X)
    assert not fits("a" * 281, X)
    assert fits("渡" * 140, X)
    assert not fits("渡" * 140 + ".", X)
    assert fits("a" * 256 + " https://record.com/" + "a" * 100, X)
    assert not fits("a" * 257 + " https://record.com/" + "a" * 100, X)


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("a" * 476 + " http://" + "b" * 30 + ".com/ferry", 500),
        ("http://a.com", 23),
        ("a" * 476 + "http://" + "b" * 30 + ".com/ferry", 476 + 47),
        ("record.com", 10),
        ("@renske@" + "b" * 30 + ".example", 7),
        ("@renske", 7),
        ("mail renske@record.com", 22),
        ("https://social.com/@renske@record.com", 23),
        ("@renske@" + "b" * 254 + ".com", 8 + 258),
        ("😷", 1),
        (FAMILY, 1),
        ("क्षि", 1),
        ("渡し船", 3),
    ],
)
def test_mastodon_counts_what_is_seen_an_address_as_23_and_of_a_mention_its_first_part(
    text: str, characters: int
) -> None:
    assert length(text, MASTODON) == characters


def test_mastodon_counts_the_warning_with_the_text_and_its_addresses_in_full() -> None:
    assert not fits("", MASTODON, warning="a" * 501)
    assert fits("b" * 250, MASTODON, warning="a" * 250)
    assert not fits("b" * 251, MASTODON, warning="a" * 250)
    assert length("", MASTODON, warning="https://record.com/" + "a" * 80) == 99


def test_an_instance_says_what_an_address_counts() -> None:
    assert length("https://record.com/ferry", Limits(counting=Counting.MASTODON, url=30)) == 30


def test_an_address_of_no_known_ending_counts_as_whichever_is_more() -> None:
    """Mastodon sees none; servers like it may."""
    assert length("https://a.test", MASTODON) == 23
    assert length("https://record.example/2026/11/ferry", MASTODON) == 36


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("a" * 300, True),
        ("a" * 301, False),
        ("👍🏽" * 300, True),
        (FAMILY * 120, True),
        (FAMILY * 121, False),
        ("e\u0301" * 300, True),
        ("渡" * 300, True),
        ("🇳🇱" * 301, False),
    ],
)
def test_bluesky_takes_300_clusters_and_3000_bytes(text: str, taken: bool) -> None:
    assert fits(text, BLUESKY) is taken


def test_threads_counts_emoji_as_their_bytes_and_five_addresses() -> None:
    assert length("Ferry 😷", THREADS) == 10
    assert length(FAMILY, THREADS) == len(FAMILY.encode())
    assert length("渡し船 Fähre", THREADS) == 9
    five = " ".join(f"https://record.com/{number}" for number in range(5))
    assert fits(f"{five} https://record.com/4.", THREADS)
    assert not fits(f"{five} https://record.com/5", THREADS)


def test_telegram_counts_units_of_utf16_of_what_is_shown() -> None:
    assert length("😷 & <b>", TELEGRAM) == 8
    assert fits("😷" * 2048, TELEGRAM)
    assert not fits("😷" * 2048 + ".", TELEGRAM)


def test_what_is_counted_after_escaping_is_escaped_first() -> None:
    marked = Limits(characters=10, size=12, markup=Markup.HTML, marked_up=True)
    assert (length("a & b", marked), size("ä & b", marked)) == (9, 10)
    assert fits("a & b", marked)
    assert not fits("a & b &", marked)


def test_addresses_end_before_the_sentence_does() -> None:
    text = "See (https://record.com/a_(b)), http://record.com/c. Or www.record.com!"
    assert addresses(text) == ("https://record.com/a_(b)", "http://record.com/c", "www.record.com")


TEXT = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [*"ab1 .,@/#-", "😷", FAMILY, "🇳", "🇱", "🏽", "\u0301", "क्षि", "渡", "。", "ا", "\ud800", "1\ufe0f\u20e3", "©"]
        + ["https://record.com/a", "record.com", "@renske@record.com", "\u200d", "…", "\r\n", "\ufe0f"]
    ),
    max_size=40,
).map("".join)
WHOLE = TEXT.map(lambda text: unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()))


@given(text=WHOLE)
def test_x_counts_as_twitter_text_does(text: str) -> None:
    assert length(text, X) == parse_tweet(text).weightedLength


@given(text=TEXT)
def test_no_text_is_too_odd_to_be_counted(text: str) -> None:
    for limits in EVERY:
        assert length(text, limits) >= 0
        assert fits(text, limits) in (True, False)


@given(text=TEXT)
def test_a_text_fits_what_is_as_long_as_it_and_nothing_shorter(text: str) -> None:
    for limits in EVERY:
        exact = length(text, limits)
        bare = replace(limits, size=None, links=None)
        assert fits(text, replace(bare, characters=exact))
        assert not fits(text, replace(bare, characters=exact - 1))


@given(first=WHOLE, second=WHOLE)
def test_two_lines_are_as_long_as_both_and_their_break(first: str, second: str) -> None:
    """Unless the second begins with what joins the break, or they make one address or mention."""
    if regex.match(r"[\p{M}\u200d\n]|\p{Emoji_Modifier}", second) or first.endswith("\r"):
        return
    for limits in EVERY:
        assert length(f"{first}\n{second}", limits) == length(first, limits) + 1 + length(second, limits)


@given(text=WHOLE)
def test_no_count_is_below_the_number_of_clusters_but_where_addresses_are_shortened(text: str) -> None:
    for limits in (BLUESKY, THREADS, TELEGRAM):
        assert graphemes(text) <= length(text, limits)
    if "." not in text:
        assert graphemes(text) <= length(text, X)


@pytest.mark.parametrize("text", ["a." * 5000, "https://" + "a." * 5000, "😷" * 5000, "@a" * 5000, "https://" * 2000])
def test_an_endless_word_is_counted_in_no_time_and_never_too_low(text: str) -> None:
    for limits in EVERY:
        assert not fits(text, limits)
    assert grows_evenly(lambda part: [fits(part, limits) for limits in EVERY], text)
