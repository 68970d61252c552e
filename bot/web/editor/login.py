"""``/login``, ``/logout``, ``/forgotten``: the desk's door, the only part of it that nobody needs a right for."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.accounts import logins, sessions
from bot.accounts.sessions import LONGEST
from bot.delivery.inviting import desk_channel
from bot.speech.catalog import _, ngettext
from bot.web.client import Clients
from bot.web.editor.access import LOGIN, NotLoggedIn, cookie_name, identified, secure
from bot.web.editor.desk import Desk
from bot.web.editor.door import door
from bot.web.editor.form import Submitted
from bot.web.site import base

_LONGEST_ADDRESS, _LONGEST_PASSWORD, _LONGEST_NEXT = 254, 1000, 1000


DOOR = True
"""For who has not logged in yet."""


def routes(desk: Desk, router: APIRouter) -> None:
    """GET, HEAD and POST of ``/login`` and ``/forgotten``, POST of ``/logout``."""
    installation = desk.installation
    clients = Clients(installation.settings.web.trusted_proxies)

    @router.api_route("/login", methods=["GET", "HEAD"])
    def show(request: Request, next: str = "", changed: str = "") -> Response:
        try:
            identified(request)
        except NotLoggedIn:
            token = request.cookies.get(cookie_name(installation.newsroom), "")
            return door(
                desk,
                request,
                "editor/login.html.j2",
                next=_within(next),
                changed=bool(changed),
                # Only the browser that was logged in is told.
                role=sessions.role_changed(installation.store, token, installation.clock()),
                address="",
            )
        return RedirectResponse(base(request) + _within(next), status_code=303)

    @router.post("/login")
    def log_in(request: Request, form: Submitted) -> Response:
        address = form.text("address", longest=_LONGEST_ADDRESS)
        found = logins.attempt(
            installation.store,
            installation.keys,
            address,
            # As it was typed: spaces are part of it.
            form.raw("password", longest=_LONGEST_PASSWORD),
            network=clients.network(request),
            now=installation.clock(),
            kept=form.checked("keep"),
            browser=request.headers.get("user-agent", ""),
            before=request.cookies.get(cookie_name(installation.newsroom), ""),
        )
        onward = _within(form.text("next", longest=_LONGEST_NEXT))
        if found.token:
            answer = RedirectResponse(base(request) + onward, status_code=303)
            let_in(desk, answer, found.token, kept=form.checked("keep"))
            return answer
        return door(
            desk,
            request,
            "editor/login.html.j2",
            status=422 if found.tries else 429,
            next=onward,
            changed=False,
            address=address,
            keep=form.checked("keep"),
            wrong=_said(desk, found),
        )

    @router.post("/logout")
    def log_out(request: Request, form: Submitted) -> Response:
        # Its form is empty, and read so that a body without end is refused here, too.
        name = cookie_name(installation.newsroom)
        with installation.store.write() as tx:
            sessions.log_out(tx, request.cookies.get(name, ""))
        answer = RedirectResponse(base(request) + LOGIN, status_code=303)
        answer.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=secure(installation.newsroom))
        return answer

    @router.api_route("/forgotten", methods=["GET", "HEAD"])
    def ask(request: Request) -> Response:
        mails = bool(desk_channel(installation.settings))
        return door(desk, request, "editor/forgotten.html.j2", mails=mails, asked=False)

    @router.post("/forgotten")
    def mail(request: Request, form: Submitted) -> Response:
        mails = bool(desk_channel(installation.settings))
        if mails:
            logins.forgotten(
                installation.store,
                installation.keys,
                form.text("address", longest=_LONGEST_ADDRESS),
                network=clients.network(request),
                now=installation.clock(),
            )
        return door(desk, request, "editor/forgotten.html.j2", mails=mails, asked=True)


def let_in(desk: Desk, answer: Response, token: str, *, kept: bool) -> None:
    """Hands the session to the browser: to no script, to no other site, and where there is HTTPS to nothing else."""
    newsroom = desk.installation.newsroom
    answer.set_cookie(
        cookie_name(newsroom),
        token,
        # The store decides how long it may rest; the cookie is only never the first to go.
        max_age=int(LONGEST.total_seconds()) if kept else None,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure(newsroom),
    )


def _within(path: str) -> str:
    """``path`` below the desk's root, to be put behind ``base``: whatever stands in it, it leads to no other site."""
    path = path[:_LONGEST_NEXT].lstrip("/")
    return path if path.isprintable() and "\\" not in path else ""


def _said(desk: Desk, found: logins.Login) -> tuple[str, str]:
    if found.tries:
        then = ngettext(
            "%(tries)s try left, then wait 15 minutes.", "%(tries)s tries left, then wait 15 minutes.", found.tries
        )
        return _("Address and password do not match."), then % {"tries": found.tries}
    until = desk.times.words(found.until) if found.until else ""
    return _("Too many tries."), _("Wait until %(time)s, or let us mail you a link for a new password.") % {
        "time": until
    }
