"""``/editions/ID/checks``: what is to be fixed in an edition, what to know of it, what holds; whom it goes to."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from bot.editions.post_view import network_name
from bot.errors import BroadsheetError
from bot.model import Finding, Grade
from bot.schedules.preflight import look, reached
from bot.schedules.truth import TextFinding
from bot.speech.catalog import _
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.change import said
from bot.web.editor.desk import Desk
from bot.web.editor.opened import Opened, address_of, opened, page
from bot.web.editor.record import lines

RECORD = 60
"""Acts of the edition that its page shows, the newest."""

_WHERE = {
    **dict.fromkeys(("alt", "credit", "images", "twice", "ran", "summary", "links"), "edition"),
    **dict.fromkeys(("subject", "size", "contrast", "sections"), "email"),
    "posts": "posts",
    "address": "settings",
    **dict.fromkeys(("unsubscribe", "reason", "origin"), "templates"),
}
"""Where somebody looks who mends what a check found."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: a ``finding`` of the whole, or something in an editor's words (``text``).

    ``address`` is where it is mended: ``where`` says of which kind, ``edition`` with a path below the edition's.
    """

    grade: Grade
    finding: Finding | None = None
    text: TextFinding | None = None
    where: str = ""
    address: str = ""


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/editions/ID/checks``; POST asks its links and pictures again."""

    @router.api_route("/editions/{edition}/checks", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        with desk.installation.store.read() as tx:
            seen, record = reached(tx, edition), lines(tx, found.acts[:RECORD], desk, user)
        outlets = desk.installation.outlets
        posts = [each.channel for each in found.edition.renditions if each.post]
        return page(
            desk,
            request,
            user,
            found,
            "editor/edition_checks.html.j2",
            "checks",
            rows=_rows(found),
            record=record,
            asked=seen.at if seen else None,
            goes_to=[
                (network_name(outlets[each].kind) if each in outlets else each, each, posts.count(each))
                for each in found.channels
            ],
        )

    @router.post("/editions/{edition}/checks")
    def ask_again(request: Request, user: Editor, edition: str) -> Response:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        try:
            look(desk.installation, edition)
        except BroadsheetError as error:
            return desk.refused(request, error)
        return desk.done(request, f"editions/{edition}/checks", said(request, _("Its links were asked again.")))


def _rows(found: Opened) -> dict[str, list[Row]]:
    """By grade."""
    rows: dict[str, list[Row]] = {grade.value: [] for grade in Grade}
    for text in found.texts:
        grade = Grade.FAULT if text.stands_in_the_way else Grade.WARNING
        rows[grade].append(Row(grade, text=text, where="edition", address=address_of(text)))
    for each in found.checks:
        where = _WHERE.get(each.check, "") if each.grade in (Grade.FAULT, Grade.WARNING) else ""
        rows[each.grade].append(Row(each.grade, finding=each, where=where))
    return rows
