"""What a schedule makes for one slot: stories frozen, every rendition rendered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model.article import Article
from bot.model.correction import Correction
from bot.model.story import Summary
from bot.model.words import EditionWords, StoryWords


class EditionState(StrEnum):
    """The states of docs/design.md, "Edition: states"."""

    DRAFTED = "drafted"
    SKIPPED = "skipped"
    AWAITING = "awaiting"
    APPROVED = "approved"
    HELD = "held"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """No way leads out of it."""
        return self in {EditionState.SKIPPED, EditionState.SENT, EditionState.CANCELLED, EditionState.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionStory:
    """A story as an edition froze it. ``also`` are the other tellings: (who, URL), ``also_about`` their topics.

    ``subject`` and ``post`` are a machine's words on it, for a subject line and for a post; "" when there are none.
    ``words`` are an editor's: ``article`` and ``summary`` stay as they were, ``told`` has both together.
    """

    position: int
    article: Article
    summary: Summary
    also: tuple[tuple[str, str], ...] = ()
    article_ids: tuple[int, ...] = ()
    also_about: tuple[str, ...] = ()
    reason: str = ""
    subject: str = ""
    post: str = ""
    words: StoryWords = field(default_factory=StoryWords)

    @property
    def told(self) -> EditionStory:
        """The story as readers get it: an editor's words in the place of the article's and the program's."""
        words = self.words
        if not words.any:
            return self
        image = self.article.image if words.picture else None
        if image:
            image = replace(image, alt=words.alt or image.alt, credit=words.credit or image.credit)
        return replace(
            self,
            article=replace(self.article, title=words.title or self.article.title, image=image),
            summary=Summary(words.summary, (), "editor") if words.summary else self.summary,
        )

    @property
    def topics(self) -> frozenset[str]:
        """The sections and tags of all its articles, case folded: what readers choose by."""
        named = (*self.article.sections, *self.article.tags, *self.also_about)
        return frozenset(folded for each in named if (folded := each.strip().casefold()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An edition as a mail. ``html`` and ``text`` hold the merge fields of ``bot.model.merge`` as holes.

    ``web`` is the same edition as a public page: nothing personal, no hole; ``card`` is the name of the hosted picture
    that networks show for it, "" without. ``bulk``: it goes to a list, and its header says how to leave it; a notice
    that one person asked for is none. ``left_out`` is how many of the last stories stand on ``web`` only, for want of
    room.
    """

    subject: str
    preheader: str
    html: str
    text: str
    web: str = ""
    language: str = "en"
    bulk: bool = True
    left_out: int = 0
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a network shows below a post's text: the page it links to."""

    url: str
    title: str
    description: str = ""
    image_url: str = ""
    image_alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPicture:
    """A picture that a post shows as its own. ``alt`` is never empty; ``credit`` may be."""

    url: str
    alt: str
    credit: str = ""


class PostAct(StrEnum):
    """What a channel does with a post. All but the first are done to one that stands: ``Post.target``."""

    POST = "post"
    EDIT = "edit"
    REPLACE = "replace"
    """Takes down the one that stands, then posts this one."""
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An edition's or an article's rendition for one social channel: plain text in NFC, not escaped for any network.

    ``text`` holds ``url`` at most once. ``hashtags`` are those that stand in it, with their ``#``. ``warning`` are the
    words behind which it is folded (CW), "" without; ``sensitive``: its pictures are, too. ``language`` is BCP 47.
    ``answers``: the network's name (``Receipt.id``) of the post to which it is a reply; "": it stands on its own.
    ``follows`` is the subject of the part before it in its thread, "" for the first: what it answers is known, and
    filled in, when that one has been sent. ``part`` and ``parts`` are its place in the thread (1 of 1 without).
    ``act`` is what is done with it, and ``target`` the network's name of the post that it is done to.
    """

    text: str
    url: str = ""
    card: Card | None = None
    language: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    answers: str = ""
    pictures: tuple[PostPicture, ...] = ()
    hashtags: tuple[str, ...] = ()
    warning: str = ""
    sensitive: bool = False
    follows: str = ""
    part: int = 1
    parts: int = 1
    act: PostAct = PostAct.POST
    target: str = ""


ARTICLE = "article:"
"""How the key of a slot begins that is one article's, on publish; its id follows."""
CORRECTION = "correction:"
"""How the slot keys of editions begin that correct what was sent, or take it down: no slot's key does."""
CORRECTION_MAIL = f"{CORRECTION}mail:"
"""Those of them that are a mail to the readers who have what was wrong; the correction's id follows."""

VARIANT = "variant-"
"""How the subjects of renditions begin that only some readers get: no article's id does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """An edition made ready for one channel.

    ``subject`` is "" for the whole edition, else an article's id, or a variant's (``VARIANT``). ``images`` are the
    names of the hosted pictures that it shows; only when it is made.
    """

    channel: str
    subject: str = ""
    email: Email | None = None
    post: Post | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """An address in an edition whose clicks are counted: in all, and never whose."""

    number: int
    url: str
    clicks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEdition:
    """An edition that went out, as the archive lists it: its lead story's headline and summary, its stories' number.

    ``slot`` is in UTC, ``sent`` when the last delivery ended. ``corrected``: something it said was corrected since.
    """

    id: str
    schedule: str
    name: str
    slot: datetime
    sent: datetime
    headline: str
    summary: str
    stories: int
    corrected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition. ``slot`` is the due time in UTC, ``slot_key`` the unique key of docs/design.md.

    ``renditions`` are those that all readers share; variants are asked for by name. ``links`` are the addresses whose
    clicks are counted, the first is number 1; only when it is made, and none while clicks are not counted.
    ``corrections`` are those that it tells.
    ``version`` counts from 1 with each change of what readers are told; ``words`` are an editor's for the whole of it.
    ``attempts_dropped`` and ``folded``: until when (UTC) it was kept what servers said, and who got it; None: it is.
    """

    id: str
    schedule: str
    slot_key: str
    slot: datetime
    state: EditionState
    name: str = ""
    reason: str = ""
    created: datetime
    stories: tuple[EditionStory, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    links: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    approval: bool = False
    version: int = 1
    words: EditionWords = field(default_factory=EditionWords)
    snapshot: int | None = None
    sent: datetime | None = None
    attempts_dropped: datetime | None = None
    folded: datetime | None = None
