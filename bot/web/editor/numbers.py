"""``/numbers``: how it is going, in five figures, charts with the table behind them, posts, and as files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, timedelta
from io import StringIO
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from bot.audience.csv_file import guarded
from bot.editions.skeleton import by_skeleton
from bot.model import MeasuredPost
from bot.schedules.numbers import MOST, Overview, Span, begin_of, overview
from bot.speech.catalog import N_, _, locale
from bot.store.numbers import EditionFigures
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.figures import GAPS, day_words, figures, left_chart, most_clicked, readers_chart
from bot.web.editor.reactions import by_channel, kind_of, words

PAGE = 20
"""Rows of the table that stand on the page; the others are one click away."""

COLUMNS = (
    "edition", "schedule", "name", "slot", "state", "readers", "accepted", "failed", "unknown", "bounced",
    "complaints", "unsubscribed", "clicks", "reckoned",
)  # fmt: skip
"""The header of the file. Times are ISO 8601 in UTC."""

POSTS = (
    "edition", "schedule", "channel", "subject", "sent", "post", "likes", "reposts", "replies", "quotes", "views",
    "first_day", "looked", "gone",
)  # fmt: skip
"""The header of the file of posts. An empty figure is one that the network does not tell, or did not yet."""

_SPANS = {Span.DAYS: N_("28 days"), Span.WEEKS: N_("12 weeks"), Span.MONTHS: N_("12 months")}


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/numbers``, of ``/numbers.csv`` and of ``/numbers/posts.csv``."""

    @router.api_route("/numbers", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, schedule: str = "", span: str = "", rows: str = "") -> Response:
        chosen, over = _schedule(desk, schedule), _span(span)
        installation = desk.installation.current()
        with installation.store.read() as tx:
            found = overview(
                tx,
                mails=_mails(desk),
                every=list(desk.installation.settings.schedules),
                schedule=chosen,
                span=over,
                zone=_zone(desk),
                now=desk.installation.clock(),
            )
            shown = found.rows[::-1] if rows == "all" else found.rows[::-1][:PAGE]
            headlines = tx.numbers.headlines([each.edition for each in shown if each.edition])
            titles = tx.numbers.titles({each.edition for each in found.clicked}) if found.clicked else {}
            told = by_channel(tx, installation, found)
            posted = {each.of for _slot, each in found.by_edition}
            posted_titles = tx.numbers.headlines(posted) if posted else {}
        here = {"schedule": chosen, "span": over.value}
        return desk.page(
            request,
            user,
            "editor/numbers.html.j2",
            here="numbers",
            title=_("Numbers"),
            schedules=[("", _("All mail")), *_named(desk)],
            schedule=chosen,
            span=over.value,
            spans=[(_(word), _to(each.value, chosen), each is over) for each, word in _SPANS.items()],
            period=_period(found),
            figures=figures(found),
            readers=readers_chart(found, over, one=bool(chosen)),
            left=left_chart(found, over, one=bool(chosen)),
            clicked=most_clicked(found, titles),
            posts=told,
            best=[(each, words(kind_of(installation, each.post.channel), each.post.reactions)) for each in found.best],
            by_edition=found.by_edition,
            posted_titles=posted_titles,
            posts_file=f"numbers/posts.csv?{urlencode(here)}",
            rows=shown,
            more=len(found.rows) - len(shown),
            all_rows=f"numbers?{urlencode({**here, 'rows': 'all'})}",
            file=f"numbers.csv?{urlencode(here)}",
            headlines=headlines,
            says=lambda each: day_words(each.begin, over, year=True),
            gaps=GAPS,
            clicks_on=found.now.clicks is not None,
            reckoned=found.reckoned,
            grain=over,
        )

    @router.api_route("/numbers.csv", methods=["GET", "HEAD"])
    def as_file(user: Viewer, schedule: str = "", span: str = "") -> Response:
        name = f"numbers-{_span(span)}.csv"
        return StreamingResponse(
            _lines(desk, _schedule(desk, schedule), _span(span)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    @router.api_route("/numbers/posts.csv", methods=["GET", "HEAD"])
    def posts_as_file(user: Viewer, schedule: str = "", span: str = "") -> Response:
        return StreamingResponse(
            _post_lines(desk, _schedule(desk, schedule), _span(span)),
            media_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="posts-{_span(span)}.csv"',
                "Cache-Control": "no-store",
            },
        )


def _zone(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.installation.newsroom.timezone)


def _mails(desk: Desk) -> dict[str, str]:
    """Schedule → audience, of those that mail."""
    return {key: each.audience for key, each in desk.installation.settings.schedules.items() if each.audience}


def _named(desk: Desk) -> list[tuple[str, str]]:
    found = [(key, each.name) for key, each in desk.installation.settings.schedules.items() if each.audience]
    return sorted(found, key=lambda each: each[1].casefold())


def _schedule(desk: Desk, text: str) -> str:
    return text if text in _mails(desk) else ""


def _span(text: str) -> Span:
    return Span(text) if text in list(Span) else Span.DAYS


def _to(span: str, schedule: str) -> str:
    given = {"schedule": schedule, "span": span}
    return f"numbers?{urlencode({key: value for key, value in given.items() if value})}"


def _period(found: Overview) -> str:
    zone = found.since.tzinfo
    first, last = found.since.date(), found.until.astimezone(zone).date()
    skeleton = "MMMMd" if first.year == last.year else "yMMMMd"
    return _("%(first)s to %(last)s") % {
        "first": by_skeleton(skeleton, found.since, locale()),
        "last": by_skeleton(skeleton, found.until.astimezone(zone), locale()),
    }


def _lines(desk: Desk, schedule: str, span: Span) -> Iterator[str]:
    """Every edition of the span, the newest first; what a spreadsheet would run is made text."""
    stream = StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    now, zone = desk.installation.clock(), _zone(desk)
    since, until = begin_of(span, zone, now), now + timedelta(seconds=1)
    chosen = [schedule] if schedule else sorted(_mails(desk))
    with desk.installation.store.read() as tx:
        found = tx.numbers.of_editions(chosen, since=since, until=until, limit=MOST)
    for each in found:
        writer.writerow([guarded(str(cell)) for cell in _cells(each)])
    yield stream.getvalue()


def _cells(each: EditionFigures) -> tuple[object, ...]:
    numbers = (each.accepted, each.failed, each.unknown, each.bounced, each.complaints)
    return (
        each.edition,
        each.schedule,
        each.name,
        each.slot.astimezone(UTC).isoformat(),
        each.state,
        "" if each.readers is None else each.readers,
        *(("",) * len(numbers) if each.readers is None else numbers),
        "" if each.unsubscribed is None else each.unsubscribed,
        "" if each.clicks is None else each.clicks,
        each.reckoned.astimezone(UTC).isoformat() if each.reckoned else "",
    )


def _post_lines(desk: Desk, schedule: str, span: Span) -> Iterator[str]:
    """Every post of the span whose network tells how followers reacted, the newest first."""
    stream = StringIO()
    writer = csv.writer(stream)
    writer.writerow(POSTS)
    now, zone = desk.installation.clock(), _zone(desk)
    since, until = begin_of(span, zone, now), now + timedelta(seconds=1)
    chosen = [schedule] if schedule else sorted(desk.installation.settings.schedules)
    with desk.installation.store.read() as tx:
        found = tx.measured_posts.all(chosen, since=since, until=until, limit=MOST)
    for key, post in found:
        writer.writerow([guarded(str(cell)) for cell in _post_cells(key, post)])
    yield stream.getvalue()


def _post_cells(schedule: str, post: MeasuredPost) -> tuple[object, ...]:
    told = post.reactions
    figures_told = (told.likes, told.reposts, told.replies, told.quotes, told.views, post.first_day)
    moments = (post.looked, post.gone)
    return (
        post.edition,
        schedule,
        post.channel,
        post.subject,
        post.sent.astimezone(UTC).isoformat(),
        post.post,
        *("" if each is None else each for each in figures_told),
        *(each.astimezone(UTC).isoformat() if each else "" for each in moments),
    )
