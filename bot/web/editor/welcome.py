"""``/welcome``: where the first run ends, with an edition of the newsroom's own articles that nobody gets yet."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.editions.compose import reason_of
from bot.errors import BroadsheetError
from bot.schedules.first_edition import Possible, possible
from bot.schedules.preview import filled, send_test
from bot.schedules.run import shown_slot
from bot.settings import is_address
from bot.web.editor.access import Approver, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.phrases import sentence, told_error
from bot.web.editor.speech import _
from bot.web.headers import PREVIEW_POLICY

STORIES = 3
"""Stories whose reasons are shown."""


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/welcome`` and ``/welcome/preview``; POST of ``/welcome/send``."""
    router = APIRouter()

    @router.api_route("/welcome", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return _page(desk, request, user)

    @router.api_route("/welcome/preview", methods=["GET", "HEAD"])
    def preview(request: Request, user: Viewer) -> Response:
        made = _made(desk)
        mail = next((each.email for each in made.edition.renditions if each.email), None) if made else None
        if made is None or mail is None:
            return desk.missing(request)
        html = filled(desk.installation, made.edition, mail).html
        return HTMLResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})

    @router.post("/welcome/send")
    def send(request: Request, user: Approver, form: Submitted) -> Response:
        to, schedule = form.text("to", longest=254), _first(desk)
        if not is_address(to):
            return _page(desk, request, user, to=to, error=_("Write one mail address."))
        if schedule is None:
            return desk.missing(request)
        installation = desk.installation
        slot = shown_slot(installation, schedule, installation.clock())
        try:
            asyncio.run(send_test(installation, schedule, slot, to))
        except BroadsheetError as error:
            return _page(desk, request, user, to=to, error=sentence(told_error(error)))
        return desk.done(request, "welcome", _("Sent to %(address)s, marked as a test.") % {"address": to})

    return router


def _page(desk: Desk, request: Request, user: Viewer, *, to: str = "", error: str = "") -> Response:
    installation = desk.installation
    made = _made(desk)
    with installation.store.read() as tx:
        failures = [each for each in tx.sources.of(list(installation.settings.sources)).values() if each.failures]
        newest = tx.articles.newest(limit=200)
    return desk.page(
        request,
        user,
        "editor/welcome.html.j2",
        here="today",
        status=422 if error else 200,
        schedule=_first(desk),
        edition=made.edition if made else None,
        picks=(made.report.get("picks") or [])[:STORIES] if made else [],
        reason_of=reason_of,
        articles=len(newest),
        failures=failures,
        to=to or user.address,
        error=error,
    )


def _first(desk: Desk) -> str | None:
    """The schedule that is shown: the first that sends mail."""
    installation = desk.installation
    return next((name for name in installation.settings.schedules if installation.sends_mail(name)), None)


def _made(desk: Desk) -> Possible | None:
    schedule = _first(desk)
    if schedule is None:
        return None
    return possible(desk.installation, schedule, desk.installation.clock())
