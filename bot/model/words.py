"""What an editor wrote in an edition, and what readers are told by it: version by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryWords:
    """What stands in the place of an article's words; "" is what the article, or the program, says.

    ``picture``: whether the article's picture is shown. ``pinned`` is who pinned the story to its place, "" when
    nobody did.
    """

    title: str = ""
    summary: str = ""
    alt: str = ""
    credit: str = ""
    picture: bool = True
    pinned: str = ""

    @property
    def any(self) -> bool:
        """Whether readers see any of it."""
        return bool(self.title or self.summary or self.alt or self.credit or not self.picture)


@dataclass(frozen=True, slots=True)
class PostWords:
    """An editor's text for the post on ``channel`` about the article ``article`` (of the lead, when one is for all)."""

    channel: str
    article: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionWords:
    """What an editor wrote for a whole edition. ``about`` is the lead's article when the two lines were written: when
    that leaves the edition, they do.
    """

    subject: str = ""
    preheader: str = ""
    about: int = 0
    posts: tuple[PostWords, ...] = ()

    def post(self, channel: str, article: int) -> str:
        """An editor's text for this post, "" when there is none."""
        return next((each.text for each in self.posts if (each.channel, each.article) == (channel, article)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStory:
    """A story as readers get it. ``article`` and ``revision`` are what it was written from."""

    article: int
    revision: int
    title: str
    summary: str
    alt: str = ""
    credit: str = ""
    picture: bool = False
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class ToldPost:
    """A post as it goes out. ``subject`` is its rendition's."""

    channel: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that an edition tells, as one version of it had it."""

    subject: str = ""
    preheader: str = ""
    stories: tuple[ToldStory, ...] = ()
    posts: tuple[ToldPost, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionVersion:
    """One version of an edition: ``who`` made it of the one before, when (UTC), and ``what`` they did.

    ``approved`` and ``approver``: when this version was approved last, and by whom; None and "" when it never was.
    """

    number: int
    at: datetime
    who: str
    what: str
    told: Told
    approved: datetime | None = None
    approver: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruling:
    """A finding that an approver let stand: ``key`` is the finding's, ``note`` says why."""

    key: str
    who: str
    at: datetime
    note: str
