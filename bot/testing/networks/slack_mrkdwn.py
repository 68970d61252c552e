"""Slack's mrkdwn and Block Kit: what a reader of the channel sees, or why Slack refuses the blocks.

After https://docs.slack.dev/messaging/formatting-message-text (from memory), https://docs.slack.dev/reference/block-kit/blocks
(sections and text objects checked 2026-11-29) and the limits in slack_sdk 3.47's models (social.md, 2026-11-23).
That a whole message holds no more than about 13,000 characters is documented nowhere: slackapi/bolt-js#2509, #2867.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.testing.networks.posted import Picture

MOST_BLOCKS = 50
WHOLE = 13_000
"""Characters of the blocks as JSON."""

_ANGLE = re.compile(r"<([^<>\n]*)>")
_BARE = re.compile(r"https?://[^\s<>|]*[^\s<>|.,;:!?)\]]")
_STYLES = [
    re.compile(
        rf"(?<![\w{re.escape(sign)}]){re.escape(sign)}(?=\S)([^{re.escape(sign)}\n]+?)(?<=\S){re.escape(sign)}(?!\w)"
    )
    for sign in "*_~"
]
_CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.S)
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


class BadBlocks(Exception):
    """``invalid_blocks``, with what Slack says of it and where (a JSON pointer)."""


@dataclass
class Shown:
    """What is seen: the text, its links (label, URL), who is called (``@channel``, ``U123``), its pictures."""

    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)

    def add(self, other: Shown, between: str = "\n") -> None:
        """Puts ``other`` below."""
        self.text = between.join(part for part in (self.text, other.text) if part)
        self.links += other.links
        self.pings += other.pings
        self.pictures += other.pictures


def mrkdwn(text: str) -> Shown:
    """As a reader sees ``text``: control sequences, styles and the three entities are parsed."""
    shown = Shown()
    pieces: list[str] = []

    def keep(piece: str) -> str:
        pieces.append(piece)
        return f"\0{len(pieces) - 1}\0"

    def angle(match: re.Match[str]) -> str:
        target, _, label = (_plain(part) for part in match.group(1).partition("|"))
        if re.match(r"(https?://|mailto:|tel:)\S+$", target):
            shown.links.append((label or target, target))
            return keep(label or target)
        if re.fullmatch(r"[@#][A-Z0-9]+|!(here|channel|everyone)|!subteam\^[A-Z0-9]+|!date\^.*", target):
            if target.startswith("!date"):
                return keep(label)
            called = target.lstrip("!@")
            if not target.startswith("#"):
                shown.pings.append("@" + called if target.startswith("!") else called)
            return keep(label or ("#" if target.startswith("#") else "@") + called.lstrip("#"))
        return keep(f"<{_plain(match.group(1))}>")

    def bare(match: re.Match[str]) -> str:
        url = _plain(match.group())
        shown.links.append((url, url))
        return keep(url)

    text = text.replace("\0", "")
    text = _CODE.sub(lambda match: keep(_plain(match.group(1) or match.group(2))), text)
    text = _BARE.sub(bare, _ANGLE.sub(angle, text))
    for style in _STYLES:
        text = style.sub(lambda match: match.group(1), text)
    text = re.sub(r"(?m)^&gt; ?", "", text)
    text = _plain(text)
    while "\0" in text:  # A style or a code span may hold a piece that holds a piece.
        text = re.sub("\0(\\d+)\0", lambda match: pieces[int(match.group(1))], text)
    shown.text = text
    shown.links.sort(key=lambda each: text.find(each[0]))
    return shown


def _plain(text: str) -> str:
    return re.sub(r"&(amp|lt|gt);", lambda match: _ENTITIES[match.group()], text)


def blocks(found: Any) -> Shown:
    """What is seen of a message's blocks. Raises ``BadBlocks``; its text is the error Slack names."""
    if not isinstance(found, list):
        raise BadBlocks("must be an array [json-pointer:/blocks]")
    if len(found) > MOST_BLOCKS:
        raise BadBlocks("no more than 50 items allowed [json-pointer:/blocks]")
    shown = Shown()
    seen: set[str] = set()
    for number, block in enumerate(found):
        where = f"/blocks/{number}"
        if not isinstance(block, dict):
            raise BadBlocks(f"must be an object [json-pointer:{where}]")
        identity = block.get("block_id")
        if identity is not None:
            _string(identity, 255, f"{where}/block_id")
            if identity in seen:
                raise BadBlocks(f"`block_id` already used [json-pointer:{where}/block_id]")
            seen.add(identity)
        if str(block.get("type")) not in _BLOCKS:
            raise BadBlocks(f"unsupported type: {block.get('type')} [json-pointer:{where}/type]")
        shown.add(_BLOCKS[block["type"]](block, where))
    return shown


def too_long(found: Sequence[Any]) -> bool:
    """Whether Slack answers ``msg_blocks_too_long``."""
    return len(json.dumps(found, ensure_ascii=False, separators=(",", ":"))) > WHOLE


def _string(value: Any, longest: int, where: str, *, least: int = 1) -> str:
    if not isinstance(value, str):
        raise BadBlocks(f"must be a string [json-pointer:{where}]")
    if len(value) < least:
        raise BadBlocks(f"must be more than {least - 1} characters [json-pointer:{where}]")
    if len(value) > longest:
        raise BadBlocks(f"must be less than {longest + 1} characters [json-pointer:{where}]")
    return value


def _text(value: Any, longest: int, where: str, *, plain_only: bool = False) -> Shown:
    if not isinstance(value, dict) or value.get("type") not in ("plain_text", "mrkdwn"):
        raise BadBlocks(f"must be a valid text object [json-pointer:{where}]")
    if plain_only and value["type"] != "plain_text":
        raise BadBlocks(f"must be a plain_text object [json-pointer:{where}/type]")
    raw = _string(value.get("text"), longest, f"{where}/text")
    return Shown(raw) if value["type"] == "plain_text" else mrkdwn(raw)


def _items(block: Mapping[str, Any], name: str, most: int, where: str) -> list[Any]:
    found = block.get(name)
    if not isinstance(found, list) or not found:
        raise BadBlocks(f"missing required field: {name} [json-pointer:{where}]")
    if len(found) > most:
        raise BadBlocks(f"no more than {most} items allowed [json-pointer:{where}/{name}]")
    return found


def _section(block: Mapping[str, Any], where: str) -> Shown:
    shown = Shown()
    if block.get("text") is None and block.get("fields") is None:
        raise BadBlocks(f"must define either `text` or `fields` [json-pointer:{where}]")
    if block.get("text") is not None:
        shown.add(_text(block["text"], 3000, f"{where}/text"))
    if block.get("fields") is not None:
        for number, each in enumerate(_items(block, "fields", 10, where)):
            shown.add(_text(each, 2000, f"{where}/fields/{number}"))
    if (accessory := block.get("accessory")) is not None:
        shown.add(_element(accessory, f"{where}/accessory"))
    return shown


def _header(block: Mapping[str, Any], where: str) -> Shown:
    return _text(block.get("text"), 150, f"{where}/text", plain_only=True)


def _context(block: Mapping[str, Any], where: str) -> Shown:
    shown = Shown()
    for number, each in enumerate(_items(block, "elements", 10, where)):
        place = f"{where}/elements/{number}"
        image = isinstance(each, dict) and each.get("type") == "image"
        shown.add(_image(each, place) if image else _text(each, 3000, place), " ")
    return shown


def _actions(block: Mapping[str, Any], where: str) -> Shown:
    shown = Shown()
    for number, each in enumerate(_items(block, "elements", 25, where)):
        shown.add(_element(each, f"{where}/elements/{number}"), " ")
    return shown


def _element(element: Any, where: str) -> Shown:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind == "image":
        return _image(element, where)
    if kind != "button":
        raise BadBlocks(f"unsupported type: {kind} [json-pointer:{where}/type]")
    label = _text(element.get("text"), 75, f"{where}/text", plain_only=True)
    if element.get("url") is not None:
        label.links.append((label.text, _string(element["url"], 3000, f"{where}/url")))
    return label


def _image(block: Mapping[str, Any], where: str) -> Shown:
    url = _string(block.get("image_url"), 3000, f"{where}/image_url")
    if not re.match(r"https?://\S+$", url):
        raise BadBlocks(f"invalid url [json-pointer:{where}/image_url]")
    if "alt_text" not in block:
        raise BadBlocks(f"missing required field: alt_text [json-pointer:{where}]")
    alt = _string(block["alt_text"], 2000, f"{where}/alt_text", least=0)
    shown = Shown(pictures=[Picture(alt=alt, url=url)])
    if block.get("title") is not None:
        shown.add(_text(block["title"], 2000, f"{where}/title", plain_only=True))
    return shown


def _divider(_: Mapping[str, Any], __: str) -> Shown:
    return Shown()


_BLOCKS = {"section": _section, "header": _header, "context": _context, "actions": _actions, "image": _image,
           "divider": _divider}  # fmt: skip
