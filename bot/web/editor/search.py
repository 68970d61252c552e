"""``/search``: what the field in the rail finds: pages, schedules, editions, sources, articles and readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.model import Role
from bot.speech.catalog import _
from bot.store.headlines import Look
from bot.store.readers import SHORTEST
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk, address_for
from bot.web.site import base

LONGEST = 100
MOST = 8
"""Things of each kind that are shown."""
LATELY = 200
"""Editions whose names are looked through: older ones stand on the calendar."""


@dataclass(frozen=True, slots=True)
class Hit:
    """``href`` is below the desk's root; ``serif``: readers read it."""

    href: str
    what: str
    why: str = ""
    serif: bool = False


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/search?q=``."""

    @router.api_route("/search", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, q: str = "") -> Response:
        words = q.strip()[:LONGEST]
        if words.isalnum() and words.isascii():
            with desk.installation.store.read() as tx:
                if tx.editions.state(words) is not None:
                    return RedirectResponse(f"{base(request)}editions/{words}", status_code=303)
        found = _groups(desk, words, address_for(user), admin=user.role.may(Role.ADMIN)) if words else ()
        groups = [(title, hits) for title, hits in found if hits]
        return desk.page(request, user, "editor/search.html.j2", here="search", asked=words, groups=groups)


def _groups(desk: Desk, words: str, address: Callable[[str], str], *, admin: bool) -> Iterator[tuple[str, list[Hit]]]:
    installation, folded = desk.installation, words.casefold()
    settings = installation.settings
    pages = [*_pages(), *([("settings/webhooks", _("Webhooks"))] if admin else [])]
    yield _("Pages"), [Hit(href, word) for href, word in pages if folded in word.casefold()][:MOST]
    yield (
        _("Schedules"),
        [
            Hit(f"schedules/{key}", table.name)
            for key, table in settings.schedules.items()
            if folded in key.casefold() or folded in table.name.casefold()
        ][:MOST],
    )
    yield _("Sources"), [Hit(f"sources/{key}", key) for key in settings.sources if folded in key.casefold()][:MOST]
    yield _("Channels"), [Hit(f"channels/{key}", key) for key in settings.channels if folded in key.casefold()][:MOST]
    with installation.store.read() as tx:
        editions = [each for each in tx.editions.latest(LATELY) if folded in each.name.casefold()][:MOST]
        articles = tx.headlines.look(Look(words=tuple(folded.split())), MOST).articles
        readers = tx.readers.find(words, limit=MOST).readers if len(words) >= SHORTEST else []
    times = desk.times
    yield _("Editions"), [Hit(f"editions/{each.id}", each.name, times.words(each.slot)) for each in editions]
    yield (
        _("Articles"),
        [
            Hit(
                f"articles/{each.id}",
                each.title or _("Untitled"),
                f"{each.source} · {times.words(each.published)}",
                serif=True,
            )
            for each in articles
        ],
    )
    yield _("Readers"), [Hit(f"audience/readers/{id}", address(whole), name) for id, whole, name in readers]


def _pages() -> list[tuple[str, str]]:
    return [
        ("", _("Today")),
        ("calendar", _("Calendar")),
        ("schedules", _("Schedules")),
        ("schedules/new", _("New schedule")),
        ("deliveries", _("Deliveries")),
        ("sources", _("Sources")),
        ("articles", _("Articles")),
        ("audience", _("Audience")),
        ("audience/import", _("Import readers")),
        ("audience/suppressions", _("Suppressions")),
        ("numbers", _("Numbers")),
        ("channels", _("Channels")),
        ("channels/new", _("Add a channel")),
        ("templates", _("Templates")),
        ("templates/brand", _("Brand")),
        ("activity", _("Activity")),
        ("settings", _("Settings")),
        ("settings/people", _("People")),
        ("settings/tokens", _("API tokens")),
        ("settings/api", _("The API")),
        ("settings/newsroom", _("Newsroom")),
    ]
