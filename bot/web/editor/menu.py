"""``/menu``: all pages of the desk, for phones, whose bar has room for five."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/menu``."""

    @router.api_route("/menu", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        return desk.page(request, user, "editor/menu.html.j2", here="menu")
