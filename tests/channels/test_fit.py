"""A post is looked at once more before it goes out, as its network counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.channels.fit import fitting, post_of
from bot.errors import DeliveryError
from bot.model import Counting, Limits, Post, Rendition
from tests.channels.posts import parcel


def test_a_parcel_without_a_post_is_refused_for_good() -> None:
    empty = replace(parcel(), rendition=Rendition(channel="news"))
    with pytest.raises(DeliveryError, match=r"edition k7f3q9xdabcd: has no post for slack\.com") as raised:
        post_of(empty, "slack.com")
    assert raised.value.permanent


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("🛥️" * 2, Limits(characters=5, counting=Counting.UTF16)),
        ("🛥️" * 2, Limits(characters=13, counting=Counting.THREADS)),
        ("渡し", Limits(characters=3, counting=Counting.WEIGHTED)),
        ("https://a.example https://b.example", Limits(links=1)),
        ("ü", Limits(size=1)),
    ],
)
def test_what_is_longer_than_its_network_counts_is_refused_for_good(text: str, limits: Limits) -> None:
    with pytest.raises(DeliveryError) as raised:
        fitting(parcel(Post(text=text)), limits, "network.example")
    assert raised.value.permanent
    roomier = replace(limits, **{key: 99 for key in ("characters", "size", "links") if getattr(limits, key)})
    assert fitting(parcel(Post(text=text)), roomier, "network.example").text == text


def test_a_warning_counts_with_the_text_where_the_network_knows_warnings() -> None:
    post = Post(text="12345", warning="67890")
    assert fitting(parcel(post), Limits(characters=9), "network.example") is post
    with pytest.raises(DeliveryError):
        fitting(parcel(post), Limits(characters=9, warning=True), "network.example")
