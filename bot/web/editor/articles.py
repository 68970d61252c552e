"""``/articles``: the newest articles, as they came in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk

NEWEST = 50
"""How many articles are shown."""


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/articles``."""
    router = APIRouter()

    @router.api_route("/articles", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        with desk.installation.store.read() as tx:
            articles = tx.articles.newest(limit=NEWEST)
        return desk.page(request, user, "editor/articles.html.j2", here="articles", articles=articles)

    return router
