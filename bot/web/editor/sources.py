"""``/sources``: whether the news is coming in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from bot.store.sources import SourceState
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.states import Shown


@dataclass(frozen=True, slots=True)
class Health:
    """A source's state; ``recent`` counts what it published in the last 24 hours."""

    name: str
    type: str
    state: SourceState
    shown: Shown
    recent: int


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/sources``."""
    router = APIRouter()

    @router.api_route("/sources", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        now = desk.installation.clock()
        found = []
        with desk.installation.store.read() as tx:
            for name, table in desk.installation.settings.sources.items():
                state = tx.sources.get(name)
                recent = len(tx.articles.newest(source=name, since=now - timedelta(days=1), limit=1000))
                found.append(Health(name, str(table.get("type", "")), state, _shown(state, now), recent))
        return desk.page(request, user, "editor/sources.html.j2", here="sources", sources=found)

    return router


def _shown(state: SourceState, now: datetime) -> Shown:
    if state.failures:
        return Shown("Not answering", "bad", "mark")
    if state.last_visit is None:
        return Shown("Not visited yet", "plain", "clock")
    if state.not_before and state.not_before > now:
        return Shown("Asked us to wait", "warn", "clock")
    return Shown("Fresh", "good", "tick")
