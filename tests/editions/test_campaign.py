from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.editions.campaign import tagged

VALUES = {"channel": "sky", "network": "bluesky", "schedule": "morning", "date": "2026-11-29"}
UTM = {"utm_source": "{network}", "utm_campaign": "{schedule} {date}"}
ADDED = "utm_source=bluesky&utm_campaign=morning%202026-11-29"


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://a.com/x", f"https://a.com/x?{ADDED}"),
        ("https://a.com", f"https://a.com?{ADDED}"),
        ("https://a.com/x?id=3&q=a%20b+c", f"https://a.com/x?id=3&q=a%20b+c&{ADDED}"),
        ("https://a.com/x#part", f"https://a.com/x?{ADDED}#part"),
        ("https://a.com/x?#part", f"https://a.com/x?{ADDED}#part"),
        ("https://a.com/x?utm_source=rss&id=3&utm_medium=feed", f"https://a.com/x?id=3&{ADDED}"),
        ("https://a.com/x?UTM_Source=rss&utm%5Fcampaign=y", f"https://a.com/x?{ADDED}"),
        (f"https://a.com/x?{ADDED}", f"https://a.com/x?{ADDED}"),
        ("https://a.com/x?flag&&b=", f"https://a.com/x?flag&b=&{ADDED}"),
    ],
)
def test_parameters_are_added_once_behind_those_of_the_address_itself(url: str, made: str) -> None:
    assert tagged(url, UTM, VALUES) == made


def test_without_parameters_or_with_empty_ones_the_address_stays_as_it_is() -> None:
    assert tagged("https://a.com/x?utm_source=rss", {}, VALUES) == "https://a.com/x?utm_source=rss"
    assert tagged("https://a.com/x?utm_source=rss", {"utm_term": ""}, VALUES) == "https://a.com/x?utm_source=rss"
    assert tagged("", UTM, VALUES) == ""


def test_values_are_encoded() -> None:
    assert tagged("https://a.com/", {"utm_content": "{schedule}&x=ä#"}, VALUES).endswith(
        "?utm_content=morning%26x%3D%C3%A4%23"
    )


@given(query=st.from_regex(r"[a-z&=%0-9_]{0,20}", fullmatch=True), fragment=st.from_regex("[a-z]{0,5}", fullmatch=True))
def test_doing_it_twice_does_no_more(query: str, fragment: str) -> None:
    once = tagged(f"https://a.com/x?{query}#{fragment}", UTM, VALUES)
    assert tagged(once, UTM, VALUES) == once
    assert once.count("utm_source=") == 1
