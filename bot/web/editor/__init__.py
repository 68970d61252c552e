"""The desk: what editors do, without a terminal."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.model import Role
from bot.web.editor import (
    article,
    articles,
    brand,
    channels,
    edition,
    menu,
    preview,
    progress,
    sources,
    templates,
    today,
    welcome,
)
from bot.web.editor.access import Needs
from bot.web.editor.desk import Desk
from bot.web.site import Site

_PAGES = (
    today,
    edition,
    progress,
    preview,
    articles,
    article,
    sources,
    channels,
    brand,
    templates,
    menu,
    welcome,
)


def routes(site: Site) -> APIRouter:
    """All pages of the desk. The guard hangs on the router, so that no page can lack it."""
    router = APIRouter(dependencies=[Depends(Needs(Role.VIEWER))])
    desk = Desk(site)
    for page in _PAGES:
        router.include_router(page.routes(desk))
    return router
