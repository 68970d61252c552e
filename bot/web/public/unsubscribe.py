"""``/u/TOKEN``: the address in every mail's List-Unsubscribe header, and the page behind its footer's link.

RFC 8058 (checked 2026-11-24): the POST of a mail service brings no cookie and no Origin, is answered without redirect
and may come again. GET and HEAD only show: scanners open every link of a mail.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from bot.audience.links import PREFERENCES, UNSUBSCRIBE, ReaderLink, read_link
from bot.audience.subscriptions import ONE_CLICK, PAGE, Standing, standing, undo, unsubscribe
from bot.errors import TokenError
from bot.web.public.form import Fields, form_fields
from bot.web.site import Site

Sent = Annotated[Fields, Depends(form_fields)]


def routes(site: Site) -> APIRouter:
    """GET, HEAD and POST of ``/u/TOKEN``."""
    router = APIRouter()
    store, clock = site.installation.store, site.installation.clock

    def link_of(token: str) -> ReaderLink | None:
        try:
            return read_link(site.installation.keys, UNSUBSCRIBE, token)
        except TokenError:
            return None

    def now_standing(link: ReaderLink, *, everything: bool = False) -> Standing:
        with store.read() as tx:
            return standing(tx, link, everything=everything)

    @router.api_route("/u/{token}", methods=["GET", "HEAD"])
    def ask(request: Request, token: str) -> Response:
        link = link_of(token)
        if link is None:
            return site.message(request, "broken_link", status=404)
        state = now_standing(link)
        if state.here is None:
            return site.message(request, "absent", status=200)
        if state.here.state != "subscribed":
            return _left(site, request, link, state, everything=False)
        return _page(site, request, "public/unsubscribe.html.j2", link, state, several=len(state.current) > 1)

    @router.post("/u/{token}")
    def act(request: Request, token: str, fields: Sent) -> Response:
        link = link_of(token)
        if link is None:
            return site.message(request, "broken_link", status=404)
        everything = fields.get("scope") == "all"
        if fields.get("act") == "undo":
            restored = undo(store, link, everything=everything, clock=clock)
            return _restored(site, request, link, now_standing(link), restored)
        one_click = "List-Unsubscribe" in fields
        unsubscribe(store, link, everything=everything, via=ONE_CLICK if one_click else PAGE, clock=clock)
        if one_click:
            return PlainTextResponse("Unsubscribed.\n")
        state = now_standing(link, everything=everything)
        if state.here is None:
            return site.message(request, "absent", status=200)
        return _left(site, request, link, state, everything=everything)

    return router


def _left(site: Site, request: Request, link: ReaderLink, state: Standing, *, everything: bool) -> Response:
    words, name = site.own.words, site.audience(link.audience)
    if everything:
        lead = words.say("unsubscribed_all_lead", newsroom=site.installation.newsroom.name, address=site.masked(state))
    else:
        lead = words.say("unsubscribed_lead", name=name, address=site.masked(state))
    return _page(
        site, request, "public/unsubscribed.html.j2", link, state, lead=lead, scope="all" if everything else "one"
    )


def _restored(site: Site, request: Request, link: ReaderLink, state: Standing, restored: tuple[str, ...]) -> Response:
    if not state.subscriptions:
        return site.message(request, "absent", status=200)
    words = site.own.words
    names = site.own.wording.listed([site.audience(each) for each in restored])
    title = words.plain("undone_title" if restored else "not_undone_title")
    lead = (
        words.say("undone_lead", address=site.masked(state), name=names) if restored else words.say("not_undone_lead")
    )
    return _page(site, request, "public/undone.html.j2", link, state, title=title, lead=lead)


def _page(site: Site, request: Request, template: str, link: ReaderLink, state: Standing, **values: Any) -> Response:
    preferences = site.installation.keys.sign(PREFERENCES, link.subscriber, link.audience, link.edition)
    return site.page(
        request,
        template,
        name=site.audience(link.audience),
        address=site.masked(state),
        state=state,
        still=[site.audience(each.audience) for each in state.current],
        preferences=f"p/{preferences}",
        **values,
    )
