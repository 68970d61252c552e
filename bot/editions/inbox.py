"""What inboxes show of a mail before it is opened, in columns: a character of Chinese or Japanese takes two. Pure."""

from __future__ import annotations

import unicodedata

import regex

ON_PHONES = 40
"""About as many columns of a subject phones show."""
SUBJECT = 90
"""Columns of a subject from which on every inbox cuts it."""
PREHEADER = 90
"""About as many columns mail programs show of the line below it."""


def columns(text: str) -> int:
    """How wide ``text`` stands in a line."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def graphemes(text: str) -> list[str]:
    """The characters of ``text`` as people count them."""
    return regex.findall(r"\X", text)


def beginning(text: str, most: int) -> str:
    """What is shown of ``text`` where ``most`` columns are: whole characters."""
    shown, room = "", most
    for each in graphemes(text):
        room -= max(map(columns, each))
        if room < 0:
            break
        shown += each
    return shown
