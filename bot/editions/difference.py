"""Two revisions of an article, side by side: the sentences that were taken out, and those that stand there now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.articles.text import paragraphs
from bot.model import Article
from bot.summaries.sentences import split_sentences

_SENTENCES = 400
"""Of each revision; comparing takes the square of it at worst."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What stood there, and what does now; "" for what was added, or taken out."""

    was: str
    now: str


def difference(before: Article, after: Article, *, most: int = 5) -> tuple[Difference, ...]:
    """The first ``most`` differences in title, standfirst and text, in their order."""
    found: list[Difference] = []
    for was, now in ((before.title, after.title), (before.standfirst, after.standfirst)):
        if " ".join(was.split()) != " ".join(now.split()):
            found.append(Difference(was, now))
    found += _between(_sentences(before), _sentences(after))
    return tuple(found[:most])


def _sentences(article: Article) -> list[str]:
    texts = (sentence for text in paragraphs(article.body) for sentence in split_sentences(text, article.language))
    return [sentence for _, sentence in zip(range(_SENTENCES), texts, strict=False)]


def _between(before: list[str], after: list[str]) -> Iterator[Difference]:
    for what, start, end, other, until in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            yield Difference(" ".join(before[start:end]), " ".join(after[other:until]))
