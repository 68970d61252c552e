"""What Discord makes of a message's body: the text members see, whom it calls, or the form errors (code 50035).

After https://discord.com/developers/docs/resources/message (embed limits, allowed mentions) and
/resources/webhook, read in github.com/discord/discord-api-docs of 2026-08-06 (checked 2026-11-29). The names of form
errors and the Markdown that clients show are from memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.testing.networks.posted import Card, Picture

SUPPRESS_EMBEDS = 1 << 2
SUPPRESS_NOTIFICATIONS = 1 << 12
_LIMITS = {"title": 256, "description": 4096}
_ALL_EMBEDS = 6000
# What was escaped or is code is held as a number between NULs by then, and no part of an address.
_HELD = re.compile(r"\\([^\w\s]|_)|```(?:\w*\n)?(.+?)```|`([^`\n]+)`", re.DOTALL)
_MASKED = re.compile(r"\[([^\[\]\n]+)\]\(<?(https?://[^\s<>\0]+?)>?\)")
_BARE = re.compile(r"<?(https?://[^\s<>\0]+[^\s<>\0.,;:!?)'\"*_])>?")
_KINDS = {"users": r"<@!?(\d+)>", "roles": r"<@&(\d+)>", "everyone": r"@(everyone|here)\b"}

Errors = dict[str, Any]
"""As Discord nests them: field, index, then ``_errors``."""


def _one(code: str, message: str) -> Errors:
    return {"_errors": [{"code": code, "message": message}]}


_NO_OBJECT = _one("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")


def _longest(value: Any, most: int, *, required: bool = False) -> Errors:
    if value is None or value == "":
        return _one("BASE_TYPE_REQUIRED", "This field is required") if required else {}
    if not isinstance(value, str):
        return _one("STRING_TYPE_CONVERT", "Could not interpret as string.")
    if len(value.strip()) > most:
        return _one("BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    return {}


def _address(value: Any, *, attachment: bool = False) -> Errors:
    if value is None or value == "":
        return {}
    schemes = r"https?://[^\s/]+\S*" + (r"|attachment://\S+" if attachment else "")
    if not isinstance(value, str) or len(value) > 2048 or not re.fullmatch(schemes, value):
        return _one("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    return {}


def form_errors(asked: Mapping[str, Any]) -> Errors:
    """Everything that is wrong with a message's body; {} when nothing is."""
    found = {"content": _longest(asked.get("content"), 2000), "username": _username(asked.get("username"))}
    found["avatar_url"] = _address(asked.get("avatar_url"))
    embeds, found["embeds"] = _many(asked, "embeds", 10)
    if not found["embeds"]:
        found["embeds"] = _kept({str(number): _embed(each) for number, each in enumerate(embeds)})
    if not found["embeds"] and sum(map(embed_length, embeds)) > _ALL_EMBEDS:
        found["embeds"] = _one("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {_ALL_EMBEDS}")
    found["allowed_mentions"] = _mentions(asked.get("allowed_mentions"))
    flags = asked.get("flags") or 0
    if not isinstance(flags, int) or flags & ~(SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS):
        found["flags"] = _one("BITFIELD_INVALID", "Only SUPPRESS_EMBEDS and SUPPRESS_NOTIFICATIONS can be set")
    attachments, found["attachments"] = _many(asked, "attachments", 10)
    if not found["attachments"]:
        wrong = {str(number): _longest(each.get("description"), 1024) for number, each in enumerate(attachments)}
        found["attachments"] = _kept(wrong)
    return _kept(found)


def _many(asked: Mapping[str, Any], name: str, most: int) -> tuple[list[Mapping[str, Any]], Errors]:
    """The objects of a list, or what is wrong with it."""
    found = asked.get(name) or []
    if not isinstance(found, list):
        return [], _one("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(found) > most:
        return [], _one("BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    wrong = {str(number): _NO_OBJECT for number, each in enumerate(found) if not isinstance(each, dict)}
    return ([], wrong) if wrong else (found, {})


def _kept(found: Errors) -> Errors:
    return {name: each for name, each in found.items() if each}


def _username(value: Any) -> Errors:
    if isinstance(value, str) and re.search(r"discord|clyde", value, re.I):
        return _one("USERNAME_INVALID_CONTAINS", f'Username cannot contain "{value}"')
    return _longest(value, 80)


def _embed(embed: Mapping[str, Any]) -> Errors:
    found = {name: _longest(embed.get(name), most) for name, most in _LIMITS.items()}
    found["url"] = _address(embed.get("url"))
    for name in ("image", "thumbnail"):
        found[name] = _inside(embed, name, lambda each: {"url": _address(each.get("url"), attachment=True)})
    found["footer"] = _inside(embed, "footer", lambda each: {"text": _longest(each.get("text"), 2048)})
    found["author"] = _inside(
        embed, "author", lambda each: {"name": _longest(each.get("name"), 256), "url": _address(each.get("url"))}
    )
    color = embed.get("color")
    if color is not None and not (isinstance(color, int) and 0 <= color <= 0xFFFFFF):
        found["color"] = _one("NUMBER_TYPE_MAX", "int value should be between 0 and 16777215.")
    found["timestamp"] = _moment(embed.get("timestamp"))
    fields, found["fields"] = _many(embed, "fields", 25)
    if not found["fields"]:
        found["fields"] = _kept({str(number): _field(each) for number, each in enumerate(fields)})
    return _kept(found)


def _inside(embed: Mapping[str, Any], name: str, rule: Callable[[Mapping[str, Any]], Errors]) -> Errors:
    value = embed.get(name)
    if value is None:
        return {}
    return _kept(rule(value)) if isinstance(value, dict) else _NO_OBJECT


def _field(each: Mapping[str, Any]) -> Errors:
    names = (("name", 256), ("value", 1024))
    return _kept({name: _longest(each.get(name), most, required=True) for name, most in names})


def _moment(value: Any) -> Errors:
    if value is None:
        return {}
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return _one("DATE_TIME_TYPE_PARSE", "Could not parse. Should be ISO8601.")
    return {}


def _mentions(value: Any) -> Errors:
    if value is None:
        return {}
    if not isinstance(value, dict):
        return _NO_OBJECT
    for name in ("parse", "users", "roles"):
        ids = value.get(name) or []
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids) or len(ids) > 100:
            return {name: _one("LIST_TYPE_CONVERT", "Only lists of up to 100 strings may be used here")}
    parse = value.get("parse") or []
    if unknown := [each for each in parse if each not in _KINDS]:
        message = f"Value {unknown[0]!r} must be one of ('everyone', 'users', 'roles')."
        return {"parse": _one("BASE_TYPE_CHOICES", message)}
    if double := [name for name in ("users", "roles") if name in parse and value.get(name)]:
        message = f'parse:["{double[0]}"] and {double[0]}: [ids...] are mutually exclusive.'
        return _one("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return {}


def embed_length(embed: Mapping[str, Any]) -> int:
    """What counts against the 6,000 of all embeds."""
    parts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    parts.append((embed.get("author") or {}).get("name"))
    for each in embed.get("fields") or []:
        parts += [each.get("name"), each.get("value")]
    return sum(len(str(part).strip()) for part in parts if part)


def pings(content: str, allowed: Any) -> tuple[str, ...]:
    """Who would be called: ``@everyone``, ``@here``, ``user 123``, ``role 456``. Without ``allowed``, users are."""
    rules = {"parse": ["users"]} if allowed is None else allowed
    found: list[str] = []
    for kind, pattern in _KINDS.items():
        for named in re.findall(pattern, content):
            if kind in (rules.get("parse") or []) or named in (rules.get(kind) or []):
                found.append(f"@{named}" if kind == "everyone" else f"{kind.removesuffix('s')} {named}")
    return tuple(found)


def card(embed: Mapping[str, Any]) -> Card:
    """An embed as members see it. Its fields and footer stand below the description."""
    lines = [seen(str(embed.get("description") or ""))[0]]
    lines += [f"{each['name']}\n{seen(each['value'])[0]}" for each in embed.get("fields") or []]
    lines.append(str((embed.get("footer") or {}).get("text") or ""))
    image = (embed.get("image") or embed.get("thumbnail") or {}).get("url") or ""
    return Card(
        url=str(embed.get("url") or ""),
        title=seen(str(embed.get("title") or ""))[0],
        description="\n".join(line.strip() for line in lines if line.strip()),
        thumbnail=Picture(url=image) if image else None,
    )


def seen(content: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text as a client shows it, and what can be followed in it: (label, URL)."""
    held: list[str] = []
    links: list[tuple[str, str]] = []

    def keep(piece: str) -> str:
        held.append(piece)
        return f"\0{len(held) - 1}\0"

    def link(label: str, url: str) -> str:
        links.append((label, url))
        return keep(label)

    text = content.strip().replace("\0", "")
    # From left to right, as clients read it: a sign that is escaped opens no code.
    text = _HELD.sub(lambda found: keep(found[1] or found[2] or found[3]), text)
    text = _MASKED.sub(lambda found: link(found[1], found[2]), text)
    text = _BARE.sub(lambda found: link(found[1], found[1]), text)
    text = re.sub(r"(?m)^(?:-# |#{1,3} |>>> |> )", "", text)
    text = re.sub(r"(?m)^(\s*)[-*] (?=\S)", r"\1• ", text)
    for sign in (r"\*\*", "__", "~~", r"\|\|", r"\*"):
        text = re.sub(rf"{sign}(?=\S)(.+?)(?<=\S){sign}", r"\1", text, flags=re.S)
    text = re.sub(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)", r"\1", text)
    while "\0" in text:  # A label may hold an escaped sign.
        text = re.sub("\0(\\d+)\0", lambda found: held[int(found[1])], text)
    unheld = [(re.sub("\0(\\d+)\0", lambda found: held[int(found[1])], label), url) for label, url in links]
    return text, tuple(sorted(unheld, key=lambda each: text.find(each[0])))
