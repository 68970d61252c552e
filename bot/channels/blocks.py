"""A post as Slack's blocks: what is foreign in it is ``plain_text``, in which Slack reads no markup and no ping.

https://docs.slack.dev/reference/block-kit/blocks (checked 2026-11-29; limits as in slack_sdk 3.47). That a message of
more than about 13,000 characters is refused stands in slackapi/bolt-js#2509 only.
"""

from __future__ import annotations

import json
from typing import Any

from bot.channels.parts import host_of, parts_of
from bot.editions.escaping import escaped
from bot.errors import DeliveryError
from bot.model import Markup, Post

HEADER = 150
SECTION = 3000
ALT = 2000
"""Characters of a picture's description."""
WHOLE = 12_500
"""Characters of all blocks, as JSON."""


def message_of(post: Post, server: str) -> dict[str, Any]:
    """``post`` as blocks. Raises ``DeliveryError`` when it is longer than Slack takes."""
    parts = parts_of(post)
    blocks: list[dict[str, Any]] = []
    body = parts.body
    if parts.headline and len(parts.headline) <= HEADER:
        blocks.append({"type": "header", "text": _plain(parts.headline)})
    else:
        body = "\n\n".join(each for each in (parts.headline, parts.body) if each)
    picture = post.card.image_url if post.card and not post.pictures else ""
    if body:
        section: dict[str, Any] = {"type": "section", "text": _plain(body)}
        if picture and post.card:
            # A section of its own height beside a small picture: the card as Slack shows one.
            section["accessory"] = _image(picture, post.card.image_alt or post.card.title)
        blocks.append(section)
    if post.url:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": _link(post.url), "verbatim": True}})
    blocks += [_image(each.url, each.alt) for each in post.pictures[:1]]
    # Of notifications and screen readers; `mrkdwn` off: an asterisk is an asterisk.
    message = {"text": escaped(post.text, Markup.MRKDWN, (post.url,)), "mrkdwn": False, "blocks": blocks}
    longest = max((len(each["text"]["text"]) for each in blocks if "text" in each), default=0)
    if longest > SECTION or len(json.dumps(blocks, ensure_ascii=False)) > WHOLE:
        raise DeliveryError("the post is longer than Slack takes", permanent=True, server=server)
    return {**message, "unfurl_links": False, "unfurl_media": False}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _image(url: str, alt: str) -> dict[str, Any]:
    return {"type": "image", "image_url": url, "alt_text": alt[:ALT]}


def _link(url: str) -> str:
    """The link under its site's name."""
    address = escaped(url, Markup.MRKDWN, (url,)).removesuffix(">")
    return f"{address}|{host_of(url) or 'link'}>"
