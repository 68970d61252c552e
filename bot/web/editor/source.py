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
    for each in found:
        if each.sentence:
            numbers.setdefault(each.sentence, [])
    grounds = {
        sentences[number]: Ground(number, tuple(dict.fromkeys(rests)))
        for number, rests in numbers.items()
        if number in sentences
    }
    return Source(article, source_text(article, grounds), story.also)
