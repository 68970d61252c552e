"""The desk: what editors do, without a terminal."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.web.editor import (
    Needs,
    Role,
    access,
    articles,
    bot,
    channels,
    deliveries,
    delivery,
    edition,
    editor,
    from,
    import,
    menu,
    numbers,
    preview,
    progress,
    sources,
    today,
    web,
    welcome,
)
from bot.web.editor.desk import Desk
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """All pages of the desk. The guard hangs on the router, so that no page can lack it."""
    router = APIRouter(dependencies=[Depends(Needs(Role.VIEWER))])
    desk = Desk(site)
    for page in (today, edition, progress, preview, articles, sources, channels, menu, welcome, deliveries, delivery, numbers):
        router.include_router(page.routes(desk))
    return router
