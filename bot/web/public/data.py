"""``/p/TOKEN/data`` and ``/p/TOKEN/erase``: what is held about a reader, as a page and a file, and its end."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from bot.audience.data import forget_reader, personal_data
from bot.audience.links import PREFERENCES
from bot.audience.subscriptions import READER
from bot.web.headers import PRIVATE
from bot.web.public.form import Fields, form_fields
from bot.web.public.reader import Reader
from bot.web.site import Site

_FILE = {
    "Content-Disposition": 'attachment; filename="my-data.json"',
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": PRIVATE,
    "X-Robots-Tag": "noindex",
}


def routes(site: Site) -> APIRouter:
    """GET and HEAD of the page, its file ``data.json`` and the question; POST of ``erase`` alone changes something."""
    router = APIRouter()
    store, clock = site.installation.store, site.installation.clock

    @router.api_route("/p/{token}/data", methods=["GET", "HEAD"])
    def show(request: Request, token: str) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        return _page(reader, request) if reader.known else reader.message(request, "absent")

    @router.api_route("/p/{token}/data.json", methods=["GET", "HEAD"])
    def download(request: Request, token: str) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        if not reader.known:
            return reader.message(request, "absent")
        with store.read() as tx:
            found = personal_data(tx, reader.link.subscriber)
        return Response(json.dumps(found, ensure_ascii=False, indent=2) + "\n", headers=_FILE)

    @router.api_route("/p/{token}/erase", methods=["GET", "HEAD"])
    def ask(request: Request, token: str) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        return _question(reader, request) if reader.known else reader.message(request, "absent")

    @router.post("/p/{token}/erase")
    def erase(request: Request, token: str, fields: Annotated[Fields, Depends(form_fields)]) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        if not reader.known:
            return reader.message(request, "absent")
        if fields.get("act") != "erase":
            return _question(reader, request)
        voice = reader.voice
        forget_reader(store, reader.link.subscriber, who=READER, now=clock())
        return site.message(request, "erased", status=200, voice=voice)

    return router


def _question(reader: Reader, request: Request) -> Response:
    words = reader.voice.words
    return reader.page(
        request,
        "public/erase.html.j2",
        title=words.plain("erase_title"),
        lead=words.say("erase_lead", address=reader.address),
    )


def _page(reader: Reader, request: Request) -> Response:
    words, wording, site = reader.voice.words, reader.voice.wording, reader.site
    rows = []
    for each in reader.state.subscriptions:
        ended = each.unsubscribed if each.state != "subscribed" else None
        since = words.say("subscribed_since", date=wording.day(each.consent.at))
        rows.append(
            {
                "name": site.audience(each.audience),
                "since": words.say("left_on", date=wording.day(ended)) if ended else since,
                "consent": words.say("data_consent", way=each.consent.via),
            }
        )
    return reader.page(
        request,
        "public/data.html.j2",
        title=words.plain("your_data"),
        lead=words.say("data_lead", newsroom=site.installation.newsroom.name, address=reader.address),
        name=next((each.name for each in reader.state.subscriptions if each.name), ""),
        rows=rows,
    )
