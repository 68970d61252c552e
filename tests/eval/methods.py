"""What is compared: Broadsheet's summary, the article's lead, and sumy's methods where sumy is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.summaries.cutting import cut
from bot.summaries.extractive import summarise
from bot.summaries.sentences import split_sentences
from bot.summaries.units import spaced
from tests.eval.dataset import Example


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many sentences in at most so many characters; ``characters`` None: as long as they are."""

    sentences: int
    characters: int | None = None

    def __str__(self) -> str:
        room = f" in {self.characters} characters" if self.characters else ""
        return f"{self.sentences} sentence{'' if self.sentences == 1 else 's'}{room}"


Method = Callable[[Example, Budget], Sequence[str]]
"""Gives the sentences of a summary."""
_NO_LIMIT = 10**9


def broadsheet(example: Example, budget: Budget) -> Sequence[str]:
    """The program's own default."""
    summary = summarise(example.article, sentences=budget.sentences, characters=budget.characters or _NO_LIMIT)
    return summary.sentences if spaced(summary.sentences) == summary.text else [summary.text]


def lead(example: Example, budget: Budget) -> Sequence[str]:
    """The first sentences of the text as it came, whatever their length: lead-3 of the papers."""
    return list_sentences(example)[: budget.sentences]


def lead_in_budget(example: Example, budget: Budget) -> Sequence[str]:
    """The first sentences as long as they fit; the first is cut where it alone does not."""
    return fitted(lead(example, budget), budget)


def fitted(sentences: Sequence[str], budget: Budget) -> Sequence[str]:
    """The first of ``sentences`` that fit into the budget's characters together, at least a part of one."""
    if budget.characters is None or not sentences:
        return sentences
    for count in range(len(sentences), 0, -1):
        if len(spaced(sentences[:count])) <= budget.characters:
            return sentences[:count]
    return [cut(sentences[0], budget.characters)]


def list_sentences(example: Example) -> list[str]:
    """All sentences of the text, by the program's own splitter: no method is better off by its splitter."""
    return [sentence for text in example.paragraphs for sentence in split_sentences(text, example.article.language)]


def methods() -> dict[str, Method]:
    """By the name in the table; sumy's are not there when sumy is not installed."""
    found: dict[str, Method] = {"lead": lead, "lead in budget": lead_in_budget, "broadsheet": broadsheet}
    try:
        from tests.eval import sumy
    except ImportError:
        return found
    return found | sumy.methods()
