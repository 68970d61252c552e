"""``/e/ID``: an edition in the browser, as it was sent, with nothing in it that belongs to one reader."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.store.editions import WENT_OUT
from bot.web.headers import EDITION_POLICY
from bot.web.site import Site

_HEADERS = {"Content-Security-Policy": EDITION_POLICY, "Cache-Control": "public, max-age=300"}


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/e/ID``."""
    router = APIRouter()

    @router.api_route("/e/{edition}", methods=["GET", "HEAD"])
    def show(request: Request, edition: str) -> Response:
        with site.installation.store.read() as tx:
            went_out = edition.isalnum() and tx.editions.state(edition) in WENT_OUT
            found = tx.editions.get(edition) if went_out else None
        pages = [each.email.web for each in found.renditions if each.email and each.email.web] if found else []
        if not pages:
            return site.message(request, "missing", status=404)
        return HTMLResponse(pages[0], headers=_HEADERS)

    return router
