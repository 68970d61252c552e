"""``/settings``: one's own account: how the desk looks, the password, where one is logged in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from bot.accounts import sessions, users
from bot.accounts.flaws import Flaw, Unfit
from bot.errors import StateError
from bot.model import User, UserSession
from bot.speech.catalog import LANGUAGES, _, ngettext, speak
from bot.web.editor.access import Viewer, session_of
from bot.web.editor.desk import Desk
from bot.web.editor.flaws import said
from bot.web.editor.form import Submitted
from bot.web.editor.roles import role_may, role_word

_LONGEST_PASSWORD = 1000
_NAMES = {"en": "English", "de": "Deutsch", "ja": "日本語", "ar": "العربية"}
"""The desk's languages, each by its own name."""
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is logged in; ``here``: in the browser that asks."""

    session: UserSession
    browser: str
    here: bool


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/settings``, and the POSTs of its forms."""
    installation = desk.installation

    @router.api_route("/settings", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return _page(desk, request, user)

    @router.post("/settings/tastes")
    def tastes(request: Request, user: Viewer, form: Submitted) -> Response:
        if not user.id:
            return desk.refused(request, StateError(_no_account()))
        language = form.text("language", longest=8)
        changed = users.set_tastes(
            installation.store,
            user,
            language=language if language in LANGUAGES else "",
            scheme=form.text("scheme", longest=8),
            keys=form.checked("keys"),
            now=installation.clock(),
        )
        if changed.language:
            speak(changed.language)
        return desk.done(request, "settings", _("Saved. The desk looks as you like it."))

    @router.post("/settings/password")
    def password(request: Request, user: Viewer, form: Submitted) -> Response:
        session = session_of(request)
        if session is None:
            return desk.refused(request, StateError(_no_account()))
        try:
            users.change_password(
                installation.store,
                user.id,
                form.raw("old", longest=_LONGEST_PASSWORD),
                form.raw("new", longest=_LONGEST_PASSWORD),
                here=session.hashed,
                now=installation.clock(),
                newsroom=installation.newsroom.name,
            )
        except Unfit as error:
            field = "old" if error.flaw is Flaw.PASSWORD_WRONG else "new"
            return _page(desk, request, user, errors={field: said(error.flaw)})
        except StateError:
            return _page(desk, request, user, errors={"old": _("Too many wrong passwords: try again in 15 minutes.")})
        return desk.done(request, "settings", _("Your password is changed. You are logged out everywhere else."))

    @router.post("/settings/sessions/end")
    def end(request: Request, user: Viewer, form: Submitted) -> Response:
        number = form.number("session")
        if number is None or not sessions.end(installation.store, user, number, installation.clock()):
            return desk.done(request, "settings", _("That browser was logged out already."))
        return desk.done(request, "settings", _("That browser is logged out."))

    @router.post("/settings/sessions/end-others")
    def end_others(request: Request, user: Viewer, form: Submitted) -> Response:
        session = session_of(request)
        if session is None:
            return desk.refused(request, StateError(_no_account()))
        ended = sessions.end_others(installation.store, user, session.hashed, installation.clock())
        words = ngettext("%(count)s other browser is logged out.", "%(count)s other browsers are logged out.", ended)
        return desk.done(request, "settings", words % {"count": ended})


def _no_account() -> str:
    return _("Who is at this machine has no account to change. Invite yourself first.")


def _page(desk: Desk, request: Request, user: User, errors: Mapping[str, str] | None = None) -> Response:
    session, now = session_of(request), desk.installation.clock()
    with desk.installation.store.read() as tx:
        found = [each for each in tx.sessions.of(user.id) if sessions.holds(each, now)] if user.id else []
    here = session.session.id if session else 0
    places = [Place(each, browser(each.browser), each.id == here) for each in found]
    return desk.page(
        request,
        user,
        "editor/account.html.j2",
        here="settings",
        status=422 if errors else 200,
        errors=errors or {},
        places=sorted(places, key=lambda place: not place.here),
        languages=[("", _("As the browser asks")), *_NAMES.items()],
        schemes=[("", _("As the system is")), ("light", _("Light")), ("dark", _("Dark"))],
        role_word=role_word(user.role),
        role_may=role_may(user.role),
    )


def browser(agent: str) -> str:
    """``Firefox · Windows``, of what a browser says of itself; "" when it says nothing known."""
    found = (next((word for sign, word in signs if re.search(sign, agent)), "") for signs in (_BROWSERS, _SYSTEMS))
    return " · ".join(each for each in found if each)
