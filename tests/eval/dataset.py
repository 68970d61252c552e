"""Articles with the summaries people wrote of them: a line of JSON each (docs/summaries.md)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.articles.text import paragraphs
from bot.model import Article

BUNDLED = Path(__file__).parent / "data"
_BREAK = "\n\n"


class Unreadable(Exception):
    """A file that is no data set: what is wrong, where."""


@dataclass(frozen=True, slots=True)
class Example:
    """An article and one or more summaries of it, any of which is right."""

    article: Article
    references: tuple[str, ...]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return paragraphs(self.article.body)


def read(path: Path) -> list[Example]:
    """The examples of a file, in order. Raises ``Unreadable`` with file and line."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    examples = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                examples.append(_example(json.loads(line), number))
            except (ValueError, TypeError) as error:
                raise Unreadable(f"{path}:{number}: {error}") from error
    if not examples:
        raise Unreadable(f"{path}: holds no article")
    return examples


def _example(row: Any, number: int) -> Example:
    if not isinstance(row, Mapping):
        raise ValueError("is no object with title, body, summary, language")
    given = row.get("summary")
    summaries = given if isinstance(given, list) else [given]
    for key, value in (("body", row.get("body")), *(("summary", each) for each in summaries or [None])):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f'needs "{key}", a text')
    for key in ("title", "language"):
        if not isinstance(row.get(key, ""), str):
            raise ValueError(f'"{key}" is no text')
    body = "".join(f"<p>{html.escape(text)}</p>" for text in row["body"].split(_BREAK) if text.strip())
    article = Article(
        source="eval",
        guid=str(number),
        url=f"https://eval.example/{number}",
        title=row.get("title", ""),
        published=datetime(2026, 1, 1, tzinfo=UTC),
        language=row.get("language", ""),
        body=body,
    )
    return Example(article, tuple(summaries))
