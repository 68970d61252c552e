"""Two revisions of a text as an editor compares them: word by word, with what did not change folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

import regex

from bot.articles.text import passages
from bot.model import Article

PARAGRAPHS = 300
"""Of each revision; comparing takes the square of it at worst."""
WORDS = 600
"""Of a paragraph; of longer ones both are shown whole."""
_ALIKE = 0.35
"""Share of words that two paragraphs have in common to be told as one that changed."""
# Words with what is joined to them, single characters of scripts without spaces, and all between.
_PART = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|[^\s\p{Han}\p{Hiragana}\p{Katakana}]+|\s+")

Kind = Literal["same", "was", "now"]


@dataclass(frozen=True, slots=True)
class Run:
    """Words that stand in both (``same``), in the old revision alone (``was``), or in the new one alone (``now``)."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph. ``heading``: it is a headline or subhead."""

    runs: tuple[Run, ...]
    heading: bool = False

    @property
    def changed(self) -> bool:
        return any(run.kind != "same" for run in self.runs)


@dataclass(frozen=True, slots=True)
class Folded:
    """So many paragraphs that did not change."""

    count: int


def side_by_side(before: Article, after: Article) -> tuple[Paragraph, ...]:
    """Title, standfirst and text of both revisions, a paragraph each, in the order of the new one."""
    tops = [
        Paragraph(compared(" ".join(was.split()), " ".join(now.split())), heading=heading)
        for was, now, heading in (
            (before.title, after.title, True),
            (before.standfirst, after.standfirst, False),
        )
        if was.strip() or now.strip()
    ]
    return (*tops, *_body(_texts(before), _texts(after)))


def folded(paragraphs: Sequence[Paragraph]) -> tuple[Paragraph | Folded, ...]:
    """Only what changed; paragraphs between are counted."""
    found: list[Paragraph | Folded] = []
    for each in paragraphs:
        last = found[-1] if found else None
        if each.changed:
            found.append(each)
        elif isinstance(last, Folded):
            found[-1] = Folded(last.count + 1)
        else:
            found.append(Folded(1))
    return tuple(found)


def compared(was: str, now: str) -> tuple[Run, ...]:
    """The words of two texts, what was taken out before what came in its place."""
    if was == now:
        return (Run("same", now),)
    old, new = _PART.findall(was), _PART.findall(now)
    if max(len(old), len(new)) > 2 * WORDS:
        return tuple(run for run in (Run("was", was), Run("now", now)) if run.text)
    return tuple(_joined(_runs(old, new)))


def gone(paragraphs: Sequence[Paragraph]) -> frozenset[str]:
    """The words that stand in the old revision alone, in small letters."""
    words: dict[Kind, set[str]] = {"same": set(), "was": set(), "now": set()}
    for each in paragraphs:
        for run in each.runs:
            words[run.kind] |= {_bare(part) for part in run.text.split()}
    return frozenset(words["was"] - words["now"] - words["same"] - {""})


def marked(text: str, words: frozenset[str]) -> tuple[Run, ...]:
    """``text`` with those of its words that are among ``words`` told apart, as ``was``."""
    parts = _PART.findall(text)
    return tuple(_joined(("was" if _bare(part) in words else "same", part) for part in parts))


def _bare(word: str) -> str:
    return word.strip(".,;:!?\"'“”‘’()[]«»„").casefold()


def _texts(article: Article) -> list[tuple[str, bool]]:
    return [(each.text, each.heading) for each in passages(article.body)[:PARAGRAPHS]]


def _body(old: Sequence[tuple[str, bool]], new: Sequence[tuple[str, bool]]) -> Iterator[Paragraph]:
    matched = SequenceMatcher(None, old, new, autojunk=False)
    for what, first, end, other, until in matched.get_opcodes():
        if what == "equal":
            yield from (Paragraph((Run("same", text),), heading) for text, heading in new[other:until])
        else:
            yield from _replaced(old[first:end], new[other:until])


def _replaced(old: Sequence[tuple[str, bool]], new: Sequence[tuple[str, bool]]) -> Iterator[Paragraph]:
    """Each new paragraph beside the old one that it was made of, if one is alike; the order of both is kept."""
    waiting = list(old)
    for text, heading in new:
        place = next((at for at, (was, _) in enumerate(waiting[:8]) if _alike(was, text)), None)
        if place is None:
            yield Paragraph((Run("now", text),), heading)
            continue
        yield from (Paragraph((Run("was", was),), was_heading) for was, was_heading in waiting[:place])
        yield Paragraph(compared(waiting[place][0], text), heading)
        del waiting[: place + 1]
    yield from (Paragraph((Run("was", was),), heading) for was, heading in waiting)


def _alike(was: str, now: str) -> bool:
    old, new = (frozenset(_PART.findall(each.casefold())) - {" "} for each in (was, now))
    return bool(old and new) and len(old & new) / min(len(old), len(new)) >= _ALIKE


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    for what, first, end, other, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield "same", "".join(new[other:until])
        else:
            yield "was", "".join(old[first:end])
            yield "now", "".join(new[other:until])


def _joined(parts: Iterator[tuple[Kind, str]]) -> Iterator[Run]:
    """Neighbours of one kind as one run; a space alone between two changes belongs to both."""
    pending: dict[Kind, str] = {}
    runs: list[Run] = []

    def settle() -> None:
        for kind in ("was", "now"):
            if pending.get(kind):
                runs.append(Run(kind, pending[kind]))
        pending.clear()

    listed = list(parts)
    for place, (kind, text) in enumerate(listed):
        if not text:
            continue
        if kind != "same":
            pending[kind] = pending.get(kind, "") + text
        elif text.isspace() and {"was", "now"} & pending.keys() and _goes_on(listed, place):
            pending.update({name: pending[name] + text for name in pending})
        else:
            settle()
            if runs and runs[-1].kind == "same":
                runs[-1] = Run("same", runs[-1].text + text)
            else:
                runs.append(Run("same", text))
    settle()
    return iter(runs)


def _goes_on(parts: Sequence[tuple[Kind, str]], place: int) -> bool:
    return any(text and kind != "same" for kind, text in parts[place + 1 : place + 3])
