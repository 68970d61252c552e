"""An article's text as an editor reads it beside a summary: its paragraphs, the sentences that matter marked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.articles.text import passages
from bot.model import Article
from bot.summaries.sentences import split_sentences

LONGEST = 400
"""Paragraphs that are shown."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a sentence of an article is marked: ``numbers`` are those of the summary's sentences that rest on it.

    ``number`` is its own in the article. ``near``: it is what the article says of something that the summary says
    otherwise.
    """

    number: int
    numbers: tuple[int, ...] = ()
    near: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a paragraph; ``ground`` where it is a sentence that is marked."""

    text: str
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``kind`` is ``standfirst``, ``heading`` or "" (text)."""

    runs: tuple[Run, ...]
    kind: str = ""


def source_text(article: Article, grounds: Mapping[str, Ground]) -> tuple[Paragraph, ...]:
    """``article`` from its standfirst on; ``grounds`` by their sentences.

    A sentence that stands in it twice is marked where it stands first.
    """
    left = {_one(sentence): ground for sentence, ground in grounds.items()}
    texts = [(article.standfirst, "standfirst")] if article.standfirst.strip() else []
    texts += [(each.text, "heading" if each.heading else "") for each in passages(article.body)[:LONGEST]]
    shown = []
    for text, kind in texts:
        runs = tuple(_runs(" ".join(text.split()), article.language, left))
        if runs:
            shown.append(Paragraph(runs, kind))
    return tuple(shown)


def _runs(text: str, language: str, left: dict[str, Ground]) -> Iterator[Run]:
    end = 0
    for sentence in split_sentences(text, language):
        start = text.find(sentence, end)
        ground = left.pop(_one(sentence), None) if start >= 0 else None
        if ground is None:
            continue
        if text[end:start]:
            yield Run(text[end:start])
        yield Run(sentence, ground)
        end = start + len(sentence)
    if text[end:]:
        yield Run(text[end:])


def _one(sentence: str) -> str:
    return " ".join(sentence.split())
