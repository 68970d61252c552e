"""What is decided about an edition: POST ``/editions/ID/approve``, ``return``, ``hold``, ``release``, ``cancel``,
``ask``, ``take-back``, ``send-now`` and ``test``. What cannot be done is said on the edition's own page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from fastapi import APIRouter, Request, Response

from bot.editions import lifecycle
from bot.errors import BroadsheetError, ConflictError, NotFound, SettingsError, UsageError
from bot.model import Act, EditionState, Role, User
from bot.schedules import deciding
from bot.speech.catalog import _
from bot.speech.phrases import sentence, told_error
from bot.web.editor.access import Approver, Editor
from bot.web.editor.desk import Desk, Undo
from bot.web.editor.form import Submission, Submitted
from bot.web.editor.opened import opened, page

NOTE = 1_000
"""Characters of a note that are taken from a form."""
_MOST_OVERRULED = 100
_LONGEST_ADDRESS = 254
_EDITION = "/editions/{edition}"


def routes(desk: Desk, router: APIRouter) -> None:
    """Each is of an edition; those that depend on what it says name the ``version`` that was seen."""
    store = desk.installation.store

    @router.post(f"{_EDITION}/approve")
    def approve(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            made = deciding.approve(
                desk.installation,
                edition,
                version=form.number("version") or 0,
                overrule=form.all("overrule")[:_MOST_OVERRULED],
                **_by(desk, user, form),
            )
            late = made.slot <= desk.installation.clock()
            words = (
                _("Approved. It goes out now.")
                if late
                else _("Approved for %(time)s.") % {"time": desk.times.words(made.slot)}
            )
            undo = Undo(f"editions/{edition}/take-back", _("Undo"), {})
            return desk.done(request, "", words, None if late else undo)

        return _acted(desk, request, user, edition, form, "approve", act)

    @router.post(f"{_EDITION}/return")
    def return_(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            version = form.number("version") or 0
            deciding.return_(desk.installation, edition, version=version, **_by(desk, user, form))
            return desk.done(request, f"editions/{edition}", _("Returned. It does not go out until it is approved."))

        return _acted(desk, request, user, edition, form, "return", act)

    @router.post(f"{_EDITION}/ask")
    def ask(request: Request, user: Editor, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            deciding.ask(desk.installation, edition, **_by(desk, user, form))
            return desk.done(
                request, f"editions/{edition}", _("Approval is asked for. Those who may give it are told.")
            )

        return _acted(desk, request, user, edition, form, "ask", act)

    @router.post(f"{_EDITION}/take-back")
    def take_back(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            deciding.take_back(desk.installation, edition, **_by(desk, user, form))
            return desk.done(request, f"editions/{edition}", _("The approval is taken back."))

        return _acted(desk, request, user, edition, form, "take-back", act)

    @router.post(f"{_EDITION}/hold")
    def hold(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            lifecycle.hold(store, edition, **_by(desk, user, form))
            undo = Undo(f"editions/{edition}/release", _("Release"), {})
            return desk.done(request, f"editions/{edition}", _("Held. It does not go out until it is released."), undo)

        return _acted(desk, request, user, edition, form, "hold", act)

    @router.post(f"{_EDITION}/release")
    def release(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            made = lifecycle.release(store, edition, **_by(desk, user, form))
            waits = made.state is EditionState.AWAITING
            words = _("Released. It waits for approval.") if waits else _("Released. It goes out when it is due.")
            return desk.done(request, f"editions/{edition}", words)

        return _acted(desk, request, user, edition, form, "release", act)

    @router.post(f"{_EDITION}/cancel")
    def cancel(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            made = lifecycle.cancel(store, edition, **_by(desk, user, form))
            words = (
                _("Cancelled. Nobody gets it.")
                if made.snapshot is None
                else _("Cancelled. What was accepted stays; nothing more is sent.")
            )
            return desk.done(request, f"editions/{edition}", words)

        return _acted(desk, request, user, edition, form, "cancel", act)

    @router.post(f"{_EDITION}/send-now")
    def send_now(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            deciding.send_now(
                desk.installation,
                edition,
                version=form.number("version") or 0,
                overrule=form.all("overrule")[:_MOST_OVERRULED],
                **_by(desk, user, form),
            )
            return desk.done(request, f"editions/{edition}", _("It goes out now."))

        return _acted(desk, request, user, edition, form, "send-now", act)

    @router.post(f"{_EDITION}/test")
    def test(request: Request, user: Editor, edition: str, form: Submitted) -> Response:
        def act() -> Response:
            to = form.text("to", longest=_LONGEST_ADDRESS) or user.address
            store = desk.installation.store
            with store.read() as tx:
                colleague = tx.users.find(to)
            if colleague is None and not user.role.may(Role.APPROVER):
                raise UsageError(_("Editors send tests to people of the desk, approvers to anybody."))
            asyncio.run(deciding.send_test(desk.installation, edition, to))
            who, now = user.name_on_record, desk.installation.clock()
            with store.write() as tx:
                tx.acts.add(Act(at=now, who=who, what="send test", thing=f"edition:{edition}"))
            return desk.done(
                request, f"editions/{edition}/email", _("A test is sent to %(address)s.") % {"address": to}
            )

        return _acted(desk, request, user, edition, form, "test", act)


class _By(TypedDict):
    """Who decides, when, and what they say to it."""

    who: str
    now: datetime
    note: str


def _by(desk: Desk, user: User, form: Submission) -> _By:
    return {"who": user.name_on_record, "now": desk.installation.clock(), "note": form.text("note", longest=NOTE)}


def _acted(
    desk: Desk,
    request: Request,
    user: User,
    edition: str,
    form: Submission,
    deed: str,
    act: Callable[[], Response],
) -> Response:
    """What ``act`` answers; or the edition's page that says why it was not done, with what was written."""
    try:
        return act()
    except NotFound:
        return desk.missing(request)
    except BroadsheetError as error:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        return page(
            desk,
            request,
            user,
            found,
            "editor/edition_refused.html.j2",
            "",
            status=422 if isinstance(error, UsageError | SettingsError) else 409,
            said=sentence(told_error(error)),
            deed=deed,
            note=form.text("note", longest=NOTE),
            to=form.text("to", longest=_LONGEST_ADDRESS),
            overruled=form.all("overrule")[:_MOST_OVERRULED],
            conflict=error if isinstance(error, ConflictError) else None,
        )
