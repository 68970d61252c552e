"""Columns of texts that an editor wrote, or that the program says: a phrase comes back as the phrase it was.

A phrase is written as one control sign and its English text where it has no facts, else the sign and JSON, so that no
column needs a second one beside it. Nobody's own text begins with that sign: from outside comes no phrase.
"""

from __future__ import annotations

import json

from sqlalchemy import Dialect, Text, TypeDecorator

from bot.model import Phrase

SIGN = "\x1e"
"""RECORD SEPARATOR: no text for people has it."""


class Said(TypeDecorator[str]):
    """A text that may be a ``Phrase``; a plain one stands in its column as it is, but for a ``SIGN`` at its start."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else written(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return read(value) if value is not None and value.startswith(SIGN) else value


def written(text: str) -> str:
    """As it stands in the column; equal phrases are equal there."""
    if not isinstance(text, Phrase):
        return text.lstrip(SIGN) if text.startswith(SIGN) else text
    if text.facts or text.many or text.template.startswith("{"):
        content = json.dumps(text.content(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        # A fact may be what a server said, and no database takes half a surrogate pair.
        return SIGN + content.encode(errors="replace").decode()
    return f"{SIGN}{text.template}"


def read(stored: str) -> str:
    """What stands in the column; what begins like a phrase and is none is a plain text."""
    if not stored.startswith(SIGN):
        return stored
    content = stored.removeprefix(SIGN)
    try:
        return Phrase.from_content(
            json.loads(content) if content.startswith("{") else {"template": content, "facts": {}}
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return content
