"""``/u/TOKEN``: the address in every mail's List-Unsubscribe header, and the page behind its footer's link.

RFC 8058 (checked 2026-11-24): the POST of a mail service brings no cookie and no Origin, is answered without redirect
and may come again. GET and HEAD only show: scanners open every link of a mail.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from markupsafe import Markup

from bot.audience.links import UNSUBSCRIBE
from bot.audience.preferences import offer
from bot.audience.subscriptions import ONE_CLICK, PAGE, may_change, undo, unsubscribe
from bot.web.public.form import Fields, form_fields
from bot.web.public.reader import Reader
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """GET, HEAD and POST of ``/u/TOKEN``."""
    router = APIRouter()
    store, clock = site.installation.store, site.installation.clock

    @router.api_route("/u/{token}", methods=["GET", "HEAD"])
    def ask(request: Request, token: str, scope: str = "") -> Response:
        reader = Reader.of(site, UNSUBSCRIBE, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        if scope == "all" and reader.state.current:
            return _ask_all(reader, request)
        if reader.state.here is None:
            return reader.message(request, "absent")
        if reader.state.here.state != "subscribed":
            return _left(reader, request, everything=False)
        return _ask(reader, request)

    @router.post("/u/{token}")
    def act(request: Request, token: str, fields: Annotated[Fields, Depends(form_fields)]) -> Response:
        reader = Reader.of(site, UNSUBSCRIBE, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        everything = fields.get("scope") == "all"
        if fields.get("act") == "undo":
            if not may_change(store, reader.link, clock()):
                return reader.too_often(request)
            restored = undo(store, reader.link, everything=everything, clock=clock)
            return _restored(reader.now(), request, restored)
        one_click = "List-Unsubscribe" in fields
        unsubscribe(store, reader.link, everything=everything, via=ONE_CLICK if one_click else PAGE, clock=clock)
        if one_click:
            return PlainTextResponse("Unsubscribed.\n")
        reader = reader.now(everything=everything)
        if reader.state.here is None and not (everything and reader.known):
            return reader.message(request, "absent")
        return _left(reader, request, everything=everything)

    return router


def _ask(reader: Reader, request: Request) -> Response:
    """The button first, what else one could do after it."""
    name = reader.site.audience(reader.link.audience)
    offered = offer(reader.site.installation.settings, reader.link.audience)
    return reader.page(
        request,
        "public/unsubscribe.html.j2",
        title=reader.voice.words.plain("unsubscribe_title", name=name),
        heading=reader.voice.words.say("unsubscribe_title", name=name),
        lead=reader.voice.words.say("unsubscribe_lead", address=reader.address, name=name),
        everything=False,
        several=len(reader.state.current) > 1,
        editions=len(offered.schedules) > 1,
        topics=len(offered.topics) > 1,
    )


def _ask_all(reader: Reader, request: Request) -> Response:
    newsroom = reader.site.installation.newsroom.name
    return reader.page(
        request,
        "public/unsubscribe.html.j2",
        title=reader.voice.words.plain("unsubscribe_all_title"),
        heading=reader.voice.words.say("unsubscribe_all_title"),
        lead=reader.voice.words.say("unsubscribe_all_lead", address=reader.address, newsroom=newsroom),
        everything=True,
        several=False,
        editions=False,
        topics=False,
    )


def _left(reader: Reader, request: Request, *, everything: bool) -> Response:
    words, newsroom = reader.voice.words, reader.site.installation.newsroom
    if everything:
        lead = words.say("unsubscribed_all_lead", newsroom=newsroom.name, address=reader.address)
    else:
        lead = words.say("unsubscribed_lead", name=reader.site.audience(reader.link.audience), address=reader.address)
    editor = Markup('<a href="mailto:{}">{}</a>').format(newsroom.corrections_to, words.say("tell_us"))
    return reader.page(
        request,
        "public/unsubscribed.html.j2",
        lead=lead,
        scope="all" if everything else "one",
        undoable=bool(reader.state.undoable),
        still=reader.still(),
        tell=words.say("tell_us_lead", link=editor) if newsroom.corrections_to else "",
    )


def _restored(reader: Reader, request: Request, restored: tuple[str, ...]) -> Response:
    if not reader.known:
        return reader.message(request, "absent")
    words = reader.voice.words
    names = reader.voice.wording.listed([reader.site.audience(each) for each in restored])
    title = words.plain("undone_title" if restored else "not_undone_title")
    lead = words.say("undone_lead", address=reader.address, name=names) if restored else words.say("not_undone_lead")
    return reader.page(request, "public/undone.html.j2", title=title, lead=lead, still=reader.still())
