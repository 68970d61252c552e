"""``/healthz``: whether this process can do its work, for supervisors and load balancers."""

from __future__ import annotations

import logging

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.store.flags import PAUSED
from bot.store.schema import HEAD
from bot.web.site import Site

log = logging.getLogger(__name__)


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/healthz``: 200 while the store answers, else 503."""
    router = APIRouter()

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    def health() -> JSONResponse:
        try:
            with site.installation.store.read() as tx:
                tx.flags.get(PAUSED)
        except SQLAlchemyError as error:
            log.error("the store does not answer: %s", type(error).__name__)
            return JSONResponse({"ok": False, "store": HEAD}, status_code=503)
        return JSONResponse({"ok": True, "store": HEAD})

    return router
