"""LinkedIn's "little" text format.

learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format (read 2026-11-29), and the
issues of social.md, section 2: what is not escaped cuts the text, and escapes inside links break them.
"""

from __future__ import annotations

import re

RESERVED = "\\|{}@[]()<>#*_~"
# A link is taken as it stands, until white space or a bracket; what is escaped inside it becomes part of it.
_LINK = re.compile(r"https?://(?:[^\s()<>{}\[\]|\\]|\\(?![()<>{}\[\]|\\]))+")
_MENTION = re.compile(r"@\[((?:\\.|[^\\\]])+)\]\((urn:li:(?:person|organization):[A-Za-z0-9_-]+)\)")
_TEMPLATE = re.compile(r"\{hashtag\|\\?([#＃])\|((?:\\.|[^\\|{}])+)\}")
_HASHTAG = re.compile(r"[#＃]\w+")


def little(text: str) -> str:
    """What readers see of a text in LinkedIn's "little" format.

    A reserved character that is neither escaped nor part of an element ends it; the network answers 201 all the same.
    """
    seen: list[str] = []
    at = 0
    while at < len(text):
        rest = text[at:]
        if link := _LINK.match(rest):
            seen.append(link[0])
            at += link.end()
        elif rest[0] == "\\" and rest[1:2] and rest[1] in RESERVED:
            seen.append(rest[1])
            at += 2
        elif found := _MENTION.match(rest):
            seen.append(_plain(found[1]))
            at += found.end()
        elif found := _TEMPLATE.match(rest):
            seen.append(found[1] + _plain(found[2]))
            at += found.end()
        elif found := _HASHTAG.match(rest):
            seen.append(found[0])
            at += found.end()
        elif rest[0] in RESERVED:
            break
        else:
            seen.append(rest[0])
            at += 1
    return "".join(seen)


def _plain(escaped: str) -> str:
    return re.sub(r"\\(.)", r"\1", escaped)
