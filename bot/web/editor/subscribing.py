"""``/audience/add`` and ``/audience/form``: how readers come in one by one, by an editor's hand or by themselves."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from bot.audience import enrolment
from bot.audience.newsletters import newsletters
from bot.model import User
from bot.settings import is_address
from bot.speech.catalog import _
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.audience import LONGEST, names
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted

LEAST_EVIDENCE = 10
"""Letters of a consent's evidence: "yes" proves nothing."""


def routes(desk: Desk, router: APIRouter) -> None:
    """Adding one reader, and the code of the sign-up form."""
    store = desk.installation.store

    def page(request: Request, user: User, values: dict[str, str], errors: dict[str, str]) -> Response:
        return desk.page(
            request,
            user,
            "editor/reader_add.html.j2",
            here="audience",
            title=_("Add a reader"),
            status=422 if errors else 200,
            names=names(desk),
            values=values,
            errors=errors,
        )

    @router.api_route("/audience/add", methods=["GET", "HEAD"])
    def ask(request: Request, user: Editor) -> Response:
        return page(request, user, {}, {})

    @router.post("/audience/add")
    def add(request: Request, user: Editor, form: Submitted) -> Response:
        address, audience = form.text("address", longest=LONGEST), form.text("audience", longest=100)
        note = form.text("note", longest=500)
        errors = {}
        if not is_address(address):
            errors["address"] = _("Write a whole address, such as name@example.org.")
        if audience not in names(desk):
            errors["audience"] = _("Choose the audience they are to be in.")
        if len(note) < LEAST_EVIDENCE:
            errors["note"] = _("Say where and how they agreed: you must be able to prove it.")
        if not errors:
            result = enrolment.add(
                store,
                address,
                audience,
                name=form.text("name", longest=LONGEST),
                by=user.name_on_record,
                note=note,
                now=desk.installation.clock(),
                via="desk",
            )
            if result in ("new", "returned", "known"):
                with store.read() as tx:
                    id = tx.subscribers.id_of(address)
                said = _("They were in it before.") if result == "known" else _("%(address)s is a reader now.")
                return desk.done(request, f"audience/readers/{id}", said % {"address": address})
            errors["address"] = _(
                "This address must not be mailed. Look it up under “Not mailed”; take it off there if that is wrong."
            )
        return page(request, user, form.values(), errors)

    @router.api_route("/audience/form", methods=["GET", "HEAD"])
    def form_code(request: Request, user: Viewer) -> Response:
        installation = desk.installation
        offered = newsletters(installation.settings)
        wanted = request.query_params.get("newsletter", "")
        chosen = next((each for each in offered if each.key == wanted), None)
        public = installation.newsroom.public_url
        query = f"?{urlencode({'newsletter': chosen.key})}" if chosen else ""
        title = chosen.name if chosen else installation.newsroom.name
        frame = (
            f'<iframe src="{escape(public)}/subscribe/embed{escape(query)}"\n'
            f'        title="{escape(title)}" width="100%" height="300"\n'
            '        style="border:0; max-width:720px"></iframe>'
        )
        key = chosen.key if chosen else (offered[0].key if offered else "")
        plain = (
            f'<form action="{escape(public)}/subscribe" method="post">\n'
            '  <label>Email address <input type="email" name="address" required></label>\n'
            f'  <input type="hidden" name="newsletter" value="{escape(key)}">\n'
            '  <input type="hidden" name="form" value="embed">\n'
            "  <button>Subscribe</button>\n"
            "</form>"
        )
        return desk.page(
            request,
            user,
            "editor/signup_code.html.j2",
            here="audience",
            title=_("Sign-up form"),
            offered=offered,
            chosen=chosen,
            page_url=f"{public}/subscribe{query}",
            frame=frame,
            plain=plain,
        )
