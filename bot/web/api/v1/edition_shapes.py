"""Editions, as ``/api/v1`` shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from bot.model import DeliveryState, Edition, EditionState, EditionStory, Finding, Grade, Rendition
from bot.schedules.truth import TextFinding
from bot.web.api.v1.api import Given, Line, Shown, Text, Word


class Brief(Shown):
    """An edition without what it says. ``snapshot`` is how many deliveries it has, null before it is sent."""

    id: str
    schedule: str
    slot_key: str
    slot: datetime
    state: EditionState
    name: str
    reason: str
    created: datetime
    approval: bool
    version: int
    snapshot: int | None
    sent: datetime | None


class Story(BaseModel):
    """A story as readers are told it. ``reason`` is why it was picked; ``own`` of what an editor wrote it."""

    position: int
    article: int
    revision: int
    title: str
    summary: str
    url: str
    picture: str
    alt: str
    credit: str
    reason: str
    articles: list[int]
    pinned: str
    written: bool

    @classmethod
    def of(cls, story: EditionStory) -> Story:
        told = story.told
        image = told.article.image
        return cls(
            position=story.position,
            article=story.article.id,
            revision=story.article.revision,
            title=told.article.title,
            summary=told.summary.text,
            url=told.article.url,
            picture=image.url if image else "",
            alt=image.alt if image else "",
            credit=image.credit if image else "",
            reason=story.reason,
            articles=list(story.article_ids),
            pinned=story.words.pinned,
            written=story.words.any,
        )


class Mail(Shown):
    """The mail; ``html`` and ``text`` are had by `?whole=true` alone."""

    subject: str
    preheader: str
    language: str
    html: str = ""
    text: str = ""


class Posted(Shown):
    """A post's text, and the link of its card."""

    text: str
    url: str
    language: str


class RenditionShown(BaseModel):
    """What goes out on one channel. ``subject`` is "" for the whole edition, else which story or part it is."""

    channel: str
    subject: str
    email: Mail | None = None
    post: Posted | None = None

    @classmethod
    def of(cls, made: Rendition, *, whole: bool) -> RenditionShown:
        email = Mail.model_validate(made.email) if made.email else None
        if email and not whole:
            email = email.model_copy(update={"html": "", "text": ""})
        post = Posted.model_validate(made.post) if made.post else None
        return cls(channel=made.channel, subject=made.subject, email=email, post=post)


class TextFound(BaseModel):
    """Something in an editor's words that the article does not say. ``fix``: it stands in the way of a yes."""

    key: str
    place: str
    article: int
    channel: str
    subject: str
    what: str
    text: str
    nearest: str
    mending: str
    fix: bool

    @classmethod
    def of(cls, found: TextFinding) -> TextFound:
        names = ("key", "place", "article", "channel", "subject", "what", "text", "nearest", "mending")
        return cls(**{name: getattr(found, name) for name in names}, fix=found.stands_in_the_way)


class Check(Shown):
    """What a look at the whole found."""

    check: str
    grade: Grade
    said: str
    where: str
    fix: str


class Whole(Brief):
    """An edition with all that it says and what was found in it."""

    stories: list[Story]
    renditions: list[RenditionShown]
    texts: list[TextFound]
    checks: list[Check]
    expires: datetime | None

    @classmethod
    def made(
        cls,
        edition: Edition,
        texts: tuple[TextFinding, ...],
        checks: tuple[Finding, ...],
        expires: datetime | None,
        *,
        whole: bool,
    ) -> Whole:
        brief: dict[str, Any] = {name: getattr(edition, name) for name in Brief.model_fields}
        return cls(
            **brief,
            stories=[Story.of(each) for each in edition.stories],
            renditions=[RenditionShown.of(each, whole=whole) for each in edition.renditions],
            texts=[TextFound.of(each) for each in texts],
            checks=[Check.model_validate(each) for each in checks],
            expires=expires,
        )


class Reason(BaseModel):
    """Deliveries that did not go through, by reason."""

    state: DeliveryState
    reason: str
    said: str
    number: int


class Totals(BaseModel):
    """How far it is. ``rate`` is a second, ``about`` when it is done; null when that cannot be told."""

    state: EditionState
    total: int
    done: int
    states: dict[DeliveryState, int]
    rate: float | None
    about: datetime | None
    next_try: datetime | None
    reasons: list[Reason]


class Figures(Shown):
    """How followers reacted. A figure is null where the network does not tell it, or did not yet."""

    likes: int | None
    reposts: int | None
    replies: int | None
    quotes: int | None
    views: int | None


class ReactionsShown(Figures):
    """``first_day`` is how many there were a day after it went out, ``looked`` when the network told it last.

    ``gone``: since when it no longer has the post.
    """

    first_day: int | None
    looked: datetime | None
    gone: datetime | None


class DeliveryShown(Shown):
    """What became of the edition for one reader or one post; ``destination`` is whole for who may edit.

    ``reactions`` is null for mails, and for posts of whose network nobody asks.
    """

    id: int
    channel: str
    subject: str
    state: DeliveryState
    destination: str
    audience: str
    subscriber: int | None
    reason: str
    attempts: int
    not_before: datetime | None
    code: int
    enhanced: str
    text: str
    server: str
    updated: datetime | None
    reactions: ReactionsShown | None = None


class Decided(Given):
    """A yes or a no. ``version`` is the one that was seen: another one is refused."""

    version: int = Field(ge=1)
    note: Line = ""
    overrule: list[Word] = Field(default=[], max_length=100, description="Keys of findings that may stand.")


class Returned(Given):
    """What to change, and of which version."""

    version: int = Field(ge=1)
    note: Line = Field(min_length=1)


class Test(Given):
    """Whom the test goes to; "" is the token's user."""

    to: Line = ""


class Lines(Given):
    """null leaves a line as it is, "" goes back to the schedule's own."""

    version: int = Field(ge=1)
    subject: Line | None = None
    preheader: Line | None = None


class PostText(Given):
    """The text of one rendition; "" goes back to the template's."""

    version: int = Field(ge=1)
    channel: Word
    subject: Word = ""
    text: Text


class StoryText(Given):
    """null leaves a thing as it is, "" goes back to the article's own words."""

    version: int = Field(ge=1)
    title: Line | None = None
    summary: Text | None = None
    alt: Line | None = None
    credit: Line | None = None
    picture: bool | None = None
    pinned: bool | None = None


class Order(Given):
    """All stories by their articles' ids, in the order that they are to have."""

    version: int = Field(ge=1)
    articles: list[int] = Field(min_length=1, max_length=200)


class Added(Given):
    """An article that becomes a story; ``at`` 0 is the last place."""

    version: int = Field(ge=1)
    article: int = Field(ge=1, le=2**53 - 1)
    at: int = Field(default=0, ge=0, le=200)


class Retold(Given):
    """``by`` is one of the story's ``articles``."""

    version: int = Field(ge=1)
    by: int = Field(ge=1, le=2**53 - 1)


class Retry(Given):
    """null: all mails that are deferred; else those of one ``reason``. ``delivery``: a post that failed instead."""

    reason: Word | None = None
    delivery: int | None = Field(default=None, ge=1, le=2**53 - 1)


class Hit(Shown):
    """``tried``: of how many mails to that provider; 0 where that was not counted."""

    provider: str
    number: int
    tried: int


class Answer(Shown):
    """What servers said, without the reader, and of how many."""

    said: str
    number: int


class SuspectsShown(Shown):
    """Addresses that came back as dead at once and wait for a person's word: 0 when none does.

    ``tried`` are the edition's mails that a server took or refused, ``since`` is when the first came back. Providers
    and answers are the five of most. ``last`` names them in the call that decides.
    """

    number: int = 0
    last: int = 0
    since: datetime | None = None
    tried: int = 0
    providers: list[Hit] = []
    answers: list[Answer] = []


class Settle(Given):
    """``dead``: they are never mailed again; else they stay readers. ``last`` is of the answer that showed them."""

    dead: bool
    last: int = Field(ge=1, le=2**53 - 1)


class Resolve(Given):
    """``arrived``: they are left as they are; else they are sent again. ``delivery`` null: all that are unknown."""

    arrived: bool
    delivery: int | None = Field(default=None, ge=1, le=2**53 - 1)
