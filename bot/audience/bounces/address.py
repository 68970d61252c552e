"""Addresses in foreign text: found at their @, so that no text makes the search slow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 300
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~.-")
_DOMAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_PREFIX = re.compile(r"^(?:rfc822|smtp|to|addr|address|email|mailto|rcpt|recipient|e)=(?=.)", re.I)
_XTEXT = re.compile(r"\+(20|2B|3D|40)")
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_WHOLE = re.compile(r"[^\s<>@;,:()]{1,64}@[^\s<>@;,:()]{1,255}")
_COMMENT = re.compile(r"\([^()]{0,200}\)")


@dataclass(frozen=True, slots=True)
class Found:
    """An address and where it stands: ``text[start:end]``."""

    address: str
    start: int
    end: int


def addresses(text: str) -> Iterator[Found]:
    """The addresses in ``text``, in their order: at most ``MOST``. Their case is kept."""
    count = 0
    at = text.find("@")
    while at >= 0 and count < MOST:
        start = _local_start(text, at)
        end = _domain_end(text, at)
        local, domain = text[start:at], text[at + 1 : end]
        if local and "." in domain and not domain.startswith("."):
            count += 1
            yield Found(f"{local}@{domain}", start, end)
        at = text.find("@", at + 1)


def first_address(text: str) -> str:
    """The first address in ``text``; "" without."""
    return next((found.address for found in addresses(text)), "")


def recipient_of(value: str) -> str:
    """The address of a DSN's recipient field: ``rfc822; user@example.org`` (RFC 3464 §2.3.1, RFC 6533 §3).

    The few characters that xtext writes as hexadecimal are read where a server forgot to, and ``\\x{…}`` of the type
    utf-8. "" when it holds no address.
    """
    kind, semicolon, rest = value.partition(";")
    address = (rest if semicolon else value).strip()
    if kind.strip().lower() == "utf-8":
        address = _UNITEXT.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), address)
        whole = address.strip("<> ")
        if _WHOLE.fullmatch(whole):
            return whole
    if "@" not in address or "+40" in address:
        address = _XTEXT.sub(lambda match: chr(int(match[1], 16)), address)
    return first_address(address) or first_address(_COMMENT.sub("", address))


def same(one: str, other: str) -> bool:
    """Whether two addresses are one: mailboxes differ by case nowhere that matters (RFC 5321 §2.4)."""
    return one.casefold() == other.casefold()


def _local_start(text: str, at: int) -> int:
    if at and text[at - 1] == '"':
        opening = text.rfind('"', max(0, at - 66), at - 1)
        if opening >= 0 and "\n" not in text[opening:at]:
            return opening
    start = at
    while start > 0 and at - start < 80 and (text[start - 1] in _LOCAL or _is_letter(text[start - 1])):
        start -= 1
    match = _PREFIX.match(text[start:at])
    start += match.end() if match else 0
    while start < at and text[start] in "'`.=?&*|{}/":
        start += 1
    return start


def _domain_end(text: str, at: int) -> int:
    end = at + 1
    while (
        end < len(text)
        and end - at < 255
        and (text[end] in _DOMAIN or _is_letter(text[end]) or _goes_on(text[end - 1], text[end]))
    ):
        end += 1
    while end > at + 1 and text[end - 1] in ".-":
        end -= 1
    return end


def _goes_on(before: str, character: str) -> bool:
    # A label of Japanese or Chinese begins after a dot; after Latin letters such a character is prose.
    return character >= "\u3000" and character.isalnum() and (before in "@." or before >= "\u3000")


def _is_letter(character: str) -> bool:
    # Of a script that stands in addresses (RFC 6531); Japanese and Chinese prose leaves no space before an address.
    return "\x80" < character < "\u3000" and character.isalpha()
