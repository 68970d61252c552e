"""The texts of a message in which a token of ours may stand, likeliest first."""

from __future__ import annotations

import re

from bot.audience.bounces.address import addresses
from bot.audience.bounces.feedback import MARK
from bot.audience.bounces.fields import Fields, read_fields
from bot.audience.bounces.letter import Letter
from bot.audience.bounces.status import envelope_id

MOST = 40
LONGEST = 1000
_TO_US = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to", "cc")
_FOR = re.compile(r"\bfor <([^<>\s]{3,320})>")
_URI = re.compile(r"<\s{0,4}((?:https?|mailto):[^<>\s]{1,900})\s{0,4}>", re.I)
_INSIDE = re.compile(
    r"^[> ]{0,4}((?:message-id|list-unsubscribe|cfbl-feedback-id|return-path|x-[\w-]{1,60}) ?:)", re.I | re.M
)
_OURS = ("message-id", "cfbl-feedback-id", "feedback-id")


def named_in(letter: Letter, subject: bool = False) -> tuple[str, ...]:
    """At most ``MOST`` texts of at most ``LONGEST`` characters. ``subject``: a person's own words may hold one too."""
    fields = letter.fields
    found: list[str] = [each.address for value in fields.all(*_TO_US) for each in addresses(value[:LONGEST])]
    found += [match for value in list(fields.all("received"))[:5] for match in _FOR.findall(value)]
    if subject:
        found.append(fields.words("subject"))
    for part in letter.parts:
        if part.kind == "returned":
            found += _of_returned(part.fields)
    # Then the message is itself what was returned.
    if MARK in fields:
        found += _of_returned(fields)
    if envelope_id(letter):
        found.append(envelope_id(letter))
    found += list(fields.all("in-reply-to", "references"))
    for part in letter.of("text/plain", "text/html"):
        found += _of_quoted(part.text)
    kept = dict.fromkeys(" ".join(each.split())[:LONGEST] for each in found)
    return tuple(each for each in kept if each and each.isprintable())[:MOST]


def _of_returned(fields: Fields) -> list[str]:
    found = [each.address for value in fields.all("return-path", "x-return-path") for each in addresses(value)]
    found += list(fields.all(*_OURS))
    for value in fields.all("list-unsubscribe"):
        found += _URI.findall(value) or [value]
    # Some servers keep only the fields they do not know.
    found += [value for name, value in fields.pairs if name.startswith("x-") and len(value) < 200 and " " not in value][
        :10
    ]
    return found


def _of_quoted(text: str) -> list[str]:
    """The same out of a text that quotes the returned message's head."""
    match = _INSIDE.search(text)
    if not match:
        return []
    lines = text[max(0, match.start() - 2000) : match.start() + 6000].split("\n")
    return _of_returned(read_fields("\n".join(line.lstrip("> ") if line.startswith(">") else line for line in lines)))
