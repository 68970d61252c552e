"""``data/events.jsonl``: short articles of our own about 42 invented events, most of them told by several outlets.

Many are easy to mistake for one another: two council votes of one evening, two matches of one club, three weather
reports, two fires, two strikes. The lines say which event each tells.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from bot.model import Article, Story

FILE = Path(__file__).with_name("data") / "events.jsonl"
BEGAN = datetime(2026, 11, 23, 6, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Telling:
    event: str
    article: Article


def tellings(file: Path = FILE) -> list[Telling]:
    """The lines of a file: ``story``, ``source``, ``hours``, ``language``, ``title``, ``text``."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [
        Telling(
            line["story"],
            Article(
                source=line["source"],
                guid=f"{number}",
                url=f"https://{line['source']}.example/{number}",
                title=line["title"],
                published=BEGAN + timedelta(hours=line["hours"]),
                language=line["language"],
                body=f"<p>{escape(line['text'])}</p>",
            ),
        )
        for number, line in enumerate(lines)
    ]


def b_cubed(stories: Sequence[Story], events: Mapping[str, str]) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean (B³): for each article, how much of its story is of its event.

    ``events`` gives the event of each GUID.
    """
    sizes = Counter(events.values())
    precision = recall = 0.0
    for story in stories:
        held = Counter(events[article.guid] for article in story.articles)
        for event, count in held.items():
            precision += count * count / len(story.articles)
            recall += count * count / sizes[event]
    precision, recall = precision / len(events), recall / len(events)
    return precision, recall, 2 * precision * recall / (precision + recall)


def by_event(known: Sequence[Telling]) -> dict[str, list[Article]]:
    """The articles of each event."""
    found: dict[str, list[Article]] = defaultdict(list)
    for telling in known:
        found[telling.event].append(telling.article)
    return dict(found)
