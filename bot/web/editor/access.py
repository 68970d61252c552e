"""Who asks for a page of the desk, and whether they may: each of its routes takes one of the four below.

A valid session says who it is. While nobody has an account, whoever is at this machine is an admin; from then on they
log in like everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bot.accounts.sessions import LoggedIn, logged_in
from bot.model import AT_THIS_MACHINE, Newsroom, Role, User
from bot.schedules.installation import Installation
from bot.web.editor.speech import preferred, speak
from bot.web.security import Stranger, stranger
from bot.web.site import Site, base

LOGIN = "login"
_SAFE = ("GET", "HEAD")
_NAMED = 5
"""People who may, at most, whom a refusal names."""
_LONGEST_NEXT = 1000


class NotLoggedIn(Exception):
    """Nobody is logged in who asks for a page of the desk."""


class NotAllowed(Exception):
    """The role of ``user`` is too small for what they ask for."""

    def __init__(self, needed: Role, user: User) -> None:
        super().__init__(f"{user.role} is not {needed}")
        self.needed = needed
        self.user = user


@dataclass(frozen=True, slots=True)
class Needs:
    """A route's dependency: the user who asks, whose role is ``role`` or more.

    ``request.state.user`` is that user then, and ``request.state.session`` their session (None: they are at this
    machine). Raises ``NotLoggedIn``, ``NotAllowed``, and ``Stranger`` while nobody has an account.
    """

    role: Role

    async def __call__(self, request: Request) -> User:
        known = getattr(request.state, "user", None)
        found: User = known if isinstance(known, User) else await run_in_threadpool(_identified, request)
        # Here, and not in the thread: what is set there ends with it.
        speak(preferred(found.language, request.headers.get("accept-language", "")))
        if not found.role.may(self.role):
            raise NotAllowed(self.role, found)
        return found


Viewer = Annotated[User, Depends(Needs(Role.VIEWER))]
"""Who sees the desk."""
Editor = Annotated[User, Depends(Needs(Role.EDITOR))]
"""Who edits, collects, adds."""
Approver = Annotated[User, Depends(Needs(Role.APPROVER))]
"""Who approves, sends, pauses, cancels, settles."""
Admin = Annotated[User, Depends(Needs(Role.ADMIN))]
"""Who looks after users, settings, brand, and erases."""


def _identified(request: Request) -> User:
    installation: Installation = request.app.state.installation
    token = request.cookies.get(cookie_name(installation.newsroom), "")
    session = logged_in(installation.store, token, installation.clock())
    user = session.user if session else _at_this_machine(installation, request)
    request.state.user, request.state.session = user, session
    return user


def _at_this_machine(installation: Installation, request: Request) -> User:
    with installation.store.read() as tx:
        taken = tx.users.any()
    if taken:
        raise NotLoggedIn
    why = stranger(request)
    if why:
        raise Stranger(why)
    return AT_THIS_MACHINE


def session_of(request: Request) -> LoggedIn | None:
    """The session that the request's ``Needs`` found; None for who is at this machine."""
    found: LoggedIn | None = getattr(request.state, "session", None)
    return found


def secure(newsroom: Newsroom) -> bool:
    """Whether cookies go over HTTPS alone: where the newsroom's pages do."""
    return newsroom.public_url.lower().startswith("https://")


def cookie_name(newsroom: Newsroom) -> str:
    """With the prefix by which browsers let no other host, and no plain HTTP, set it (RFC 6265bis §4.1.3.2)."""
    return "__Host-broadsheet" if secure(newsroom) else "broadsheet"


def guard(app: FastAPI, site: Site) -> None:
    """Lets ``app`` know whose desk it is, and answer those who may not."""
    app.state.installation = site.installation

    def not_logged_in(request: Request, error: NotLoggedIn) -> Response:
        return _to_login(site, request)

    def not_allowed(request: Request, error: NotAllowed) -> Response:
        return _refusal(site, request, error)

    app.add_exception_handler(NotLoggedIn, not_logged_in)  # type: ignore[arg-type]
    app.add_exception_handler(NotAllowed, not_allowed)  # type: ignore[arg-type]


def _to_login(site: Site, request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        # The page is loaded again, which leads to the login and back. HX-Redirect would need the page's own address,
        # and a proxy may have put something before it.
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    if request.method in _SAFE:
        return RedirectResponse(f"{base(request)}{LOGIN}{_coming_back(request)}", status_code=303)
    return site.page(
        request,
        "public/message.html.j2",
        status=401,
        title="You are logged out",
        lead="Nothing was changed. Log in on another tab, then come back here and do it again.",
    )


def _coming_back(request: Request) -> str:
    here = request.scope["path"].lstrip("/")
    if request.url.query:
        here += f"?{request.url.query}"
    return f"?next={quote(here, safe='/')}" if here and len(here) <= _LONGEST_NEXT else ""


def _refusal(site: Site, request: Request, error: NotAllowed) -> Response:
    """Says who may."""
    with site.installation.store.read() as tx:
        able = [each.name for each in tx.users.every() if not each.disabled and each.role.may(error.needed)]
    roles = ", ".join(Role.least(error.needed))
    people = f" Ask {', '.join(able[:_NAMED])}." if able else ""
    return site.page(
        request,
        "public/message.html.j2",
        status=403,
        title="Your role is not enough for this",
        lead=f"You are {error.user.role}; this needs: {roles}.{people}",
    )
