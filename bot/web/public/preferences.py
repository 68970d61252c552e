"""``/p/TOKEN``: what a reader gets, and a button to end or take up each of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from bot.audience.links import PREFERENCES, ReaderLink, read_link
from bot.audience.subscriptions import PREFERENCES_PAGE, Standing, standing, subscribe_again, unsubscribe
from bot.errors import TokenError
from bot.web.public.form import Fields, form_fields
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """GET, HEAD and POST of ``/p/TOKEN``."""
    router = APIRouter()
    store, clock = site.installation.store, site.installation.clock

    def link_of(token: str) -> ReaderLink | None:
        try:
            return read_link(site.installation.keys, PREFERENCES, token)
        except TokenError:
            return None

    def now_standing(link: ReaderLink) -> Standing:
        with store.read() as tx:
            return standing(tx, link)

    @router.api_route("/p/{token}", methods=["GET", "HEAD"])
    def show(request: Request, token: str) -> Response:
        link = link_of(token)
        if link is None:
            return site.message(request, "broken_link", status=404)
        return _page(site, request, now_standing(link))

    @router.post("/p/{token}")
    def act(request: Request, token: str, fields: Annotated[Fields, Depends(form_fields)]) -> Response:
        link = link_of(token)
        if link is None:
            return site.message(request, "broken_link", status=404)
        audience, wanted = fields.get("audience", ""), fields.get("act")
        known = {each.audience for each in now_standing(link).subscriptions}
        if audience not in known or wanted not in ("leave", "join"):
            return _page(site, request, now_standing(link))
        name = site.audience(audience)
        if wanted == "leave":
            of_audience = ReaderLink(link.subscriber, audience, link.edition)
            unsubscribe(store, of_audience, everything=False, via=PREFERENCES_PAGE, clock=clock)
            return _page(site, request, now_standing(link), done=site.own.words.say("left_now", name=name))
        subscribe_again(store, link, audience, via=PREFERENCES_PAGE, clock=clock)
        return _page(site, request, now_standing(link), done=site.own.words.say("joined_now", name=name))

    return router


def _page(site: Site, request: Request, state: Standing, *, done: str = "") -> Response:
    if not state.subscriptions:
        return site.message(request, "absent", status=200)
    rows = [
        {
            "audience": each.audience,
            "name": site.audience(each.audience),
            "subscribed": each.state == "subscribed",
            "since": site.own.wording.day(each.consent.at),
        }
        for each in state.subscriptions
    ]
    return site.page(
        request, "public/preferences.html.j2", rows=rows, address=site.masked(state), done=done, blocked=state.blocked
    )
