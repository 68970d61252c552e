"""``/audience/suppressions``: who must not be mailed, and why."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from bot.audience.suppression import suppress, take_off_list
from bot.model import Suppression, User
from bot.settings import is_address
from bot.speech.catalog import _
from bot.store.growth import LIVE
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.audience import LONGEST, READERS, names, numbers, total
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.reader_states import reason

PATH = "audience/suppressions"


def routes(desk: Desk, router: APIRouter) -> None:
    """The list, and putting an address on it or taking it off."""
    store = desk.installation.store

    def page(
        request: Request,
        user: User,
        *,
        status: int = 200,
        values: dict[str, str] | None = None,
        errors: dict[str, str] | None = None,
    ) -> Response:
        words = request.query_params.get("q", "").replace("\0", "").strip()[:LONGEST]
        after = request.query_params.get("after", "")[:500]
        with store.read() as tx:
            audiences = numbers(desk, tx)
            exact = tx.suppressions.against(words) if is_address(words) and not after else []
            found, more = ([], "") if exact else tx.suppressions.page(words=words, limit=READERS, after=after)
            count = tx.suppressions.some(LIVE + 1)
        return desk.page(
            request,
            user,
            "editor/suppressions.html.j2",
            here="audience",
            title=_("Not mailed"),
            status=status,
            tab="suppressions",
            total=total(audiences),
            names=names(desk),
            reason=reason,
            asked=words,
            listed=exact or found,
            after=f"{PATH}?{urlencode({'q': words, 'after': more})}" if more else "",
            continued=bool(after),
            count=count,
            many=count > LIVE,
            values=values or {},
            errors=errors or {},
        )

    @router.api_route("/audience/suppressions", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return page(request, user)

    @router.post("/audience/suppressions")
    def add(request: Request, user: Editor, form: Submitted) -> Response:
        address, audience = form.text("address", longest=LONGEST), form.text("audience", longest=100)
        errors = {}
        if not is_address(address):
            errors["address"] = _("Write a whole address, such as name@example.org.")
        if audience and audience not in names(desk):
            errors["audience"] = _("There is no such audience.")
        if errors:
            return page(request, user, status=422, values=form.values(), errors=errors)
        listed = Suppression(
            address=address,
            reason="editor",
            at=desk.installation.clock(),
            audience=audience,
            source=f"desk by {user.name_on_record}",
            note=form.text("note", longest=500),
        )
        added = suppress(store, listed, who=user.name_on_record)
        words = {"address": address}
        said = _("%(address)s is never mailed from now on.") if added else _("%(address)s was on the list before.")
        return desk.done(request, PATH, said % words)

    @router.api_route("/audience/suppressions/remove", methods=["GET", "HEAD"])
    def ask(request: Request, user: Editor) -> Response:
        address = request.query_params.get("address", "")[:LONGEST]
        audience = request.query_params.get("audience", "")[:100]
        return _asked(request, user, address, audience)

    @router.post("/audience/suppressions/remove")
    def remove(request: Request, user: Editor, form: Submitted) -> Response:
        address, audience = form.text("address", longest=LONGEST), form.text("audience", longest=100)
        note = form.text("note", longest=500)
        if not note:
            return _asked(request, user, address, audience, missing=True)
        with store.write() as tx:
            removed = take_off_list(
                tx, address, audience, who=user.name_on_record, now=desk.installation.clock(), note=note
            )
        said = _("%(address)s may be mailed again.") if removed else _("%(address)s was not on the list.")
        return desk.done(request, PATH, said % {"address": address})

    def _asked(request: Request, user: User, address: str, audience: str, *, missing: bool = False) -> Response:
        with store.read() as tx:
            found = [each for each in tx.suppressions.against(address) if each.audience == audience]
        if not found:
            return desk.missing(request)
        return desk.page(
            request,
            user,
            "editor/suppression_remove.html.j2",
            here="audience",
            title=_("Mail again?"),
            status=422 if missing else 200,
            listed=found[0],
            names=names(desk),
            reason=reason,
            errors={"note": _("Say why: it stands on the record.")} if missing else {},
        )
