"""The record of a post (lexicon ``app.bsky.feed.post``): its key, its facets, its embed. Pure.

Checked 2026-11-24: https://docs.bsky.app/docs/advanced-guides/posts, https://atproto.com/specs/tid; 2026-11-23 the
lexicons ``app.bsky.embed.images`` (4 at most, ``alt`` required) and ``com.atproto.label.defs#selfLabels``. A server
looks at no facet: one that lies beside its word, or past the text's end, would stand there (measured). So we look.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import regex

from bot.errors import DeliveryError
from bot.model import Post

COLLECTION = "app.bsky.feed.post"
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_LINK, _TAG = "app.bsky.richtext.facet#link", "app.bsky.richtext.facet#tag"
_SENSITIVE = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]}


def record_key(slot: datetime, token: str) -> str:
    """The TID of a delivery: 53 bits of microseconds, 10 bits of clock id, in sortable base32 (13 characters).

    The second is the slot's; the rest is taken from the token, so that the posts of one slot differ.
    """
    digest = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8])
    microseconds = int(slot.timestamp()) * 1_000_000 + digest % 1_000_000
    value = (microseconds & (1 << 53) - 1) << 10 | (digest >> 40) & 1023
    return "".join(_SORTABLE[value >> shift & 31] for shift in range(60, -1, -5))


def record_of(
    post: Post,
    slot: datetime,
    thumb: dict[str, Any] | None,
    reply: dict[str, Any] | None = None,
    images: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The record of a post; ``createdAt`` is the slot. Pictures of its own take the place of the card.

    Raises ``DeliveryError`` for good when a facet does not lie on its word.
    """
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": post.text,
        "createdAt": slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", post.language):
        record["langs"] = [post.language]
    if reply:
        record["reply"] = reply
    facets = facets_of(post)
    check_facets(post.text, facets)
    if facets:
        record["facets"] = facets
    if post.sensitive:
        record["labels"] = _SENSITIVE
    if images:
        record["embed"] = {"$type": "app.bsky.embed.images", "images": list(images)}
    elif post.card and post.card.url:
        card = {"uri": post.card.url, "title": post.card.title, "description": post.card.description}
        record["embed"] = {
            "$type": "app.bsky.embed.external",
            "external": {**card, "thumb": thumb} if thumb else card,
        }
    return record


def facets_of(post: Post) -> list[dict[str, Any]]:
    """What of the text is a link or a hashtag, by offsets into its UTF-8 bytes, the end exclusive."""
    facets: list[dict[str, Any]] = []

    def add(begin: int, end: int, feature: dict[str, str]) -> None:
        before = len(post.text[:begin].encode())
        index = {"byteStart": before, "byteEnd": before + len(post.text[begin:end].encode())}
        facets.append({"index": index, "features": [feature]})

    place = post.text.find(post.url) if post.url else -1
    if place >= 0:
        add(place, place + len(post.url), {"$type": _LINK, "uri": post.url})
    for hashtag in dict.fromkeys(post.hashtags or post.data.get("hashtags", [])):
        # A mark behind it would belong to its last letter.
        found = regex.search(rf"(?<![\w\p{{M}}]){regex.escape(hashtag)}(?![\w\p{{M}}\u200d])", post.text)
        within_link = found and place >= 0 and place <= found.start() < place + len(post.url)
        if found and not within_link:
            add(found.start(), found.end(), {"$type": _TAG, "tag": hashtag.removeprefix("#")})
    return facets


def check_facets(text: str, facets: Sequence[dict[str, Any]]) -> None:
    """Looks whether each facet lies on its word: at borders of grapheme clusters, apart from all others.

    Raises ``DeliveryError`` for good, naming the word.
    """
    encoded = text.encode()
    borders, at = {0}, 0
    for cluster in regex.findall(r"\X", text):
        at += len(cluster.encode())
        borders.add(at)
    end_before = 0
    for facet in sorted(facets, key=lambda each: int(each["index"]["byteStart"])):
        begin, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        (feature,) = facet["features"]
        word = feature["uri"] if feature["$type"] == _LINK else f"#{feature['tag']}"
        if not (
            begin in borders and end in borders and end_before <= begin < end and encoded[begin:end] == word.encode()
        ):
            raise DeliveryError(f'"{word[:100]}" cannot be marked in the post: it does not stand apart', permanent=True)
        end_before = end
