"""``/editions/ID/email``: an edition's mail, its subject and preheader, and how it looks where it arrives."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from bot.editions.counting import graphemes
from bot.editions.digest import LARGEST
from bot.editions.inbox import ON_PHONES, PREHEADER, SUBJECT, beginning
from bot.editions.mail_view import View
from bot.errors import BroadsheetError, ConflictError
from bot.model import Email, User
from bot.schedules import editing
from bot.speech.catalog import _
from bot.speech.phrases import sentence, told_error
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.change import Trouble, changed, mended, said
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.opened import Opened, opened, page

LINE = 300
"""Characters of a subject or a preheader that are taken from a form."""
MOST_VARIANTS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A line of ``length`` characters in an inbox that shows the first ``first`` of them, ``shown``."""

    length: int
    first: int
    shown: str

    @property
    def cut(self) -> bool:
        return self.first < self.length


def _line(text: str, most: int) -> Line:
    shown = beginning(text, most)
    return Line(graphemes(text), graphemes(shown), shown)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is looked at. ``variants`` are those that only some readers get, of which ``variant`` is shown."""

    channel: str
    email: Email
    variant: str
    variants: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of its HTML."""
        return len(self.email.html.encode())

    @property
    def clipped(self) -> bool:
        """Whether Gmail cuts it."""
        return self.size > LARGEST

    @property
    def subject(self) -> Line:
        """Its subject on a phone."""
        return _line(self.email.subject, ON_PHONES)

    @property
    def preheader(self) -> Line:
        """The line below it, in most mail programs."""
        return _line(self.email.preheader, PREHEADER)


def routes(desk: Desk, router: APIRouter) -> None:
    """GET, HEAD and POST of ``/editions/ID/email``; ``view`` is one of ``View``."""

    @router.api_route("/editions/{edition}/email", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        return _shown(desk, request, user, edition)

    @router.post("/editions/{edition}/email")
    def change(request: Request, user: Editor, edition: str, form: Submitted) -> Response:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        lines = {name: changed(form, name, longest=LINE) for name in ("subject", "preheader")}
        own, use = form.text("own", longest=20), form.text("use", longest=100)
        if own in lines:
            lines[own] = ""
        for each in found.texts:
            if use and each.key == use and each.place in lines:
                lines[each.place] = mended(form.text(each.place, longest=LINE), each)
        written = {name: text for name, text in lines.items() if text is not None}
        try:
            if written:
                editing.lines(
                    desk.installation,
                    edition,
                    **written,
                    version=form.number("version") or 0,
                    who=user.name_on_record,
                    now=desk.installation.clock(),
                )
        except ConflictError as conflict:
            trouble = Trouble(conflict=conflict, values=form.values())
            return _shown(desk, request, user, edition, status=409, trouble=trouble)
        except BroadsheetError as error:
            trouble = Trouble(said=sentence(told_error(error)), values=form.values())
            return _shown(desk, request, user, edition, status=422, trouble=trouble)
        return desk.done(request, f"editions/{edition}/email", said(request, _("Saved.")))


def _shown(
    desk: Desk, request: Request, user: User, identity: str, *, status: int = 200, trouble: Trouble | None = None
) -> Response:
    found = opened(desk, identity, user)
    if found is None:
        return desk.missing(request)
    asked = request.query_params
    view = asked.get("view", View.DESKTOP)
    return page(
        desk,
        request,
        user,
        found,
        "editor/edition_email.html.j2",
        "email",
        status=status,
        trouble=trouble or Trouble(),
        mail=_mail(desk, found, asked.get("channel", ""), asked.get("variant", "")),
        mails=[each.channel for each in found.edition.renditions if each.email],
        found_in={
            place: tuple(each for each in found.texts if each.place == place) for place in ("subject", "preheader")
        },
        view=View(view) if view in set(View) else View.DESKTOP,
        views=tuple(View),
        limits={"subject": SUBJECT, "line": LINE, "kilobytes": LARGEST // 1000},
    )


def _mail(desk: Desk, found: Opened, channel: str, variant: str) -> Mail | None:
    mails = [each for each in found.edition.renditions if each.email]
    chosen = next((each for each in mails if each.channel == channel), mails[0] if mails else None)
    if chosen is None or chosen.email is None:
        return None
    with desk.installation.store.read() as tx:
        variants = tuple(sorted(tx.editions.variants(found.edition.id, chosen.channel)))[:MOST_VARIANTS]
        other = tx.editions.rendition(found.edition.id, chosen.channel, variant) if variant in variants else None
    if other and other.email:
        return Mail(chosen.channel, other.email, variant, variants)
    return Mail(chosen.channel, chosen.email, "", variants)
