"""``/editions/ID/delivery/readers``: an edition's readers by name, and what became of each."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from bot.delivery.reasons import Readers, readers, readers_named
from bot.model import DeliveryState, Role
from bot.speech.catalog import _
from bot.store.readers import SHORTEST
from bot.web.editor.access import Viewer
from bot.web.editor.delivery import edition_of
from bot.web.editor.desk import Desk
from bot.web.editor.form import number_in
from bot.web.editor.reasons import reason_words
from bot.web.editor.states import DELIVERY_STATES

PAGE = 50
"""Readers on one page."""
_LONGEST = 200


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD. ``state`` and ``reason`` name a group, "" and None: all; ``q`` is a part of address or name."""
    store = desk.installation.store

    @router.api_route("/editions/{edition}/delivery/readers", methods=["GET", "HEAD"])
    def show(
        request: Request,
        user: Viewer,
        edition: str,
        state: str = "",
        reason: str | None = None,
        q: str = "",
        after: str = "",
    ) -> Response:
        found = edition_of(desk, edition)
        if found is None or found.snapshot is None or (state and state not in set(DeliveryState)):
            return desk.missing(request)
        which = DeliveryState(state) if state else None
        if which is None:
            reason = None
        words = q[:_LONGEST].replace("\0", "").strip()
        searched = len(words) >= SHORTEST
        with store.read() as tx:
            if searched and reason is None:
                page = readers_named(tx, edition, words, which, after=after, limit=PAGE)
            else:
                page = readers(tx, edition, which, reason, after=number_in(after), limit=PAGE)
            states = tx.deliveries.balance(edition, mail=True).states if reason is None else {}
        return desk.page(
            request,
            user,
            "editor/delivery-readers.html.j2",
            here="deliveries",
            title=_("%(edition)s: readers") % {"edition": found.name},
            edition=found,
            state=which,
            shown=DELIVERY_STATES[which] if which else None,
            states=[(each.value, DELIVERY_STATES[each]) for each in DeliveryState if states.get(each) or each is which],
            reason=reason,
            named=reason_words(reason, which) if which and reason is not None else "",
            readers=page,
            query=words,
            searched=searched,
            continued=bool(after),
            shortest=SHORTEST,
            following=_following(page, state, reason, words),
            folded=found.folded,
            may_settle=user.role.may(Role.APPROVER),
        )


def _following(page: Readers, state: str, reason: str | None, words: str) -> str:
    """The query of the next page; "" after the last."""
    if page.after is None:
        return ""
    fields = {"state": state, "reason": reason, "q": words, "after": page.after}
    return urlencode({name: value for name, value in fields.items() if value is not None and value != ""})
