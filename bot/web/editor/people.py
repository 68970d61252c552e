"""``/settings/people``: who works at the desk; admins invite, give roles, rename and disable."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from bot.accounts import invitations, users
from bot.accounts.flaws import Unfit
from bot.delivery.inviting import desk_channel
from bot.errors import NotFound, StateError
from bot.model import Invitation, Purpose, Role, User
from bot.speech.catalog import LANGUAGES, _
from bot.web.editor.access import Admin, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.flaws import said
from bot.web.editor.form import Submission, Submitted
from bot.web.editor.roles import role_may, role_options, role_word

HERE = "settings/people"
_LONGEST_NAME, _LONGEST_ADDRESS, _LONGEST_NOTE = 200, 254, 300


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/settings/people``, and the POSTs of its forms."""
    installation = desk.installation

    @router.api_route("/settings/people", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return _page(desk, request, user)

    @router.post("/settings/people/invite")
    def invite(request: Request, user: Admin, form: Submitted) -> Response:
        language, mails = form.text("language", longest=8), bool(desk_channel(installation.settings))
        mails = mails and not form.checked("link")
        role = _role(form)
        if role is None:
            return _page(desk, request, user, errors={"role": _("Choose a role.")}, values=form.values())
        try:
            made = invitations.invite(
                installation.store,
                form.text("address", longest=_LONGEST_ADDRESS),
                role,
                who=user.name_on_record,
                now=installation.clock(),
                name=form.text("name", longest=_LONGEST_NAME),
                language=language if language in LANGUAGES else "",
                mail=mails,
            )
        except Unfit as error:
            field = {"NAME": "name", "FIRST": "role"}.get(error.flaw.name.partition("_")[0], "address")
            return _page(desk, request, user, errors={field: said(error.flaw)}, values=form.values())
        if not mails:
            return _page(desk, request, user, made=made)
        return desk.done(request, HERE, _("%(address)s gets a link by mail.") % {"address": made.address})

    @router.post("/settings/people/withdraw")
    def withdraw(request: Request, user: Admin, form: Submitted) -> Response:
        invitations.withdraw(
            installation.store, form.text("invitation", longest=26), who=user.name_on_record, now=installation.clock()
        )
        return desk.done(request, HERE, _("The invitation is withdrawn; its link works no more."))

    @router.post("/settings/people/role")
    def give_role(request: Request, user: Admin, form: Submitted) -> Response:
        role = _role(form)
        if role is None:
            return desk.missing(request)
        try:
            changed = users.change_role(
                installation.store, _number(form), role, who=user.name_on_record, now=installation.clock()
            )
        except Unfit as error:
            return desk.refused(request, StateError(said(error.flaw)))
        except NotFound:
            return desk.missing(request)
        facts = {"name": changed.name, "role": role_word(changed.role)}
        return desk.done(request, HERE, _("%(name)s: %(role)s. They log in again.") % facts)

    @router.post("/settings/people/rename")
    def rename(request: Request, user: Admin, form: Submitted) -> Response:
        try:
            changed = users.rename(
                installation.store,
                _number(form),
                form.text("name", longest=_LONGEST_NAME),
                who=user.name_on_record,
                now=installation.clock(),
            )
        except Unfit as error:
            return desk.refused(request, StateError(said(error.flaw)))
        except NotFound:
            return desk.missing(request)
        return desk.done(request, HERE, _("From now on they stand on the record as %(name)s.") % {"name": changed.name})

    @router.post("/settings/people/disable")
    def disable(request: Request, user: Admin, form: Submitted) -> Response:
        note = form.text("note", longest=_LONGEST_NOTE)
        try:
            shut = users.disable(
                installation.store, _number(form), who=user.name_on_record, now=installation.clock(), note=note
            )
        except Unfit as error:
            return desk.refused(request, StateError(said(error.flaw)))
        except NotFound:
            return desk.missing(request)
        return desk.done(request, HERE, _("%(name)s is logged out and cannot log in.") % {"name": shut.name})

    @router.post("/settings/people/enable")
    def enable(request: Request, user: Admin, form: Submitted) -> Response:
        try:
            able = users.enable(installation.store, _number(form), who=user.name_on_record, now=installation.clock())
        except NotFound:
            return desk.missing(request)
        return desk.done(request, HERE, _("%(name)s may log in again.") % {"name": able.name})

    @router.post("/settings/people/password")
    def new_password(request: Request, user: Admin, form: Submitted) -> Response:
        mails = bool(desk_channel(installation.settings))
        with installation.store.read() as tx:
            found = tx.users.get(_number(form))
        if found is None:
            return desk.missing(request)
        made = invitations.let_choose(
            installation.store, found, who=user.name_on_record, now=installation.clock(), mail=mails
        )
        if not mails:
            return _page(desk, request, user, made=made)
        return desk.done(request, HERE, _("%(name)s gets a link for a new password by mail.") % {"name": found.name})


def _role(form: Submission) -> Role | None:
    value = form.text("role", longest=12)
    return Role(value) if value in list(Role) else None


def _number(form: Submission) -> int:
    """Nobody has the number 0."""
    return form.number("user") or 0


def _page(
    desk: Desk,
    request: Request,
    user: User,
    *,
    errors: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    made: Invitation | None = None,
) -> Response:
    """``made`` is shown with its link, this once."""
    installation = desk.installation
    with installation.store.read() as tx:
        people = tx.users.every()
        invited = tx.invitations.open(Purpose.JOIN, installation.clock())
    return desk.page(
        request,
        user,
        "editor/people.html.j2",
        here="settings",
        status=422 if errors else 200,
        errors=errors or {},
        values=values or {},
        people=people,
        invited=invited,
        made=made,
        link=invitations.link(installation.keys, made, installation.newsroom.public_url) if made else "",
        may=user.role.may(Role.ADMIN),
        admins=[each.name for each in people if each.role is Role.ADMIN and not each.disabled],
        roles=role_options(),
        role_mays=[(role_word(each), role_may(each)) for each in Role],
        role_words={each: role_word(each) for each in Role},
        first=not people,
        mails=bool(desk_channel(installation.settings)),
    )
