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
class Run:
    """A piece of a paragraph. ``numbers`` are those of the summary's sentences that rest on it.

    ``near``: nothing rests on it, but it is what the article says about something that the summary says otherwise.
    """

    text: str
    numbers: tuple[int, ...] = ()
    near: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``kind`` is ``standfirst``, ``heading`` or "" (text)."""

    runs: tuple[Run, ...]
    kind: str = ""


def source_text(
    article: Article, rests: Mapping[str, tuple[int, ...]], near: frozenset[str] = frozenset()
) -> tuple[Paragraph, ...]:
    """``article`` from its standfirst on. ``rests`` are its sentences on which something rests, ``near`` other ones.

    A sentence that stands in it twice is marked where it stands first.
    """
    left = dict(rests)
    others = {_one(each) for each in near}
    marked = {_one(sentence): numbers for sentence, numbers in left.items()}
    texts = [(article.standfirst, "standfirst")] if article.standfirst.strip() else []
    texts += [(each.text, "heading" if each.heading else "") for each in passages(article.body)[:LONGEST]]
    shown = []
    for text, kind in texts:
        runs = tuple(_runs(" ".join(text.split()), article.language, marked, others))
        if runs:
            shown.append(Paragraph(runs, kind))
    return tuple(shown)


def _runs(text: str, language: str, marked: dict[str, tuple[int, ...]], near: set[str]) -> Iterator[Run]:
    end = 0
    for sentence in split_sentences(text, language):
        key = _one(sentence)
        if key not in marked and key not in near:
            continue
        start = text.find(sentence, end)
        if start < 0:
            continue
        if text[end:start]:
            yield Run(text[end:start])
        # Taken out: the same words further down are no second ground.
        numbers = marked.pop(key, ())
        yield Run(sentence, numbers, near=not numbers)
        near.discard(key)
        end = start + len(sentence)
    if text[end:]:
        yield Run(text[end:])


def _one(sentence: str) -> str:
    return " ".join(sentence.split())
