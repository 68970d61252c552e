"""Summaries: articles a second, beside what merely counting their words takes."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from time import process_time

from bot.articles.text import paragraphs
from bot.model import Article
from bot.summaries.extractive import summarise
from tests.bench.figure import Figure, in_turns
from tests.eval.dataset import BUNDLED, read

SENTENCES_AN_ARTICLE = 30
_WORD = re.compile(r"\w+")
_PARAGRAPHS_AN_ARTICLE = 15


def long_reads(articles: int, seed: int = 7) -> list[Article]:
    """So many English articles of about 30 sentences, their paragraphs drawn from those that ``make eval`` bundles."""
    rng = Random(seed)
    examples = read(BUNDLED / "en.jsonl")
    texts = [text for example in examples for text in example.paragraphs]
    return [
        replace(
            rng.choice(examples).article,
            guid=str(number),
            body="".join(f"<p>{text}</p>" for text in rng.sample(texts, _PARAGRAPHS_AN_ARTICLE)),
        )
        for number in range(articles)
    ]


def measured(articles: int, repeats: int) -> list[Figure]:
    """Of ``summarise`` at its default and at three sentences."""
    made = long_reads(articles)
    texts = ["\n".join(paragraphs(each.body)) for each in made]
    pairs = in_turns(
        repeats, lambda: _rate(lambda: [summarise(each) for each in made], articles), lambda: _counting(texts)
    )
    three = [
        _rate(lambda: [summarise(each, sentences=3, characters=420) for each in made], articles) for _ in range(repeats)
    ]
    return [
        Figure(
            name="summaries.rate",
            value=max(pairs.candidate),
            aim=200,
            unit="/s",
            why="articles/s of processor time of about 30 sentences that are summarised in two, the best run",
            raw=pairs.raw(),
        ),
        Figure(
            name="summaries.three",
            value=max(three),
            aim=200,
            unit="/s",
            why="the same in three sentences and 420 characters",
            raw={"rates": [round(each, 1) for each in three]},
        ),
        Figure(
            name="summaries.over_counting",
            value=1 / pairs.ratio,
            aim=40,
            at_most=True,
            why="the time of the first ÷ of counting the words of the same texts",
            raw=pairs.raw(),
        ),
    ]


def _counting(texts: Sequence[str]) -> float:
    return _rate(lambda: [Counter(_WORD.findall(text.casefold())) for text in texts], len(texts))


def _rate(work: Callable[[], object], articles: int) -> float:
    gc.collect()
    begun = process_time()
    work()
    return articles / (process_time() - begun)
