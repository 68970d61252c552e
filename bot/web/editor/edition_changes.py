"""``/editions/ID/changes``: what was changed in an edition, word by word, by whom and when."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from bot.editions.comparison import Change, Run
from bot.schedules.comparing import compare, steps
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.form import number_in
from bot.web.editor.opened import opened, page

VERSIONS = 20
"""On one page."""
_BESIDE = 60
"""Characters that stay on each side of a change; the rest of what nobody changed is folded."""
_LONGEST = 2_000
"""Characters of one run that are shown."""


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD; ``before`` is a version's number: those that are older are shown."""

    @router.api_route("/editions/{edition}/changes", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        before = number_in(request.query_params.get("before", ""), digits=8)
        with desk.installation.store.read() as tx:
            made = steps(tx, edition, before=before, limit=VERSIONS)
            since = compare(tx, found.edition)
        return page(
            desk,
            request,
            user,
            found,
            "editor/edition_changes.html.j2",
            "changes",
            steps=made,
            since=since,
            older=made[-1].version.number if made and made[-1].version.number > 1 and len(made) == VERSIONS else 0,
            before=before,
            folded=folded,
        )


def folded(runs: Sequence[Run]) -> list[Run]:
    """The runs, with what nobody changed cut down to what stands beside a change."""
    shown: list[Run] = []
    for place, run in enumerate(runs):
        text = run.text
        if run.change is Change.SAME and "\n" not in text and len(text) > 2 * _BESIDE + 20:
            start = text[:_BESIDE].rpartition(" ")[0] if place else ""
            end = text[-_BESIDE:].partition(" ")[2] if place < len(runs) - 1 else ""
            text = f"{start} … {end}"
        shown.append(Run(run.change, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"))
    return shown
