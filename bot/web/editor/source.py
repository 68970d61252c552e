"""What an article says, beside what readers are told of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.editions.source_text import Ground, Paragraph, source_text
from bot.model import Article, EditionStory
from bot.schedules.truth import TextFinding
from bot.summaries.source import rests_on, source_of


@dataclass(frozen=True, slots=True)
class Source:
    """An article with the sentences marked that a text rests on. ``also`` are its other tellings: (who, URL)."""

    article: Article
    paragraphs: tuple[Paragraph, ...]
    also: tuple[tuple[str, str], ...]


def source(story: EditionStory, text: str, found: Iterable[TextFinding]) -> Source:
    """The article of ``story`` beside ``text``, of which ``found`` is what it says otherwise."""
    article = story.article
    sentences = {each.number: each.text for paragraph in source_of(article) for each in paragraph}
    numbers: dict[int, list[int]] = {}
    for rest in rests_on(text, article) if text.strip() else ():
        for number in rest.on:
            numbers.setdefault(number, []).append(rest.number)
    near = {each.sentence for each in found if each.stands_in_the_way}
    grounds = {
        sentences[number]: Ground(number, tuple(dict.fromkeys(numbers.get(number, ()))), number in near)
        for number in (*numbers, *near)
        if number in sentences
    }
    return Source(article, source_text(article, grounds), story.also)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words as they stand in a text, with some of what is before and behind them; ``…`` where it goes on."""

    before: str
    words: str
    behind: str


def quoted(text: str, found: TextFinding, *, reach: int = 40) -> Quote:
    """What was ``found`` within ``text``; alone when ``text`` is another one by now."""
    if text[found.start : found.end] != found.text:
        return Quote("", found.text, "")
    before, behind = text[: found.start], text[found.end :]
    if len(before) > reach:
        before = f"… {before[-reach:].partition(' ')[2] or before[-reach:]}"
    if len(behind) > reach:
        behind = f"{behind[:reach].rpartition(' ')[0] or behind[:reach]} …"
    return Quote(before, found.text, behind)
