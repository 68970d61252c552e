"""``/welcome``: where the first run ends, with an edition of the newsroom's own articles that nobody gets yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.editions.compose import reason_of
from bot.errors import BroadsheetError
from bot.schedules.first_edition import Possible, possible
from bot.schedules.preview import filled, send_test
from bot.schedules.run import shown_slot
from bot.settings import is_address
from bot.speech.catalog import _
from bot.speech.phrases import sentence, told_error
from bot.web.editor.access import Approver, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.faults import in_words
from bot.web.editor.form import Submitted
from bot.web.headers import PREVIEW_POLICY

STORIES = 3
"""Stories whose reasons are shown."""
KEPT = timedelta(minutes=1)
"""How long the edition stands as it was made, unless a source had news or a setting was changed."""


@dataclass(slots=True)
class Draft:
    """The edition that is shown, kept while nothing is new: the page and the mail in it are the same one, made once."""

    desk: Desk
    _of: object = None
    _made: Possible | None = None
    _until: datetime | None = None

    def made(self) -> Possible | None:
        """None where no schedule sends mail. Raises ``RenderError``."""
        installation, schedule = self.desk.installation, _first(self.desk)
        if schedule is None:
            return None
        now = installation.clock()
        with installation.store.read() as tx:
            states = tx.sources.of(list(installation.settings.sources)).values()
            of = (schedule, tx.declarations.mark(), sorted((each.source, str(each.last_success)) for each in states))
        if self._until is None or of != self._of or not self._until - KEPT <= now < self._until:
            self._made, self._of, self._until = possible(installation, schedule, now), of, now + KEPT
        return self._made


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/welcome`` and ``/welcome/preview``; POST of ``/welcome/send``."""
    draft = Draft(desk)

    @router.api_route("/welcome", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return _page(desk, draft, request, user)

    @router.api_route("/welcome/preview", methods=["GET", "HEAD"])
    def preview(request: Request, user: Viewer) -> Response:
        made = draft.made()
        mail = next((each.email for each in made.edition.renditions if each.email), None) if made else None
        if made is None or mail is None:
            return desk.missing(request)
        html = filled(desk.installation, made.edition, mail).html
        return HTMLResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})

    @router.post("/welcome/send")
    def send(request: Request, user: Approver, form: Submitted) -> Response:
        to, schedule = form.text("to", longest=254), _first(desk)
        if not is_address(to):
            return _page(desk, draft, request, user, to=to, error=_("Write one mail address."))
        if schedule is None:
            return desk.missing(request)
        installation = desk.installation
        slot = shown_slot(installation, schedule, installation.clock())
        try:
            asyncio.run(send_test(installation, schedule, slot, to))
        except BroadsheetError as error:
            return _page(desk, draft, request, user, to=to, error=sentence(told_error(error)))
        return desk.done(request, "welcome", _("Sent to %(address)s, marked as a test.") % {"address": to})


def _page(desk: Desk, draft: Draft, request: Request, user: Viewer, *, to: str = "", error: str = "") -> Response:
    installation = desk.installation
    made = draft.made()
    with installation.store.read() as tx:
        sources = tx.sources.of(list(installation.settings.sources)).values()
        failures = [(each.source, in_words(each.error)) for each in sources if each.failures]
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
