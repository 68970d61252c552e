"""The desk: what editors do, without a terminal."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.model import Role
from bot.web.editor import (
    articles,
    audience,
    audience_export,
    channels,
    edition,
    menu,
    preview,
    progress,
    reader,
    reader_import,
    sources,
    subscribing,
    suppressions,
    today,
    welcome,
)
from bot.web.editor.access import Needs
from bot.web.editor.desk import Desk
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """All pages of the desk. The guard hangs on the router, so that no page can lack it."""
    router = APIRouter(dependencies=[Depends(Needs(Role.VIEWER))])
    desk = Desk(site)
    for page in (
        *(today, edition, progress, preview, articles, sources, channels, menu, welcome),
        *(audience, suppressions, subscribing, audience_export, reader, reader_import),
    ):
        router.include_router(page.routes(desk))
    return router
