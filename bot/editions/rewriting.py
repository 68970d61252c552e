"""A post in an editor's words: its text is theirs, all around it stays. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import regex

from bot.editions.counting import fits, length, size
from bot.editions.hashtags import found
from bot.model import Limits, Phrase, Post, plural

LONGEST = 20_000
"""Characters of an editor's text that are looked at; no network takes as many."""
_UNSEEN = regex.compile(r"[\p{Cc}--[\n\t]]|[\u202a-\u202e\u2066-\u2069]", regex.V1)
_BLANK = regex.compile(r"\n{3,}")


def rewritten(post: Post, text: str) -> Post:
    """``post`` with ``text`` in the place of its own, as it is: nothing is cut, no link added.

    Its hashtags are those that stand in the text.
    """
    return replace(
        post,
        text=text,
        hashtags=tuple(dict.fromkeys(found(text, post.url))),
        data={**post.data, "shortened": []},
    )


def tidied(text: str) -> str:
    """``text`` as a post may have it: NFC, lines ended by ``\\n``, no mark that nobody sees, no spaces around it."""
    text = unicodedata.normalize("NFC", text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.rstrip() for line in _UNSEEN.sub("", text).split("\n"))
    return _BLANK.sub("\n\n", "\n".join(lines)).strip()


def fault_of(post: Post, limits: Limits) -> str:
    """What keeps the network from taking the post: one sentence for who wrote it; "" when nothing does."""
    if post.url and post.text.count(post.url) > 1:
        return Phrase("The link stands in it more than once; leave one.")
    if fits(post.text, limits, warning=post.warning):
        return ""
    counted = length(post.text, limits, warning=post.warning)
    if limits.characters is not None and counted > limits.characters:
        return plural(
            counted,
            "%(count)s character as the network counts them, and it takes %(most)s; shorten it.",
            "%(count)s characters as the network counts them, and it takes %(most)s; shorten it.",
            most=limits.characters,
        )
    large = size(post.text, limits) + len(post.warning.encode())
    if limits.size is not None and large > limits.size:
        return plural(
            large,
            "%(count)s byte, and the network takes %(most)s; shorten it.",
            "%(count)s bytes, and the network takes %(most)s; shorten it.",
            most=limits.size,
        )
    return Phrase("It has more links than the network takes; leave some out.")
