"""``/editions/ID/delivery/bounces``: who came back at once, and an editor's word on whether they are dead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from bot.delivery.settling import AT_ONCE, decide
from bot.delivery.suspects import said_of
from bot.errors import BroadsheetError, NothingToDo
from bot.model import EditionState, Role
from bot.speech.catalog import _, ngettext, number
from bot.web.editor.access import Approver, Viewer
from bot.web.editor.delivery import edition_of, who
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted, number_in

PAGE = 50
"""Addresses on one page."""
_ACT = "/editions/{edition}/delivery/bounces"


@dataclass(frozen=True, slots=True)
class CameBack:
    """An address with what its server said, without it, and when we had it."""

    subscriber: int | None
    address: str
    said: str
    at: datetime


def routes(desk: Desk, router: APIRouter) -> None:
    """The page, which asks where there is no JavaScript too, and the word."""
    store = desk.installation.store

    @router.api_route(_ACT, methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str, after: str = "") -> Response:
        found = edition_of(desk, edition)
        if found is None or found.snapshot is None:
            return desk.missing(request)
        with store.read() as tx:
            suspects = tx.suspects.of(edition)
            page = (
                tx.events.undecided(edition, suspects.last, after=number_in(after), limit=PAGE + 1) if suspects else []
            )
        return desk.page(
            request,
            user,
            "editor/delivery-bounces.html.j2",
            here="deliveries",
            title=_("%(edition)s: what came back") % {"edition": found.name},
            edition=found,
            suspects=suspects,
            halfway=found.state is EditionState.PAUSED,
            listed=[
                CameBack(each.subscriber, address, said_of(each, address), each.at) for each, address in page[:PAGE]
            ],
            after=page[PAGE - 1][0].id if len(page) > PAGE else 0,
            may_act=user.role.may(Role.APPROVER),
        )

    @router.post(_ACT)
    def settle(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        dead, here = form.text("as"), f"editions/{edition}/delivery"
        if edition_of(desk, edition) is None or dead not in ("dead", "good"):
            return desk.missing(request)
        # Who was shown others decides nothing: this one's word is on those alone.
        last, now = number_in(form.text("last")), desk.installation.clock()
        try:
            count = decide(store, edition, dead=dead == "dead", who=who(user), now=now, last=last, at_once=AT_ONCE)
        except NothingToDo:
            # A colleague was quicker, or the button was pressed twice.
            return desk.done(request, here, _("It is settled already."))
        except BroadsheetError as error:
            return desk.refused(request, error)
        if dead == "dead":
            said = ngettext(
                "%(count)s address is never mailed from now on.",
                "%(count)s addresses are never mailed from now on.",
                count,
            )
        else:
            said = ngettext("%(count)s address stays a reader's.", "%(count)s addresses stay readers'.", count)
        return desk.done(request, here, said % {"count": number(count)})
