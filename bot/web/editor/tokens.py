"""``/settings/tokens``: API tokens, by which other programs work in somebody's name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from bot.accounts import api_tokens
from bot.errors import StateError, UsageError
from bot.model import ApiToken, Role, Scope, User
from bot.speech.catalog import _, ngettext
from bot.web.editor import api
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.roles import scope_options, scope_word

HERE = "settings/tokens"
DAYS = (30, 90, 366)


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/settings/tokens``, and the POSTs of its forms."""
    installation = desk.installation

    @router.api_route("/settings/tokens", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return _page(desk, request, user)

    @router.post("/settings/tokens")
    def make(request: Request, user: Viewer, form: Submitted) -> Response:
        name, scope, days = form.text("name", longest=200), form.text("scope", longest=12), form.number("days")
        errors = {}
        if not name or not name.isprintable():
            errors["name"] = _("Write which program has it.")
        if scope not in [value for value, _word in scope_options(user.role)]:
            errors["scope"] = _("A token may do no more than you.")
        if days not in DAYS:
            errors["days"] = _("Choose how long it is good.")
        if errors or days is None:
            return _page(desk, request, user, errors=errors, values=form.values())
        try:
            token, kept = api_tokens.make(
                installation.store, user, name, Scope(scope), timedelta(days=days), now=installation.clock()
            )
        except (StateError, UsageError) as error:
            return desk.refused(request, error)
        # Not by a redirect: the token is nowhere but in this answer.
        return _page(desk, request, user, token=token, made=kept)

    @router.post("/settings/tokens/revoke")
    def revoke(request: Request, user: Viewer, form: Submitted) -> Response:
        number = form.number("token") or 0
        with installation.store.read() as tx:
            found = tx.api_tokens.get(number)
        if found is None or not (found.user == user.id or user.role.may(Role.ADMIN)):
            return desk.missing(request)
        api_tokens.revoke(installation.store, number, who=user.name_on_record, now=installation.clock())
        return desk.done(request, HERE, _("The token “%(name)s” opens nothing any more.") % {"name": found.name})


def _page(
    desk: Desk,
    request: Request,
    user: User,
    *,
    errors: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    token: str = "",
    made: ApiToken | None = None,
) -> Response:
    now, admin = desk.installation.clock(), user.role.may(Role.ADMIN)
    with desk.installation.store.read() as tx:
        found = tx.api_tokens.of(None if admin else user.id)
        names = tx.users.names({each.user for each in found})
    days = [(each, ngettext("%(count)s day", "%(count)s days", each) % {"count": each}) for each in DAYS]
    return desk.page(
        request,
        user,
        "editor/tokens.html.j2",
        here="settings",
        status=422 if errors else 200,
        errors=errors or {},
        values=values or {},
        found=found,
        names=names,
        secret=token,
        made=made,
        scopes=scope_options(user.role),
        scope_words={each: scope_word(each) for each in Scope},
        days=days,
        address=api.address(desk),
        description=api.DESCRIPTION,
        over={each.id for each in found if each.ends <= now},
    )
