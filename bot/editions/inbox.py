"""What inboxes show of a mail before it is opened, in columns: a character of Chinese or Japanese takes two. Pure."""

from __future__ import annotations

import regex

from bot.editions.plain import width

ON_PHONES = 40
"""About as many columns of a subject phones show."""
SUBJECT = 90
"""Columns of a subject from which on every inbox cuts it."""
PREHEADER = 90
"""About as many columns mail programs show of the line below it."""


def beginning(text: str, most: int) -> str:
    """What is shown of ``text`` where ``most`` columns are: whole characters."""
    shown, room = "", most
    for each in regex.findall(r"\X", text):
        # A cluster is as wide as the widest of its signs: a family of emoji is drawn as one.
        room -= max(map(width, each))
        if room < 0:
            break
        shown += each
    return shown
