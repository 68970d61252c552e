"""The desk: what editors do, without a terminal."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.model import Role
from bot.web.editor import articles, channels, edition, menu, preview, progress, schedules, sources, today, welcome
from bot.web.editor.access import Needs
from bot.web.editor.desk import Desk
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """All pages of the desk. The guard hangs on the router, so that no page can lack it."""
    desk = Desk(site)

    def followed() -> None:
        # What a colleague changed a moment ago, maybe on another machine, stands on the next page.
        site.installation.refresh()

    router = APIRouter(dependencies=[Depends(Needs(Role.VIEWER)), Depends(followed)])
    for page in (today, edition, progress, preview, articles, schedules, sources, channels, menu, welcome):
        router.include_router(page.routes(desk))
    return router
