"""What became of an edition's stories between drafting and sending. Nothing changes silently."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.articles.text import paragraphs
from bot.model import Article, EditionStory
from bot.summaries.extractive import summarise


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The stories as they are now. ``changes`` says what is different, a line each; ``material``: approve it again."""

    stories: tuple[EditionStory, ...]
    changes: tuple[str, ...] = ()
    material: bool = False


def refresh(stories: Sequence[EditionStory], current: Mapping[int, Article | None]) -> Refreshed:
    """Takes over what the newsroom changed: withdrawn stories are dropped, new revisions taken.

    ``current`` holds the store's newest revision of each lead article. A change is material when the title, a
    number, a name or a quotation is different.
    """
    kept: list[EditionStory] = []
    changes: list[str] = []
    material = False
    for story in stories:
        now = current.get(story.article.id)
        if now is None or now.withdrawn:
            changes.append(f"dropped: “{story.article.title}” was withdrawn")
            material = True
        elif now.revision == story.article.revision:
            kept.append(story)
        else:
            what = differences(story.article, now)
            material = material or bool(what)
            changes.append(f"updated: “{now.title}” ({', '.join(what) or 'wording'} changed)")
            kept.append(replace(story, article=now, summary=summarise(now)))
    renumbered = tuple(replace(story, position=position) for position, story in enumerate(kept, start=1))
    return Refreshed(renumbered, tuple(changes), material)


def differences(before: Article, after: Article) -> list[str]:
    """Which of title, numbers, names, quotations differ between two revisions."""
    found = ["title"] if before.title != after.title else []
    texts = _text(before), _text(after)
    for what, pattern in _PATTERNS.items():
        if set(pattern.findall(texts[0])) != set(pattern.findall(texts[1])):
            found.append(what)
    return found


_PATTERNS = {
    "numbers": re.compile(r"\d+(?:[.,:]\d+)*"),
    # A run of capitalised words inside a sentence; at its start every word has a capital.
    "names": re.compile(r"(?<=[\w,;] )[A-ZÀ-Þ][\w’'-]+(?: [A-ZÀ-Þ][\w’'-]+)*"),
    "quotations": re.compile(r"[“\"«「]([^”\"»」]+)[”\"»」]"),
}


def _text(article: Article) -> str:
    return "\n".join((article.standfirst, *paragraphs(article.body)))
