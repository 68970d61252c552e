"""Methods over examples: what each scores, how far that is from the lead, and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import process_time

from tests.eval.bootstrap import Difference, difference
from tests.eval.dataset import Example
from tests.eval.methods import Budget, Method
from tests.eval.rouge import Rouge, rouge


@dataclass(frozen=True, slots=True)
class Row:
    """A method's means over a set, its difference to each lead, and its articles a second of processor time."""

    method: str
    scores: Rouge
    over_lead: Difference
    over_lead_in_budget: Difference
    characters: float
    rate: float


def rows(
    examples: Sequence[Example], methods: Mapping[str, Method], budget: Budget, *, resamples: int, seed: int
) -> list[Row]:
    """A row a method, in their order; ``methods`` holds "lead" and "lead in budget"."""
    made: dict[str, tuple[list[Rouge], float, float]] = {}
    for name, method in methods.items():
        begun = process_time()
        summaries = [method(example, budget) for example in examples]
        seconds = process_time() - begun
        scores = [
            rouge(summary, example.references, example.article.language)
            for summary, example in zip(summaries, examples, strict=True)
        ]
        characters = sum(len("".join(summary)) for summary in summaries) / len(examples)
        made[name] = scores, characters, len(examples) / max(seconds, 1e-9)
    means = {name: [score.mean for score in scores] for name, (scores, _, _) in made.items()}
    return [
        Row(
            name,
            _mean(scores),
            difference(means[name], means["lead"], resamples=resamples, seed=seed),
            difference(means[name], means["lead in budget"], resamples=resamples, seed=seed),
            characters,
            rate,
        )
        for name, (scores, characters, rate) in made.items()
    ]


def _mean(scores: Sequence[Rouge]) -> Rouge:
    count = len(scores)
    return Rouge(
        sum(score.one for score in scores) / count,
        sum(score.two for score in scores) / count,
        sum(score.long for score in scores) / count,
    )
