"""``/p/TOKEN``: what a reader gets, when and in which language; and a button to end or take up each of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from bot.audience.links import PREFERENCES, ReaderLink
from bot.audience.preferences import Asked, offer, paused, prefer
from bot.audience.subscriptions import PREFERENCES_PAGE, join, may_change, subscribe_again, unsubscribe
from bot.model import Evidence
from bot.web.public.choices import agreed_on, choices, day_of, stored
from bot.web.public.form import Fields, form_fields
from bot.web.public.reader import Reader
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """GET, HEAD and POST of ``/p/TOKEN``."""
    router = APIRouter()
    store, clock = site.installation.store, site.installation.clock

    @router.api_route("/p/{token}", methods=["GET", "HEAD"])
    def show(request: Request, token: str) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        return _page(reader, request) if reader else site.message(request, "broken_link", status=404)

    @router.post("/p/{token}")
    def act(request: Request, token: str, fields: Annotated[Fields, Depends(form_fields)]) -> Response:
        reader = Reader.of(site, PREFERENCES, token)
        if reader is None:
            return site.message(request, "broken_link", status=404)
        audience, words = fields.get("audience"), reader.voice.words
        name = site.audience(audience)
        if fields.get("act") in ("save", "join") and reader.known and not may_change(store, reader.link, clock()):
            return reader.too_often(request)
        match fields.get("act"):
            case "save":
                return _save(reader, request, fields)
            case "leave" if audience in {each.audience for each in reader.state.subscriptions}:
                of_audience = ReaderLink(reader.link.subscriber, audience, reader.link.edition)
                unsubscribe(store, of_audience, everything=False, via=PREFERENCES_PAGE, clock=clock)
                return _page(reader.now(), request, done=words.say("left_now", name=name))
            case "join" if reader.known and _may_join(reader, audience):
                evidence = Evidence(
                    form="preferences",
                    wording=f"{words.language}: {words.plain('subscribe')}: {name}",
                    page=f"{site.installation.newsroom.public_url}/{PREFERENCES}",
                    requested=clock(),
                    confirmed=clock(),
                )
                known = audience in {each.audience for each in reader.state.subscriptions}
                take = subscribe_again if known else join
                take(store, reader.link, audience, via=PREFERENCES_PAGE, clock=clock, evidence=evidence)
                said = words.say("joined_now" if known else "joined_new", name=name)
                return _page(reader.now(), request, done=said)
        return _page(reader, request)

    return router


def _may_join(reader: Reader, audience: str) -> bool:
    """What they were in before, or what is open to all."""
    table = reader.site.installation.settings.audiences.get(audience)
    return audience in {each.audience for each in reader.state.subscriptions} or bool(table and table.open)


def _save(reader: Reader, request: Request, fields: Fields) -> Response:
    installation = reader.site.installation
    settings = installation.settings
    asked = _asked(fields)
    offers = {each.audience: offer(settings, each.audience) for each in reader.state.current}
    saved = prefer(
        installation.store,
        reader.link,
        asked,
        offers=offers,
        newsroom=installation.newsroom,
        clock=installation.clock,
    )
    if saved.wrong:
        return _page(reader, request, asked=asked, wrong=saved.wrong)
    reader = reader.now()
    words = reader.voice.words
    done = words.say("saved")
    first = next(iter(reader.state.current), None)
    until = paused(first.preferences, installation.newsroom, installation.clock()) if first else None
    if until:
        done += " " + words.say("paused_now", date=day_of(until, reader.voice.wording))
    return _page(reader, request, done=done)


def _asked(fields: Fields) -> Asked:
    """A group of boxes says by ``asked`` that it was shown: a browser sends nothing of one where none is ticked."""
    groups = [each.partition(":")[::2] for each in fields.all("asked")]
    return Asked(
        topics={each: fields.all(f"topics:{each}") for kind, each in groups if kind == "topics"},
        schedules={each: fields.all(f"schedules:{each}") for kind, each in groups if kind == "schedules"},
        hour=fields.get("hour"),
        timezone=fields.get("timezone"),
        language=fields.get("language"),
        paused_until=fields.get("paused_until").strip(),
    )


def _page(
    reader: Reader,
    request: Request,
    *,
    done: Markup | str = "",
    asked: Asked | None = None,
    wrong: frozenset[str] = frozenset(),
) -> Response:
    if not reader.known:
        return reader.message(request, "absent")
    site, voice = reader.site, reader.voice
    rows = [
        {
            "audience": each.audience,
            "name": site.audience(each.audience),
            "subscribed": each.state == "subscribed",
            "since": agreed_on(each.consent, voice.wording),
        }
        for each in reader.state.subscriptions
    ]
    known = {each.audience for each in reader.state.subscriptions}
    more = [
        {"audience": key, "name": table.name, "description": table.description}
        for key, table in site.installation.settings.audiences.items()
        if table.open and key not in known
    ]
    return reader.page(
        request,
        "public/preferences.html.j2",
        status=422 if wrong else 200,
        rows=rows,
        more=more,
        form=choices(reader, asked or stored(reader), wrong) if reader.state.current else None,
        lone=len(rows) == 1 and not more and bool(reader.state.current),
        leave=reader.unsubscribe_path(),
        several=len(reader.state.current) > 1,
        done=done,
        blocked=reader.state.blocked,
    )
