"""Methods over examples: what each scores, how far that is from the lead, and how fast it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

from tests.eval.bootstrap import Difference, difference
from tests.eval.dataset import Example
from tests.eval.methods import Budget, Method
from tests.eval.rouge import Rouge, rouge


@dataclass(frozen=True, slots=True)
class Measured:
    """A method over examples, in their order: the score of each summary, its characters, seconds of processor time."""

    scores: tuple[Rouge, ...]
    characters: int
    seconds: float

    @property
    def means(self) -> list[float]:
        return [score.mean for score in self.scores]


@dataclass(frozen=True, slots=True)
class Row:
    """A method's means over a set, its difference to each lead, and its articles a second of processor time."""

    method: str
    scores: Rouge
    over_lead: Difference
    over_lead_in_budget: Difference
    characters: float
    rate: float


def measure(examples: Sequence[Example], method: Method, budget: Budget) -> Measured:
    """``method`` at work, and what its summaries are worth."""
    begun = process_time()
    summaries = [method(example, budget) for example in examples]
    seconds = process_time() - begun
    scores = tuple(
        rouge(summary, example.references, example.article.language)
        for summary, example in zip(summaries, examples, strict=True)
    )
    return Measured(scores, sum(len("".join(summary)) for summary in summaries), seconds)


def together(parts: Iterable[Measured]) -> Measured:
    """One method over several sets, as if they were one."""
    each = list(parts)
    return Measured(
        tuple(score for part in each for score in part.scores),
        sum(part.characters for part in each),
        sum(part.seconds for part in each),
    )


def rows(measured: Mapping[str, Measured], *, resamples: int, seed: int) -> list[Row]:
    """A row a method; ``measured`` holds "lead" and "lead in budget", all over the same examples."""
    lead, fitting = measured["lead"].means, measured["lead in budget"].means
    return [
        Row(
            name,
            _mean(each.scores),
            difference(each.means, lead, resamples=resamples, seed=seed),
            difference(each.means, fitting, resamples=resamples, seed=seed),
            each.characters / len(each.scores),
            len(each.scores) / max(each.seconds, 1e-9),
        )
        for name, each in measured.items()
    ]


def _mean(scores: Sequence[Rouge]) -> Rouge:
    count = len(scores)
    return Rouge(
        sum(score.one for score in scores) / count,
        sum(score.two for score in scores) / count,
        sum(score.long for score in scores) / count,
    )
