"""``/e/ID``: an edition in the browser, as it was sent, with nothing in it that belongs to one reader."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.audience.links import edition_url
from bot.store.editions import WENT_OUT
from bot.web.headers import EDITION_POLICY
from bot.web.public.sharing import with_sharing
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
        email = next((each for each in mails if each.web), None)
        if found is None or email is None:
            return site.message(request, "missing", status=404)
        listed = found.schedule in site.archived
        lead = found.stories[0] if found.stories else None
        page = with_sharing(
            email.web,
            newsroom=site.installation.newsroom,
            url=edition_url(site.installation.newsroom, found.id),
            title=lead.article.title if lead else email.subject,
            description=lead.summary.text if lead else email.preheader,
            card=email.card,
        )
        return HTMLResponse(page, headers=_HEADERS if listed else {**_HEADERS, "X-Robots-Tag": "noindex"})

    return router
