"""One event, told by one or more articles; and what was said about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.model.article import Article


@dataclass(frozen=True, slots=True)
class Story:
    """One or more articles about one event. ``others`` are copies or other tellings, the lead left out."""

    lead: Article
    others: tuple[Article, ...] = ()

    @property
    def articles(self) -> tuple[Article, ...]:
        return (self.lead, *self.others)


@dataclass(frozen=True, slots=True)
class Summary:
    """A short text about a story. ``sentences`` are the article's own sentences it consists of.

    ``origin`` says how it was made: ``standfirst``, ``extract``, ``llm`` (by a language model) or
    ``editor``.
    """

    text: str
    sentences: tuple[str, ...] = ()
    origin: str = "standfirst"


@dataclass(frozen=True, slots=True)
class Pick:
    """A story that a selection picked, with the reason an editor reads (a ``Phrase``) and the score's parts."""

    story: Story
    reason: str
    score: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejection:
    """An article that a selection left out. ``rule`` is stable (``copy``), ``reason``, a ``Phrase``, is for people."""

    article: Article
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Selected:
    """The outcome of a selection: what goes in, in order, and what stays out and why.

    ``skip`` is the reason when no edition should be made ("" otherwise); ``hold`` the reason when an editor must
    look first ("" otherwise).
    """

    picks: tuple[Pick, ...]
    rejections: tuple[Rejection, ...] = ()
    skip: str = ""
    hold: str = ""
