"""Telegram's HTML: what its server makes of ``parse_mode=HTML``, or why it refuses.

After https://core.telegram.org/bots/api#html-style (checked 2026-11-29) and the parser that Telegram's own server runs
(``parse_html`` in https://github.com/tdlib/td/blob/master/td/telegram/MessageEntity.cpp, checked 2026-11-29).
In one thing this is stricter: the page says that every ``<``, ``>`` and ``&`` which is no markup must be written as an
entity, and that parser lets a lone ``&`` or ``>`` pass. Here it is refused, for it tells of text that was not escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_ENTITIES = 100
"""Of more than these, the text stays and the markup is ignored (python-telegram-bot's constants, 2026-11-23)."""

_KINDS = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?")
_START = re.compile(r"<([^\s>/][^\s>]*)")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]+)(?=[\s>]))""")
_END = re.compile(r"</([^\s>]*)\s*(>?)")
_SCHEME = re.compile(r"(https?|tg|ton|mailto):", re.I)


class Unparsable(Exception):
    """What the server says of text that is not its HTML, after "can't parse entities: "."""


@dataclass(frozen=True)
class Entity:
    """A stretch of the text with a meaning; ``offset`` and ``length`` count UTF-16 units. ``url`` is a text_link's."""

    type: str
    offset: int
    length: int
    url: str = ""

    def as_json(self) -> dict[str, object]:
        """As a Message carries it."""
        found: dict[str, object] = {"type": self.type, "offset": self.offset, "length": self.length}
        return {**found, "url": self.url} if self.url else found


@dataclass
class _Open:
    tag: str
    argument: str
    offset: int


def units(text: str) -> int:
    """How long Telegram finds ``text``: its UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(markup: str) -> tuple[str, tuple[Entity, ...]]:
    """The text a reader sees, and its entities by offset, the widest first. Raises ``Unparsable``."""
    text: list[str] = []
    length = 0
    found: list[Entity] = []
    opened: list[_Open] = []
    place = 0
    while place < len(markup):
        sign = markup[place]
        if sign == "&":
            shown, place = _reference(markup, place)
        elif sign == ">":
            raise Unparsable(f'Character ">" must be escaped at byte offset {_at(markup, place)}')
        elif sign != "<":
            shown, place = sign, place + 1
        elif markup.startswith("</", place):
            place = _close(markup, place, opened, found, length, "".join(text))
            continue
        else:
            tag, place = _start(markup, place, length)
            opened.append(tag)
            continue
        text.append(shown)
        length += units(shown)
    if opened:
        raise Unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    return "".join(text), _apart(found)


def given(text: str, found: object) -> tuple[Entity, ...]:
    """The entities that a bot names itself, in place of markup. Raises ``Unparsable``."""
    if not isinstance(found, list):
        raise Unparsable("MessageEntity array expected")
    entities = []
    for each in found:
        values = [each.get(name) if isinstance(each, dict) else None for name in ("type", "offset", "length", "url")]
        kind, offset, length, url = values
        if not isinstance(offset, int) or not isinstance(length, int) or not isinstance(kind, str):
            raise Unparsable("MessageEntity needs type, offset and length")
        if offset < 0 or length < 1 or offset + length > units(text):
            raise Unparsable("MessageEntity lies outside of the text")
        if kind == "text_link" and not _SCHEME.match(str(url)):
            continue
        entities.append(Entity(kind, offset, length, str(url or "")))
    return _apart(entities)


def trimmed(text: str, entities: tuple[Entity, ...]) -> tuple[str, tuple[Entity, ...]]:
    """Without the white space around, which the server takes away (from memory); entities move along."""
    before = units(text[: len(text) - len(text.lstrip())])
    text = text.strip()
    kept = []
    for each in entities:
        start, end = max(0, each.offset - before), min(units(text), each.offset + each.length - before)
        if start < end:
            kept.append(Entity(each.type, start, end - start, each.url))
    return text, tuple(kept)


def _at(markup: str, place: int) -> int:
    return len(markup[:place].encode())


def _reference(markup: str, place: int) -> tuple[str, int]:
    match = _REFERENCE.match(markup, place)
    if match:
        hexadecimal, decimal, name = match.groups()
        if name and name in _NAMED:
            return _NAMED[name], match.end()
        number = int(hexadecimal, 16) if hexadecimal else int(decimal) if decimal else 0
        if 0 < number < 0x10FFFF and not 0xD800 <= number <= 0xDFFF:
            return chr(number), match.end()
    raise Unparsable(f'Character "&" must be escaped at byte offset {_at(markup, place)}')


def _start(markup: str, place: int, offset: int) -> tuple[_Open, int]:
    at = _at(markup, place)
    match = _START.match(markup, place)
    tag = match.group(1).lower() if match else ""
    if ">" not in markup[place:]:
        raise Unparsable(f"Unclosed start tag at byte offset {at}")
    if match is None or tag not in _KINDS:
        raise Unparsable(f'Unsupported start tag "{tag}" at byte offset {at}')
    here = match.end()
    argument = ""
    while not (over := re.compile(r"\s*>").match(markup, here)):
        bare = re.compile(r"\s+expandable(?=[\s>])").match(markup, here) if tag == "blockquote" else None
        attribute = bare or _ATTRIBUTE.match(markup, here)
        if attribute is None:
            raise Unparsable(f'Malformed attribute in the tag "{tag}" at byte offset {at}')
        here = attribute.end()
        if bare:
            continue
        name = attribute.group(1).lower()
        value = _value(next(each for each in attribute.groups()[1:] if each is not None))
        if (tag, name) in {("a", "href"), ("span", "class"), ("tg-emoji", "emoji-id"), ("code", "class")}:
            argument = value
    if tag == "span" and argument != "tg-spoiler":
        raise Unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    if tag == "tg-emoji" and not argument.isdecimal():
        raise Unparsable("Invalid custom emoji identifier specified")
    return _Open(tag, argument, offset), over.end()


def _value(raw: str) -> str:
    shown, place = "", 0
    while place < len(raw):
        part, place = _reference(raw, place) if raw[place] == "&" else (raw[place], place + 1)
        shown += part
    return shown


def _close(markup: str, place: int, opened: list[_Open], found: list[Entity], length: int, text: str) -> int:
    at = _at(markup, place)
    match = _END.match(markup, place)
    if not opened:
        raise Unparsable(f"Unexpected end tag at byte offset {at}")
    if match is None or not match.group(2):
        raise Unparsable(f"Unclosed end tag at byte offset {at}")
    tag = opened.pop()
    name = match.group(1).lower()
    if name and name != tag.tag:
        raise Unparsable(f'Unmatched end tag at byte offset {at}, expected "</{tag.tag}>", found "</{name}>"')
    if length > tag.offset:
        inside = text.encode("utf-16-le")[tag.offset * 2 : length * 2].decode("utf-16-le")
        url = (tag.argument or inside) if tag.tag == "a" else ""
        if tag.tag != "a" or _SCHEME.match(url):  # A link to nowhere is shown as its text.
            found.append(Entity(_KINDS[tag.tag], tag.offset, length - tag.offset, url))
    return match.end()


def _apart(found: list[Entity]) -> tuple[Entity, ...]:
    """As the page has it: nothing inside code and pre, no link in a link, no quotation in a quotation."""
    kept: list[Entity] = []
    for entity in sorted(found, key=lambda each: (each.offset, -each.length)):
        around = {each.type for each in kept if entity.offset < each.offset + each.length}
        if around & {"code", "pre"} or (entity.type in {"text_link", "blockquote"} and entity.type in around):
            continue
        kept.append(entity)
    return tuple(kept[:MOST_ENTITIES])
