"""``/e/ID``: an edition in the browser, as it was sent, with nothing in it that belongs to one reader."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.store.editions import WENT_OUT
from bot.web.headers import EDITION_POLICY
from bot.web.site import Site

_HEADERS = {"Content-Security-Policy": EDITION_POLICY, "Cache-Control": "public, max-age=300"}


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/e/ID``. Those that are not in the archive open too, and ask search engines to pass by."""
    router = APIRouter()

    @router.api_route("/e/{edition}", methods=["GET", "HEAD"])
    def show(request: Request, edition: str) -> Response:
        with site.installation.store.read() as tx:
            went_out = edition.isalnum() and tx.editions.state(edition) in WENT_OUT
            found = tx.editions.get(edition) if went_out else None
        # The general one: a variant's subject is not empty.
        mails = [each.email for each in found.renditions if each.email and not each.subject] if found else []
        page = next((each.web for each in mails if each.web), "")
        if found is None or not page:
            return site.message(request, "missing", status=404)
        listed = found.schedule in site.archived
        return HTMLResponse(page, headers=_HEADERS if listed else {**_HEADERS, "X-Robots-Tag": "noindex"})

    return router
