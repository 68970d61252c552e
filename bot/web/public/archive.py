"""``/archive``: the editions that went out, newest first; for readers, and as a feed for their programs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC
from email.utils import format_datetime
from itertools import groupby
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from bot.editions.wording import Wording, wording
from bot.model import PastEdition
from bot.web.conditional import unchanged
from bot.web.public.feed import Item, feed
from bot.web.public.sharing import sharing
from bot.web.site import Site

PAGE = 30
"""Editions a page lists."""
FEED = 50
"""Editions a feed lists."""
_SHORT = "public, max-age=300"


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/archive``, ``/archive/SCHEDULE`` and their feeds, ``/archive.rss`` and ``…/SCHEDULE.rss``."""
    router = APIRouter()

    @router.api_route("/archive", methods=["GET", "HEAD"])
    def everything(request: Request, before: str = "") -> Response:
        return _page(site, request, "", before)

    @router.api_route("/archive.rss", methods=["GET", "HEAD"])
    def feed_of_everything(request: Request) -> Response:
        return _feed(site, request, "")

    @router.api_route("/archive/{schedule}.rss", methods=["GET", "HEAD"])
    def feed_of_one(request: Request, schedule: str) -> Response:
        return _feed(site, request, schedule)

    @router.api_route("/archive/{schedule}", methods=["GET", "HEAD"])
    def one(request: Request, schedule: str, before: str = "") -> Response:
        return _page(site, request, schedule, before)

    return router


def _page(site: Site, request: Request, schedule: str, before: str) -> Response:
    listed = _schedules(site, schedule)
    found = _newest(site, listed, before=before, limit=PAGE + 1) if listed else []
    if not listed or (before and not found):
        return site.message(request, "missing", status=404)
    shown = found[:PAGE]
    words = site.own.words
    path = f"archive/{quote(schedule, safe='')}" if schedule else "archive"
    name = site.installation.settings.schedules[schedule].name if schedule else ""
    return site.page(
        request,
        "public/archive.html.j2",
        headers={"Cache-Control": _SHORT},
        title=words.plain("archive_of", name=name) if schedule else words.plain("archive_title"),
        heading=words.say("archive_of", name=name) if schedule else words.say("archive_title"),
        schedules=[
            {"path": f"archive/{quote(each, safe='')}", "name": table.name, "here": each == schedule}
            for each, table in site.archived.items()
        ],
        everything=not schedule,
        feed=f"{path}.rss",
        months=_months(site, shown),
        first=path if before else "",
        sharing=sharing(
            newsroom=site.installation.newsroom,
            url=f"{site.installation.newsroom.public_url}/{path}",
            title=words.plain("archive_of", name=name) if schedule else words.plain("archive_title"),
            description=words.plain("archive_lead"),
            card=_card(site, shown[0].id) if shown else "",
        ),
        older=f"{path}?before={quote(shown[-1].id)}" if len(found) > PAGE else "",
    )


def _card(site: Site, edition: str) -> str:
    """The share card of an edition, "" without."""
    with site.installation.store.read() as tx:
        found = tx.editions.get(edition)
    emails = (each.email for each in found.renditions if each.email and not each.subject) if found else ()
    return next((each.card for each in emails), "")


def _feed(site: Site, request: Request, schedule: str) -> Response:
    listed = _schedules(site, schedule)
    if not listed:
        return site.message(request, "missing", status=404)
    found = _newest(site, listed, limit=FEED)
    newsroom, words = site.installation.newsroom, site.own.words
    name = site.installation.settings.schedules[schedule].name if schedule else words.plain("archive_title")
    path = f"archive/{quote(schedule, safe='')}" if schedule else "archive"
    body = feed(
        title=f"{newsroom.name}: {name}",
        description=words.plain("archive_lead"),
        language=words.language,
        page=f"{newsroom.public_url}/{path}",
        address=f"{newsroom.public_url}/{path}.rss",
        items=[_item(site, each) for each in found],
    )
    changed = max((each.sent for each in found), default=None)
    headers = {"Cache-Control": _SHORT, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if changed:
        headers["Last-Modified"] = format_datetime(changed.astimezone(UTC), usegmt=True)
    if unchanged(request, headers["ETag"], changed):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": "application/rss+xml; charset=utf-8"})


def _item(site: Site, edition: PastEdition) -> Item:
    counted = site.own.wording.counted("stories", edition.stories)
    return Item(
        title=edition.headline,
        url=f"{site.installation.newsroom.public_url}/e/{edition.id}",
        description=f"{edition.summary} ({counted})" if edition.summary else counted,
        category=edition.name,
        published=edition.slot,
    )


def _schedules(site: Site, schedule: str) -> Sequence[str]:
    """Those that are listed; one that is not in the archive looks like none."""
    listed = site.archived
    return [each for each in listed if each == schedule] if schedule else list(listed)


def _newest(site: Site, schedules: Sequence[str], *, limit: int, before: str = "") -> list[PastEdition]:
    with site.installation.store.read() as tx:
        return tx.archive.newest(schedules, before=before, limit=limit)


def _months(site: Site, editions: Iterable[PastEdition]) -> list[dict[str, object]]:
    """Editions under their month, each dated in the zone of its schedule."""
    spoken: dict[str, Wording] = {}
    rows = []
    for each in editions:
        zone = site.installation.timezone(each.schedule)
        words = spoken.setdefault(zone, wording(site.own.words.language, zone))
        rows.append(
            {
                "id": each.id,
                "month": words.month(each.slot),
                "day": words.day_of_month(each.slot),
                "iso": each.slot.astimezone(words.zone).date().isoformat(),
                "headline": each.headline,
                "name": each.name,
                "counted": words.counted("stories", each.stories),
                "corrected": each.corrected,
                "separator": words.separator,
            }
        )
    return [{"name": month, "editions": list(rows_of)} for month, rows_of in groupby(rows, lambda row: row["month"])]
