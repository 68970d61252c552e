"""``/articles``: what came in, found by words; and what of it changed after it was sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from bot.schedules.corrected import to_decide
from bot.store.headlines import Look, Looked, Place
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk

SHOWN = 50
"""Articles a page."""
WAITING = 100
"""Editions whose told stories changed that one page lists at most."""
_WORDS = 8
_LONGEST = 100


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/articles``."""

    @router.api_route("/articles", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        asked = {
            name: request.query_params.get(name, "").strip()[:_LONGEST]
            for name in ("q", "source", "section", "day", "state", "after")
        }
        changed = bool(request.query_params.get("changed"))
        zone = ZoneInfo(desk.installation.newsroom.timezone)
        with desk.installation.store.read() as tx:
            found = Looked((), None) if changed else tx.headlines.look(_look(asked, zone), SHOWN)
            waiting = to_decide(tx, WAITING) if changed else []
            count = tx.changes.count()
        filters = {name: value for name, value in asked.items() if value and name != "after"}
        further = {**filters, "after": _written(found.further)} if found.further else {}
        return desk.page(
            request,
            user,
            "editor/articles.html.j2",
            here="sources",
            changed=changed,
            waiting=waiting,
            count=count,
            found=found,
            asked=asked,
            filtered=bool(filters),
            older=f"articles?{urlencode(further)}" if further else "",
            newest=f"articles?{urlencode(filters)}".rstrip("?") if asked["after"] else "",
            sources=list(desk.installation.settings.sources),
        )


def _look(asked: dict[str, str], zone: ZoneInfo) -> Look:
    since, until = _day(asked["day"], zone)
    return Look(
        words=tuple(asked["q"].split()[:_WORDS]),
        source=asked["source"],
        section=asked["section"],
        since=since,
        until=until,
        withdrawn=asked["state"] == "withdrawn",
        after=_place(asked["after"]),
    )


def _day(written: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Beginning and end of a day of the newsroom, in UTC; nothing for what is no day."""
    try:
        day = date.fromisoformat(written)
        since, until = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    except (ValueError, OverflowError):
        return None, None
    return since, until


def _written(place: Place | None) -> str:
    return f"{place.published.isoformat()}~{place.article}" if place else ""


def _place(written: str) -> Place | None:
    published, _tilde, article = written.partition("~")
    try:
        moment = datetime.fromisoformat(published)
        return Place(moment, int(article)) if moment.tzinfo and len(article) < 19 else None
    except ValueError:
        return None
