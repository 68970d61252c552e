"""Gathers words for the catalogs that Babel does not see: what the kinds of channels say of themselves.

Babel reads calls with literal texts. A table of settings speaks by its docstring and by its fields' descriptions, so
that the reference and the desk say the same, and some are put together: they are gathered by asking for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from babel.messages.extract import extract_python

from bot.channels.base import kinds
from bot.schedules.adding import new_channel


def new_channels(
    file: IO[bytes], keywords: Mapping[str, Any], tags: Collection[str], options: Any
) -> Iterator[tuple[Any, ...]]:
    """A method of Babel's (``pyproject.toml``): the words of ``file``, and those of what it tells of new channels."""
    yield from extract_python(file, keywords, tags, options)
    heard: dict[str, None] = {}

    def hear(word: str) -> str:
        heard[word] = None
        return word

    for kind in kinds():
        new_channel(kind, (), hear)
    for word in heard:
        yield 1, None, word, []
