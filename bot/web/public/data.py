"""``/p/TOKEN/data`` and ``/d/TOKEN``: what is held about a reader, as a page and a file, and its end.

A reader passes an edition on, and with it the link to their preferences. What that link opens can be taken back; so it
neither shows their data nor erases it, but has a link that does mailed to their own address.
"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from bot.audience.data import ask_for_data, forget_reader, personal_data
from bot.audience.links import DATA, DATA_GOOD_FOR, PREFERENCES, read_data_link
from bot.audience.subscriptions import READER
from bot.errors import TokenError
from bot.web.headers import PRIVATE
from bot.web.public.choices import agreed_on
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
    """GET, HEAD and POST of ``/p/TOKEN/data``; of ``/d/TOKEN`` and its ``data.json`` GET and HEAD; of ``erase`` all."""
    router = APIRouter()
    store, clock = site.installation.store, site.installation.clock

    @router.api_route("/p/{token}/data", methods=["GET", "HEAD"])
    def offer(request: Request, token: str) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        return _offered(reader, request) if reader.known else reader.message(request, "absent")

    @router.post("/p/{token}/data")
    def ask(request: Request, token: str, fields: Annotated[Fields, Depends(form_fields)]) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        if not reader.known:
            return reader.message(request, "absent")
        if fields.get("act") != "send":
            return _offered(reader, request)
        ask_for_data(store, reader.link.subscriber, language=reader.voice.words.language, now=clock())
        return _offered(reader, request, mailed=True)

    @router.api_route("/d/{token}", methods=["GET", "HEAD"])
    def show(request: Request, token: str) -> Response:
        reader = _behind(site, request, token)
        return _page(reader, request, token) if isinstance(reader, Reader) else reader

    @router.api_route("/d/{token}/data.json", methods=["GET", "HEAD"])
    def download(request: Request, token: str) -> Response:
        reader = _behind(site, request, token)
        if not isinstance(reader, Reader):
            return reader
        with store.read() as tx:
            found = personal_data(tx, reader.link.subscriber)
        return Response(json.dumps(found, ensure_ascii=False, indent=2) + "\n", headers=_FILE)

    @router.api_route("/d/{token}/erase", methods=["GET", "HEAD"])
    def question(request: Request, token: str) -> Response:
        reader = _behind(site, request, token)
        return _question(reader, request, token) if isinstance(reader, Reader) else reader

    @router.post("/d/{token}/erase")
    def erase(request: Request, token: str, fields: Annotated[Fields, Depends(form_fields)]) -> Response:
        reader = _behind(site, request, token)
        if not isinstance(reader, Reader):
            return reader
        if fields.get("act") != "erase":
            return _question(reader, request, token)
        voice = reader.voice
        forget_reader(store, reader.link.subscriber, who=READER, now=clock())
        return site.message(request, "erased", status=200, voice=voice)

    return router


def _behind(site: Site, request: Request, token: str) -> Reader | Response:
    """Whose data the link opens; the page that says why it opens nobody's."""
    try:
        link, asked = read_data_link(site.installation.keys, token)
    except TokenError:
        return site.message(request, "broken_link", status=404)
    reader = Reader.behind(site, link)
    if not reader.known:
        return reader.message(request, "absent")
    if site.installation.clock() - asked > DATA_GOOD_FOR:
        return site.message(request, "data_expired", status=410, voice=reader.voice)
    return reader


def _offered(reader: Reader, request: Request, *, mailed: bool = False) -> Response:
    words, newsroom = reader.voice.words, reader.site.installation.newsroom
    return reader.page(
        request,
        "public/data_link.html.j2",
        title=words.plain("inbox_title" if mailed else "your_data"),
        lead=words.say("data_mailed_lead" if mailed else "data_ask_lead", address=reader.address),
        mailed=mailed,
        write=words.say("data_ask_write", address=newsroom.corrections_to) if newsroom.corrections_to else "",
    )


def _question(reader: Reader, request: Request, token: str) -> Response:
    words = reader.voice.words
    return reader.page(
        request,
        "public/erase.html.j2",
        own=f"{DATA}/{token}",
        title=words.plain("erase_title"),
        lead=words.say("erase_lead", address=reader.address),
    )


def _page(reader: Reader, request: Request, token: str) -> Response:
    words, wording, site = reader.voice.words, reader.voice.wording, reader.site
    rows = []
    for each in reader.state.subscriptions:
        ended = each.unsubscribed if each.state != "subscribed" else None
        since = words.say("subscribed_since", date=agreed_on(each.consent, wording))
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
        own=f"{DATA}/{token}",
        title=words.plain("your_data"),
        lead=words.say("data_lead", newsroom=site.installation.newsroom.name, address=reader.address),
        name=next((each.name for each in reader.state.subscriptions if each.name), ""),
        rows=rows,
    )
