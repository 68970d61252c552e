"""``/preferences``: where readers who have no link of theirs at hand learn where it is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/preferences``."""
    router = APIRouter()

    @router.api_route("/preferences", methods=["GET", "HEAD"])
    def find(request: Request) -> Response:
        words = site.own.words
        return site.page(
            request,
            "public/find.html.j2",
            title=words.plain("find_title"),
            lead=words.say("find_lead", link=site.own.wording.phrases["preferences"]),
        )

    return router
