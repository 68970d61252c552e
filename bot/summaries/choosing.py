"""Which sentences of an article make its summary: the most telling ones together, that fit, and can stand alone.

Position, centrality and diversity (maximal marginal relevance, Carbonell & Goldstein 1998), chosen as a set rather than
one after the other, so that the budget is filled: see docs/summaries.md for what each is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from bot.stories.vocabulary import terms
from bot.summaries.antecedents import leans
from bot.summaries.introductions import names
from bot.summaries.quotes import Quotes, begins_with_speech, quotes
from bot.summaries.salience import Telling, likeness, tellings
from bot.summaries.units import Unit, gap, spaced

REDUNDANCY = 2.0
"""What it costs to say the same again (cosine 1)."""
SENTENCE = 0.45
"""What any sentence more is worth; so one from far down is only taken for what it tells."""
LEAD = 0.4
"""A lead at least so like its article, against the sentence most like it, is the news, and begins the summary."""

_CANDIDATES, _WIDTH = 12, 300
_QUESTION = regex.compile(r"[?？؟⸮][\"'”’»“‘」』）)\]\s]*$")
_INTRODUCTION = regex.compile(r"[:：]\s*$")
_ONLY_QUOTED = regex.compile(r"""["“„«»「『].*["”“»«」』][.,]?\s*$""", regex.DOTALL)
_CALL = regex.compile(
    r"(?:scroll down|click here|tap here|read more|see also|watch (?:the |a )?videos?"
    r"|hier klicken|cliquez ici|haga clic)\b",
    regex.IGNORECASE,
)
_FEWEST_TERMS = 3


def candidates(told: Sequence[Unit], tag: str) -> tuple[int, ...]:
    """Where in ``told`` units stand that a summary may hold, in order.

    Left out are halves of quotations, quotations without their speaker, questions, introductions ("… the following:"),
    calls to the reader, and what leans on a sentence that is left out. ``tag`` is a BCP 47 tag.
    """
    kept: list[int] = []
    for at, unit in enumerate(told):
        if _tells(unit) and (at == 0 or not leans(unit.text, tag) or (kept and kept[-1] == at - 1)):
            kept.append(at)
    return tuple(kept)


def choose(
    told: Sequence[Unit], able: Sequence[int], *, title: str, tag: str, sentences: int, characters: int
) -> tuple[int, ...]:
    """The best of ``able``, a part of ``candidates(told, tag)``, in order: together within the budget.

    A unit that leans is only there right after its predecessor, a surname alone only after the full name. Empty when
    none fits; the same for the same arguments.
    """
    weighed = tellings(told, title)
    fitting = [at for at in able if len(told[at].text) <= characters and len(told[at].sentences) <= sentences]
    if not fitting or _together(told, able, sentences, characters):
        return tuple(fitting)
    named = names([unit.text for unit in told], title, tag)
    leaning = frozenset(at for at in fitting if at > 0 and leans(told[at].text, tag))
    pool = _pool(fitting, leaning, weighed, max(_CANDIDATES, 3 * sentences))
    lead = able[0]
    held = lead in pool and weighed[lead].centrality >= LEAD and _can_lead(told[lead])
    states = [_NOTHING.grown(lead, told[lead], weighed)] if held else [_NOTHING]
    width = max(30, _WIDTH // max(1, sentences // 3))
    for at in pool[1:] if held else pool:
        unit, short = told[at], named[at].short
        grown = [
            state.grown(at, unit, weighed)
            for state in states
            if state.sentences + len(unit.sentences) <= sentences
            and state.length + state.gap + len(unit.text) <= characters
            and (at not in leaning or state.last == at - 1)
            and all(any(name in named[other].named for other in state.chosen) for name in short)
        ]
        states = sorted([*states, *grown], key=lambda state: (-state.score, state.chosen))[:width]
    return next((state.chosen for state in states if state.chosen), ())


@dataclass(frozen=True, slots=True)
class _State:
    """Units chosen so far, what they are worth together, and the room they take; ``gap`` stands before the next."""

    score: float = 0.0
    chosen: tuple[int, ...] = ()
    sentences: int = 0
    length: int = 0
    gap: int = 0

    @property
    def last(self) -> int:
        return self.chosen[-1] if self.chosen else -1

    def grown(self, at: int, unit: Unit, weighed: Sequence[Telling]) -> _State:
        again = sum(likeness(weighed[at].vector, weighed[other].vector) for other in self.chosen)
        return _State(
            self.score + SENTENCE + weighed[at].score - REDUNDANCY * again,
            (*self.chosen, at),
            self.sentences + len(unit.sentences),
            self.length + self.gap + len(unit.text),
            gap(unit.text),
        )


_NOTHING = _State()


def _pool(fitting: Sequence[int], leaning: frozenset[int], weighed: Sequence[Telling], most: int) -> list[int]:
    """The ``most`` best of ``fitting`` and the first of them, each with those it leans on, in order."""
    there = frozenset(fitting)
    pool = {fitting[0]}
    for at in sorted(fitting, key=lambda at: (-weighed[at].score, at))[:most]:
        needed = [at]
        while needed[-1] in leaning:
            needed.append(needed[-1] - 1)
        if there.issuperset(needed):
            pool.update(needed)
    return sorted(pool)


def _together(told: Sequence[Unit], able: Sequence[int], sentences: int, characters: int) -> bool:
    """Whether the whole article fits: then there is nothing to choose."""
    few = sum(len(told[at].sentences) for at in able) <= sentences
    return few and len(spaced([told[at].text for at in able])) <= characters


def _can_lead(unit: Unit) -> bool:
    return not begins_with_speech(unit.text) and len(terms(unit.text)) >= _FEWEST_TERMS


def _tells(unit: Unit) -> bool:
    text = unit.text
    return unit.whole and not (
        _QUESTION.search(text)
        or _INTRODUCTION.search(text)
        or _CALL.match(text)
        or (_ONLY_QUOTED.match(text) and _is_one_quotation(text))
    )


def _is_one_quotation(text: str) -> bool:
    inner = text.strip(" .,")[1:-1]
    return '"' not in inner and quotes(inner) is Quotes.WHOLE
