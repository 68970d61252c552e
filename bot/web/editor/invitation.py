"""``/invitation/TOKEN`` and ``/reset/TOKEN``: where a link from a mail lets somebody in.

Opening one changes nothing, for mail scanners open links; sending its form does, once.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.accounts import invitations, sessions
from bot.accounts.flaws import Flaw, Unfit
from bot.accounts.invitations import Stand
from bot.errors import StateError, TokenError
from bot.model import Invitation, Purpose
from bot.web.client import Clients
from bot.web.editor.access import LOGIN, cookie_name
from bot.web.editor.desk import Desk
from bot.web.editor.door import door
from bot.web.editor.flaws import said
from bot.web.editor.form import Submitted
from bot.web.editor.login import let_in
from bot.web.site import base

_LONGEST_NAME, _LONGEST_PASSWORD = 200, 1000


DOOR = True
"""For who has not logged in yet."""


def routes(desk: Desk, router: APIRouter) -> None:
    """GET, HEAD and POST of ``/invitation/TOKEN`` and ``/reset/TOKEN``."""
    installation = desk.installation
    clients = Clients(installation.settings.web.trusted_proxies)

    @router.api_route("/invitation/{token}", methods=["GET", "HEAD"])
    def invitation(request: Request, token: str) -> Response:
        return _shown(desk, request, Purpose.JOIN, token)

    @router.api_route("/reset/{token}", methods=["GET", "HEAD"])
    def reset(request: Request, token: str) -> Response:
        return _shown(desk, request, Purpose.RESET, token)

    @router.post("/invitation/{token}")
    def join(request: Request, token: str, form: Submitted) -> Response:
        name = form.text("name", longest=_LONGEST_NAME)
        try:
            found = invitations.read_link(installation.keys, Purpose.JOIN, token)
            password = form.raw("password", longest=_LONGEST_PASSWORD)
            now, newsroom = installation.clock(), installation.newsroom.name
            user = invitations.join(installation.store, found, name, password, now=now, newsroom=newsroom)
        except Unfit as error:
            return _shown(desk, request, Purpose.JOIN, token, error=error.flaw, name=name)
        except (StateError, TokenError):
            return _shown(desk, request, Purpose.JOIN, token)
        with installation.store.write() as tx:
            before = request.cookies.get(cookie_name(installation.newsroom), "")
            browser = request.headers.get("user-agent", "")
            session = sessions.log_in(
                tx,
                user,
                installation.clock(),
                kept=False,
                browser=browser,
                network=clients.network(request),
                before=before,
            )
        answer = RedirectResponse(base(request), status_code=303)
        let_in(desk, answer, session, kept=False)
        return answer

    @router.post("/reset/{token}")
    def choose(request: Request, token: str, form: Submitted) -> Response:
        try:
            found = invitations.read_link(installation.keys, Purpose.RESET, token)
            password = form.raw("password", longest=_LONGEST_PASSWORD)
            now, newsroom = installation.clock(), installation.newsroom.name
            invitations.choose(installation.store, found, password, now=now, newsroom=newsroom)
        except Unfit as error:
            return _shown(desk, request, Purpose.RESET, token, error=error.flaw)
        except (StateError, TokenError):
            return _shown(desk, request, Purpose.RESET, token)
        # Not logged in by the link: who reads the mailbox is not yet who knows the password.
        return RedirectResponse(f"{base(request)}{LOGIN}?changed=yes", status_code=303)


def _shown(
    desk: Desk, request: Request, purpose: Purpose, token: str, *, error: Flaw | None = None, name: str = ""
) -> Response:
    stand, found = _look(desk, purpose, token)
    if found is None or stand is not Stand.OPEN:
        used = stand is Stand.USED
        return door(desk, request, "editor/link_over.html.j2", status=410, used=used, purpose=purpose)
    errors: Mapping[str, str] = {}
    status = 200
    if error:
        status, field = 422, "name" if error.name.startswith(("NAME", "ADDRESS")) else "password"
        errors = {field: said(error)}
    return door(
        desk,
        request,
        "editor/invitation.html.j2",
        status=status,
        language=found.language,
        invitation=found,
        purpose=purpose,
        errors=errors,
        name=name or found.name,
    )


def _look(desk: Desk, purpose: Purpose, token: str) -> tuple[Stand, Invitation | None]:
    installation = desk.installation
    try:
        invitation = invitations.read_link(installation.keys, purpose, token)
    except TokenError:
        return Stand.OVER, None
    with installation.store.read() as tx:
        return invitations.look(tx, invitation, installation.clock())
