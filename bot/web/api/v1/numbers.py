"""``/numbers``: how it is going, in sums and edition by edition."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import BaseModel

from bot.model import EditionState, MeasuredPost
from bot.schedules.numbers import MOST, Span, begin_of, overview
from bot.store import measured_posts
from bot.store import numbers as store_numbers
from bot.web.api.v1.api import NO_NUL, Api, Shown
from bot.web.api.v1.caller import Reading
from bot.web.api.v1.deliveries import reactions_of
from bot.web.api.v1.edition_shapes import Figures, ReactionsShown
from bot.web.api.v1.fault import Refused
from bot.web.api.v1.page import Page, whole

Schedule = Annotated[str, Query(max_length=100, pattern=NO_NUL, description='"": all that send mail.')]

AnySchedule = Annotated[str, Query(max_length=100, pattern=NO_NUL, description='"": all, those that only post too.')]


class Sums(Shown):
    """``clicks`` is null where none are counted."""

    editions: int
    readers: int
    accepted: int
    bounced: int
    complaints: int
    unsubscribed: int
    clicks: int | None
    reckoned: datetime | None


class Reacted(Figures):
    """How followers reacted: the sums over ``posts``, of ``looked`` of which something is known."""

    posts: int
    looked: int


class Posted(Shown):
    """The posts of a channel. ``reactions`` is null where nobody asked how followers reacted."""

    channel: str
    accepted: int
    failed: int
    unknown: int
    reactions: Reacted | None = None


class PostNumbers(Shown):
    """A post that stands on a network that tells, ``post`` is its name there."""

    edition: str
    schedule: str
    channel: str
    subject: str
    post: str
    sent: datetime
    reactions: ReactionsShown


class Clicked(Shown):
    """A link that was followed."""

    url: str
    clicks: int
    edition: str


class OverviewShown(BaseModel):
    """The sums of a span and of the one before it. ``readers`` by now, and ``growth`` since; null: not known."""

    since: datetime
    until: datetime
    now: Sums
    before: Sums
    readers: int | None
    growth: int | None
    clicked: list[Clicked]
    posts: list[Posted]


class EditionNumbers(Shown):
    """``readers`` null: it is not reckoned yet."""

    edition: str
    schedule: str
    name: str
    slot: datetime
    state: EditionState
    readers: int | None
    accepted: int
    failed: int
    unknown: int
    bounced: int
    complaints: int
    unsubscribed: int | None
    clicks: int | None
    reckoned: datetime | None


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["numbers"]

    def mails(schedule: str) -> dict[str, str]:
        """Schedule → audience, of those that mail."""
        found = {key: each.audience for key, each in api.installation.settings.schedules.items() if each.audience}
        if schedule and schedule not in found:
            raise Refused(422, "There is no such schedule that sends mail.", pointer="schedule")
        return found

    @router.get("/numbers", tags=tags)
    def sums(caller: Reading, schedule: Schedule = "", span: Span = Span.DAYS) -> OverviewShown:
        """The sums of 28 days, 12 weeks or 12 months, in the newsroom's zone."""
        installation, by_audience = api.installation, mails(schedule)
        with store.read() as tx:
            found = overview(
                tx,
                mails=by_audience,
                every=list(installation.settings.schedules),
                schedule=schedule,
                span=span,
                zone=ZoneInfo(installation.newsroom.timezone),
                now=api.now,
            )
        return OverviewShown(
            since=found.since,
            until=found.until,
            now=Sums.model_validate(found.now),
            before=Sums.model_validate(found.before),
            readers=found.readers,
            growth=found.growth,
            clicked=[Clicked.model_validate(each) for each in found.clicked],
            posts=[_posted(each, found.reacted.get(each.channel)) for each in found.posts],
        )

    @router.get("/numbers/editions", tags=tags)
    def by_edition(caller: Reading, schedule: Schedule = "", span: Span = Span.DAYS) -> Page[EditionNumbers]:
        """The same edition by edition, the newest first; 3,000 at most."""
        now, zone = api.now, ZoneInfo(api.installation.newsroom.timezone)
        chosen = [schedule] if mails(schedule) and schedule else sorted(mails(""))
        with store.read() as tx:
            found = tx.numbers.of_editions(
                chosen, since=begin_of(span, zone, now), until=now + timedelta(seconds=1), limit=MOST
            )
        return whole([EditionNumbers.model_validate(each) for each in found])

    @router.get("/numbers/posts", tags=tags)
    def by_post(caller: Reading, schedule: AnySchedule = "", span: Span = Span.DAYS) -> Page[PostNumbers]:
        """How followers reacted, post by post, the newest first; 3,000 at most."""
        installation = api.installation
        if schedule and schedule not in installation.settings.schedules:
            raise Refused(422, "There is no such schedule.", pointer="schedule")
        now, zone = api.now, ZoneInfo(installation.newsroom.timezone)
        chosen = [schedule] if schedule else sorted(installation.settings.schedules)
        with store.read() as tx:
            found = tx.measured_posts.all(
                chosen, since=begin_of(span, zone, now), until=now + timedelta(seconds=1), limit=MOST
            )
        return whole([_post_numbers(key, post) for key, post in found])


def _posted(posted: store_numbers.Posted, reacted: measured_posts.Reacted | None) -> Posted:
    made = Posted.model_validate(posted)
    if reacted is None:
        return made
    figures = Figures.model_validate(reacted.reactions).model_dump()
    return made.model_copy(update={"reactions": Reacted(posts=reacted.posts, looked=reacted.looked, **figures)})


def _post_numbers(schedule: str, post: MeasuredPost) -> PostNumbers:
    return PostNumbers(
        edition=post.edition,
        schedule=schedule,
        channel=post.channel,
        subject=post.subject,
        post=post.post,
        sent=post.sent,
        reactions=reactions_of(post),
    )
