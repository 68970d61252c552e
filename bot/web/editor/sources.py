"""``/sources``: whether the news is coming in; a source is tried, added by any address, or removed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from bot.articles.text import reading_minutes
from bot.errors import BroadsheetError, SettingsError
from bot.http import Http
from bot.model import Article, Role, User
from bot.schedules import hubs, pings
from bot.schedules.declaring import declare, withdraw
from bot.schedules.source_health import SourceHealth, health
from bot.schedules.ticker import collect_now
from bot.sources.fault import Fault, fault_of
from bot.sources.first_look import FirstLook, first_look, key_for
from bot.speech.catalog import N_, _, ngettext
from bot.speech.phrases import sentence, told, told_error
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.desk import Desk, number
from bot.web.editor.faults import FAULTS
from bot.web.editor.form import Submitted
from bot.web.editor.states import Shown

LONGEST_LOOK = 60
"""Seconds that somebody waits at most for what is found behind an address."""

KINDS = {
    "feed": N_("Feed"),
    "wordpress": N_("WordPress"),
    "ghost": N_("Ghost"),
    "sitemap": N_("Sitemap"),
    "folder": N_("Folder"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A source as the list shows it; ``bars`` are (place, height) of its last 24 hours, of 24 × 20."""

    health: SourceHealth
    shown: Shown
    fault: str
    bars: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What was found behind an address. ``key`` is proposed for it; ``items`` are its newest articles, and facts."""

    look: FirstLook
    key: str
    items: tuple[tuple[Article, str], ...]
    has_it: str


def routes(desk: Desk, router: APIRouter) -> None:
    """``/sources``, ``/sources/NAME``, and what is done there."""

    def listed(
        request: Request,
        user: User,
        *,
        offer: Offer | None = None,
        url: str = "",
        error: tuple[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        installation = desk.installation.current()
        now = installation.clock()
        with installation.store.read() as tx:
            rows = [row(each, desk) for each in health(installation, tx, now)]
            waiting = tx.changes.count()
        return desk.page(
            request,
            user,
            "editor/sources.html.j2",
            here="sources",
            status=status,
            sources=rows,
            waiting=waiting,
            kinds=KINDS,
            may_edit=user.role.may(Role.EDITOR),
            offer=offer,
            url=url,
            error=error,
        )

    @router.api_route("/sources", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return listed(request, user)

    @router.api_route("/sources/{name}", methods=["GET", "HEAD"])
    def one(request: Request, user: Viewer, name: str) -> Response:
        installation = desk.installation.current()
        now = installation.clock()
        with installation.store.read() as tx:
            found = next(iter(health(installation, tx, now, name)), None) if name else None
        if found is None:
            return desk.missing(request)
        editor = user.role.may(Role.EDITOR)
        return desk.page(
            request,
            user,
            "editor/source.html.j2",
            here="sources",
            row=row(found, desk),
            kinds=KINDS,
            may_edit=editor,
            # Whoever knows it can make us look.
            ping=pings.ping_url(installation.newsroom, installation.keys, name) if editor else "",
            reachable=hubs.is_public(installation.newsroom.public_url),
            removable=bool(found.origin and found.origin.on_desk),
        )

    @router.post("/sources/find")
    def find(request: Request, user: Editor, form: Submitted) -> Response:
        url = form.text("url", longest=2000)
        if not url:
            said = _("Write or paste the address of a site, for example https://news.example.")
            return listed(request, user, url=url, error=(said, ""), status=422)
        try:
            look = asyncio.run(_look(desk, url))
        except BroadsheetError as error:
            return listed(request, user, url=url, error=_told(error), status=422)
        except TimeoutError:
            return listed(request, user, url=url, error=(_(FAULTS[Fault.SLOW]), ""), status=422)
        return listed(request, user, url=url, offer=_offer(desk, look))

    @router.post("/sources/add")
    def add(request: Request, user: Editor, form: Submitted) -> Response:
        kind, url = form.text("type", longest=40), form.text("url", longest=2000)
        key = form.text("key", longest=60)
        installation, now = desk.installation, desk.installation.clock()
        installation.refresh()
        if key in installation.settings.sources:
            said = _("There is a source with the key %(key)s already. Choose another.") % {"key": key}
            return listed(request, user, url=url, error=(said, ""), status=422)
        if kind not in ("feed", "wordpress"):
            return desk.missing(request)
        try:
            declare(installation, "sources", key, {"type": kind, "url": url}, who=user.name_on_record, now=now)
        except SettingsError as error:
            # Without the key that a file would name it by.
            said = sentence(told(error.said)) if error.said else told_error(error)
            return listed(request, user, url=url, error=(said, ""), status=422)
        reports = collect_now(installation.current(), (key,))
        new = sum(each.new for each in reports)
        if any(each.error for each in reports):
            said = _("%(name)s was added; its first visit failed, and is tried again.") % {"name": key}
        else:
            said = ngettext(
                "%(name)s was added with %(count)s article.", "%(name)s was added with %(count)s articles.", new
            ) % {"name": key, "count": number(new)}
        return desk.done(request, "sources", said)

    @router.post("/sources/try")
    def try_now(request: Request, user: Editor, form: Submitted) -> Response:
        name = form.text("source", longest=100)
        installation = desk.installation.current()
        if name not in installation.sources:
            return desk.missing(request)
        (report,) = collect_now(installation, (name,))
        if report.waiting:
            when = desk.times.words(report.waiting)
            said = _("%(name)s asked us to wait until %(time)s.") % {"name": name, "time": when}
        elif report.error:
            said = _("%(name)s still cannot be read.") % {"name": name}
        else:
            said = ngettext(
                "%(name)s was read: %(count)s new article.", "%(name)s was read: %(count)s new articles.", report.new
            ) % {"name": name, "count": number(report.new)}
        return desk.done(request, "sources", said)

    @router.post("/sources/remove")
    def remove(request: Request, user: Editor, form: Submitted) -> Response:
        name = form.text("source", longest=100)
        try:
            withdraw(desk.installation, "sources", name, who=user.name_on_record, now=desk.installation.clock())
        except BroadsheetError as error:
            return desk.refused(request, error)
        said = _("%(name)s was removed. Its articles stay.") % {"name": name}
        return desk.done(request, "sources", said)


async def _look(desk: Desk, url: str) -> FirstLook:
    installation = desk.installation
    async with asyncio.timeout(LONGEST_LOOK), Http(installation.settings.http) as http:
        return await first_look(http, url, installation.clock())


def _offer(desk: Desk, look: FirstLook) -> Offer:
    settings = desk.installation.settings
    has_it = next(
        (
            name
            for name, table in settings.sources.items()
            if str(table.get("url", "")).rstrip("/") == look.found.url.rstrip("/")
        ),
        "",
    )
    return Offer(
        look, key_for(look.found, settings.sources), tuple((each, _facts(each)) for each in look.newest), has_it
    )


def _facts(article: Article) -> str:
    minutes = reading_minutes(article.body) if article.body else 0
    parts = [ngettext("%(count)s minute to read", "%(count)s minutes to read", minutes) % {"count": minutes}] * bool(
        minutes
    )
    if article.image and article.image.alt:
        parts.append(_("picture with alt text"))
    elif article.image:
        parts.append(_("picture without alt text"))
    return " · ".join(parts)


def _told(error: BroadsheetError) -> tuple[str, str]:
    """Plain words, and what was said, to be quoted."""
    return _(FAULTS[fault_of(str(error))]), told_error(error)


def row(each: SourceHealth, desk: Desk) -> Row:
    """A source's state in words."""
    state, now = each.state, desk.installation.clock()
    fault = ""
    if state.failures:
        shown = Shown(N_("Not answering"), "bad", "mark")
        fault = _(FAULTS[fault_of(state.error)])
        if fault_of(state.error) is Fault.BUSY:
            shown = Shown(N_("Asked us to wait"), "warn", "clock")
    elif state.last_visit is None:
        shown = Shown(N_("Not visited yet"), "plain", "clock")
    elif state.not_before and state.not_before > now:
        shown = Shown(N_("Asked us to wait"), "warn", "clock")
    elif state.last_success and now - state.last_success > max(
        timedelta(hours=1), 3 * desk.installation.settings.delivery.collect_every
    ):
        shown = Shown(N_("Not visited for long"), "warn", "clock")
    else:
        shown = Shown(N_("Fresh"), "good", "tick")
    most = max(each.hours, default=0) or 1
    bars = tuple((place, round(2 + 16 * count / most) if count else 0) for place, count in enumerate(each.hours))
    return Row(each, shown, fault, bars)
