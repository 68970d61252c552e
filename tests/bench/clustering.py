"""Finding the stories of a window: articles a second, beside what merely counting their words takes."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from time import process_time

from bot.model import Article, Story
from bot.stories.copies import stories_of
from bot.stories.events import events_of
from bot.stories.vocabulary import Vocabulary
from tests.bench.figure import Figure, in_turns

BEGAN = datetime(2026, 11, 23, 6, tzinfo=UTC)
WORDS, EVENT_WORDS, TELLINGS = 60, 14, 2.5
_WORD = re.compile(r"\w+")


def window(articles: int, seed: int = 7) -> list[Article]:
    """So many invented articles of 60 words, two or three to an event: ten words are the event's, the others anybody's.

    How often a word is used falls as in a language (Zipf).
    """
    rng = Random(seed)
    letters = "bcdfghjklmnpqrstvwz"
    names = [
        "".join(rng.choice(letters) + rng.choice("aeiou") for _ in range(rng.randint(1, 4))) for _ in range(20_000)
    ]
    share = list(accumulate(1 / (rank + 2) for rank in range(len(names))))
    events = [rng.sample(names[300:], EVENT_WORDS) for _ in range(int(articles / TELLINGS))]
    made = []
    for number in range(articles):
        event = rng.choice(events)
        said = rng.sample(event, 10) + rng.choices(names, cum_weights=share, k=WORDS - 16)
        rng.shuffle(said)
        title = [*rng.sample(event, 4), *rng.choices(names, cum_weights=share, k=2)]
        made.append(
            Article(
                source=f"outlet{rng.randrange(40)}",
                guid=f"{number}",
                url=f"https://outlet.example/{number}",
                title=" ".join(title),
                published=BEGAN + timedelta(seconds=rng.randrange(72 * 3600)),
                body=f"<p>{' '.join(said)}</p>",
            )
        )
    return made


def measured(articles: int, repeats: int) -> list[Figure]:
    """Of ``events_of``, and of it and ``stories_of`` together."""
    made = window(articles)
    stories = [Story(each) for each in made]
    texts = [f"{each.title} {each.body}" for each in made]
    known = Vocabulary()
    events = in_turns(repeats, lambda: _rate(lambda: events_of(stories, known), articles), lambda: _counting(texts))
    whole = [_rate(lambda: events_of(stories_of(made), known), articles) for _ in range(repeats)]
    return [
        Figure(
            name="stories.events",
            value=max(events.candidate),
            aim=20_000,
            unit="/s",
            why=f"articles/s of processor time of a window of {articles:,} whose events are found, the best run",
            raw=events.raw(),
        ),
        Figure(
            name="stories.over_counting",
            value=1 / events.ratio,
            aim=10,
            at_most=True,
            why="the time of that ÷ of counting the words of the same texts",
            raw=events.raw(),
        ),
        Figure(
            name="stories.whole",
            value=max(whole),
            aim=3_000,
            unit="/s",
            why="articles/s of the same with the copies found first",
            raw={"rates": [round(each, 1) for each in whole]},
        ),
    ]


def _counting(texts: Sequence[str]) -> float:
    return _rate(lambda: [Counter(_WORD.findall(text.casefold())) for text in texts], len(texts))


def _rate(work: Callable[[], object], articles: int) -> float:
    gc.collect()
    begun = process_time()
    work()
    return articles / (process_time() - begun)
