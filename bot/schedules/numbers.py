"""How it is going: the mail of one schedule, or of all, over a span of time, in rows that charts and tables show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.model import EditionState
from bot.store import Transaction
from bot.store.links import Clicked
from bot.store.measured_posts import BestPost, Reacted
from bot.store.numbers import EditionFigures, Posted, Sums
from bot.store.reader_days import Day

MOST = 3_000
"""Editions that are looked at for one page."""
CLICKED = 5
BEST = 5
"""Posts that are shown as those to which followers reacted most."""
REACTED = 20
"""Editions whose posts' reactions are summed up one by one, the newest."""
HELD = {
    EditionState.HELD: "held",
    EditionState.SKIPPED: "skipped",
    EditionState.CANCELLED: "cancelled",
    EditionState.EXPIRED: "expired",
}
"""States of an edition that did not go out, each with the word of its gap."""


class Span(StrEnum):
    """How far back, each with its own grain: an edition (or a day), a week, a month."""

    DAYS = "28d"
    WEEKS = "12w"
    MONTHS = "12m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One edition, day, week or month, which begins on ``begin``.

    ``readers`` is how many there were at its end (None: nobody was mailed). ``mailed`` are the mails, of which the
    other figures are. ``gap`` is why nothing went out ("": something did). ``unsubscribed`` and ``clicks`` are None
    where nobody counted them.
    """

    begin: date
    edition: str = ""
    readers: int | None = None
    mailed: int = 0
    accepted: int = 0
    bounced: int = 0
    complaints: int = 0
    unsubscribed: int | None = None
    clicks: int | None = None
    gap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A span in numbers; ``rows`` are the oldest first, ``before`` sums up as long a time before it.

    ``readers`` is how many there are now, ``growth`` by how many more than when the span began; None: not known.
    ``reckoned`` (UTC) is when the newest figures were made. ``reacted`` sums up by channel how followers reacted to
    posts, where networks told; ``by_edition`` does by edition, with its slot (UTC), the newest first; ``best`` are the
    posts to which they reacted most.
    """

    since: datetime
    until: datetime
    rows: Sequence[Row]
    now: Sums
    before: Sums
    readers: int | None
    growth: int | None
    clicked: Sequence[Clicked]
    posts: Sequence[Posted]
    reckoned: datetime | None
    reacted: Mapping[str, Reacted]
    by_edition: Sequence[tuple[datetime, Reacted]]
    best: Sequence[BestPost]


def overview(
    tx: Transaction,
    *,
    mails: Mapping[str, str],
    every: Collection[str],
    schedule: str,
    span: Span,
    zone: ZoneInfo,
    now: datetime,
) -> Overview:
    """The numbers of ``schedule`` ("": of all). ``mails`` are the audiences of the schedules that have one.

    ``every`` are the ids of all schedules, those that only post too. Times in ``zone``.
    """
    until = now + timedelta(seconds=1)
    since = begin_of(span, zone, now)
    chosen = [schedule] if schedule else sorted(mails)
    audiences = sorted({mails[each] for each in chosen if each in mails})
    days = tx.reader_days.since(audiences, since.astimezone(zone).date() - timedelta(days=1))
    known = [found[-1].readers for found in days.values() if found]
    begins = [found[0].readers for found in days.values() if found]
    firsts = _begins(span, zone, since, until)
    bounds = [since - (until - since), *(datetime.combine(each, time(), zone) for each in firsts), until]
    before, *parts = tx.numbers.sums_between(chosen, bounds)
    sums = Sums.of(parts)
    at_end = _whole(days)
    posting = [schedule] if schedule else sorted(every)
    reacted = tx.measured_posts.by_channel(posting, since=since, until=until)
    if span is Span.DAYS:
        editions = tx.numbers.of_editions(chosen, since=since, until=until, limit=MOST)
        rows = _rows(editions, None if schedule else at_end, zone, one=bool(schedule))
    else:
        rows = _parts(firsts, parts, at_end, span)
    return Overview(
        since=since,
        until=now,
        rows=rows,
        now=sums,
        before=before,
        readers=sum(known) if known else None,
        growth=sum(known) - sum(begins) if known else None,
        clicked=tx.links.clicked(chosen, since=since, until=until, limit=CLICKED) if sums.clicks else (),
        posts=tx.numbers.posts(posting, since=since, until=until),
        reckoned=sums.reckoned,
        reacted=reacted,
        by_edition=tx.measured_posts.by_edition(posting, since=since, until=until, limit=REACTED) if reacted else (),
        best=tx.measured_posts.best(posting, since=since, until=until, limit=BEST) if reacted else (),
    )


def begin_of(span: Span, zone: ZoneInfo, now: datetime) -> datetime:
    """The first moment of a span that ends now: whole days, weeks from Monday, whole months."""
    today = now.astimezone(zone).date()
    if span is Span.DAYS:
        first = today - timedelta(days=27)
    elif span is Span.WEEKS:
        first = today - timedelta(days=today.weekday(), weeks=11)
    else:
        months = today.year * 12 + today.month - 1 - 11
        first = date(months // 12, months % 12 + 1, 1)
    return datetime.combine(first, time(), zone)


def _rows(
    editions: Iterable[EditionFigures], at_end: Mapping[date, int] | None, zone: ZoneInfo, *, one: bool
) -> list[Row]:
    """A row an edition of ``one`` schedule, else a row a day, with the readers of all audiences ``at_end`` of it."""
    oldest_first = sorted(editions, key=lambda each: (each.slot, each.edition))
    if one:
        found = (_row(each, each.slot.astimezone(zone).date()) for each in oldest_first)
        return [each for each in found if each]
    same: dict[date, list[EditionFigures]] = {}
    for each in oldest_first:
        same.setdefault(each.slot.astimezone(zone).date(), []).append(each)
    rows = []
    for begin, of in same.items():
        out = [each for each in of if each.readers]
        if not out:
            gaps = [HELD[each.state] for each in of if each.state in HELD and each.state is not EditionState.SKIPPED]
            rows += [Row(begin=begin, gap=gaps[0])] if gaps else []
            continue
        rows.append(
            Row(
                begin=begin,
                readers=(at_end or {}).get(begin, out[-1].readers),
                mailed=sum(each.readers or 0 for each in out),
                accepted=sum(each.accepted for each in out),
                bounced=sum(each.bounced for each in out),
                complaints=sum(each.complaints for each in out),
                unsubscribed=_sum(each.unsubscribed for each in out),
                clicks=_sum(each.clicks for each in out),
            )
        )
    return rows


def _begins(span: Span, zone: ZoneInfo, since: datetime, until: datetime) -> list[date]:
    """The first day of each week or month; of days there is one part."""
    begins = [since.astimezone(zone).date()]
    if span is Span.DAYS:
        return begins
    step, last = timedelta(days=7 if span is Span.WEEKS else 31), until.astimezone(zone).date()
    while (following := _grain(begins[-1] + step, span)) <= last:
        begins.append(following)
    return begins


def _parts(begins: Sequence[date], parts: Sequence[Sums], days: Mapping[date, int], span: Span) -> list[Row]:
    """A row a week or month in which mail went out."""
    at_end = {_grain(day, span): readers for day, readers in sorted(days.items())}
    return [
        Row(
            begin=begin,
            readers=at_end.get(begin, sums.most_readers),
            mailed=sums.readers,
            accepted=sums.accepted,
            bounced=sums.bounced,
            complaints=sums.complaints,
            unsubscribed=sums.unsubscribed,
            clicks=sums.clicks,
        )
        for begin, sums in zip(begins, parts, strict=True)
        if sums.editions
    ]


def _row(each: EditionFigures, day: date) -> Row | None:
    """None for what is still to come, and for an edition of posts alone."""
    if each.readers:
        return Row(
            begin=day,
            edition=each.edition,
            readers=each.readers,
            mailed=each.readers,
            accepted=each.accepted,
            bounced=each.bounced,
            complaints=each.complaints,
            unsubscribed=each.unsubscribed,
            clicks=each.clicks,
        )
    if each.state in HELD:
        return Row(begin=day, edition=each.edition, gap=HELD[each.state])
    return None


def _grain(day: date, span: Span) -> date:
    """The first day of the week or month of ``day``."""
    return day - timedelta(days=day.weekday()) if span is Span.WEEKS else day.replace(day=1)


def _whole(days: Mapping[str, Sequence[Day]]) -> dict[date, int]:
    """The readers of all audiences at the end of each day."""
    every = sorted({each.day for found in days.values() for each in found})
    at = dict.fromkeys(days, 0)
    by_day = {audience: {each.day: each.readers for each in found} for audience, found in days.items()}
    whole = {}
    for day in every:
        at = {audience: by_day[audience].get(day, readers) for audience, readers in at.items()}
        whole[day] = sum(at.values())
    return whole


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None
