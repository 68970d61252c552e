"""``/editions/ID/progress``: how far an edition is, as JSON, for pages that look again."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from bot.clock import system_clock
from bot.delivery.progress import progress
from bot.errors import NotFound
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/editions/ID/progress`` (the keys of docs/monitoring.md)."""

    @router.api_route("/editions/{edition}/progress", methods=["GET", "HEAD"])
    def show(user: Viewer, edition: str) -> JSONResponse:
        try:
            with desk.installation.store.read() as tx:
                # Sending goes by the system's clock, whatever time the desk shows.
                found = progress(tx, edition, system_clock())
        except NotFound as missing:
            return JSONResponse({"error": str(missing)}, status_code=404)
        return JSONResponse(jsonable_encoder(found), headers={"Cache-Control": "no-store"})
