"""Who asks for a page of the desk, and whether they may: each of its routes takes one of the four below.

A valid session says who it is. While nobody has an account, whoever comes with the key that was printed on this machine
is an admin; from then on they log in like everybody else, and the key opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from babel.lists import format_list
from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bot.accounts.desk_key import PARAMETER
from bot.accounts.sessions import LoggedIn, logged_in
from bot.model import AT_THIS_MACHINE, Newsroom, Role, User
from bot.schedules.installation import Installation
from bot.speech.catalog import _, locale, preferred, speak
from bot.web.editor.desk import Desk
from bot.web.editor.door import door
from bot.web.editor.roles import role_word
from bot.web.entry import Admitted, Entry, Keyless
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
    machine). Raises ``NotLoggedIn``, ``NotAllowed``, and what ``Entry`` raises while nobody has an account.
    """

    role: Role

    async def __call__(self, request: Request) -> User:
        known = getattr(request.state, "user", None)
        found: User = known if isinstance(known, User) else await run_in_threadpool(identified, request)
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


def identified(request: Request) -> User:
    """Who asks, whatever they may. Raises ``NotLoggedIn``, and what ``Entry`` raises while nobody has an account."""
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
    _entry(installation)(request)
    return AT_THIS_MACHINE


def _entry(installation: Installation) -> Entry:
    return Entry(installation.keys, installation.clock)


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

    def admitted(request: Request, error: Admitted) -> Response:
        return _entry(site.installation).admit(request)

    def keyless(request: Request, error: Keyless) -> Response:
        return _keyless(site, request, error)

    app.add_exception_handler(Admitted, admitted)  # type: ignore[arg-type]
    app.add_exception_handler(Keyless, keyless)  # type: ignore[arg-type]
    app.add_exception_handler(NotLoggedIn, not_logged_in)  # type: ignore[arg-type]
    app.add_exception_handler(NotAllowed, not_allowed)  # type: ignore[arg-type]


def _to_login(site: Site, request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        # The page is loaded again, which leads to the login and back. HX-Redirect would need the page's own address,
        # and a proxy may have put something before it.
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    if request.method in _SAFE:
        return RedirectResponse(f"{base(request)}{LOGIN}{_coming_back(request)}", status_code=303)
    speak(preferred(request.headers.get("accept-language", ""), site.installation.newsroom.language))
    return site.page(
        request,
        "public/message.html.j2",
        status=401,
        title=_("You are logged out"),
        lead=_("Nothing was changed. Log in on another tab, then come back here and do it again."),
    )


def _keyless(site: Site, request: Request, error: Keyless) -> Response:
    answer = door(
        Desk(site), request, "editor/keyless.html.j2", status=403, late=error.late, read=request.method in _SAFE
    )
    if request.headers.get("hx-request") == "true":
        answer.headers["HX-Refresh"] = "true"
    return answer


def _coming_back(request: Request) -> str:
    here = request.scope["path"].lstrip("/")
    # A key that was printed before the first account is worth nothing now, and no part of the page's address.
    query = [each for each in request.query_params.multi_items() if each[0] != PARAMETER]
    if query:
        here += f"?{urlencode(query)}"
    return f"?next={quote(here, safe='/')}" if here and len(here) <= _LONGEST_NEXT else ""


def _refusal(site: Site, request: Request, error: NotAllowed) -> Response:
    """Says who may."""
    with site.installation.store.read() as tx:
        able = [each.name for each in tx.users.every() if not each.disabled and each.role.may(error.needed)]
    facts = {"role": role_word(error.user.role), "needed": role_word(error.needed)}
    said = _("Your role is %(role)s; this needs %(needed)s or more.") % facts
    if able:
        said += " " + _("Ask %(people)s.") % {"people": format_list(able[:_NAMED], "or", locale=locale())}
    return Desk(site).fault(request, 403, _("Your role is not enough for this"), said)
