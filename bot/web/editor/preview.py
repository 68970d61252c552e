"""``/editions/ID/preview/CHANNEL``: the mail itself, for the desk's sandboxed frame."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.editions.wording import wording
from bot.model import Edition, MergeField
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.headers import PREVIEW_POLICY


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/editions/ID/preview/CHANNEL``. An ``iframe srcdoc`` would lose the mail's inline styles."""
    router = APIRouter()

    @router.api_route("/editions/{edition}/preview/{channel}", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str, channel: str) -> Response:
        if not (edition.isalnum() and channel.isprintable()):
            return desk.missing(request)
        with desk.installation.store.read() as tx:
            found, rendition = tx.editions.get(edition), tx.editions.rendition(edition, channel, "")
        if found is None or rendition is None or rendition.email is None:
            return desk.missing(request)
        email = rendition.email
        html = filled(email.html, found, email.language, ZoneInfo(desk.installation.newsroom.timezone))
        return HTMLResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})

    return router


def filled(text: str, edition: Edition, language: str, zone: ZoneInfo) -> str:
    """``text`` with its holes filled by an invented reader, whose links lead nowhere."""
    day = wording(language, zone.key).day(edition.slot)
    sample = {
        MergeField.UNSUBSCRIBE_URL: "#",
        MergeField.PREFERENCES_URL: "#",
        MergeField.ADDRESS: "reader@example.org",
        MergeField.SUBSCRIBED: day,
    }
    for field, value in sample.items():
        text = text.replace(field.hole(edition.id), value)
    return text
