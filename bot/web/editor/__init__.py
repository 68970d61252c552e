"""The desk: what editors do, without a terminal."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.model import Role
from bot.web.editor import (
    account,
    activity,
    articles,
    channels,
    edition,
    invitation,
    login,
    menu,
    newsroom,
    people,
    preview,
    progress,
    sources,
    today,
    tokens,
    welcome,
)
from bot.web.editor.access import Needs
from bot.web.editor.desk import Desk
from bot.web.site import Site


def routes(site: Site) -> APIRouter:
    """The desk's door, and what lies behind it: there the guard hangs on the router, so that no page can lack it."""
    router = APIRouter(dependencies=[Depends(Needs(Role.VIEWER))])
    desk = Desk(site)
    for page in (today, edition, progress, preview, articles, sources, channels, menu, welcome):
        router.include_router(page.routes(desk))
    for page in (activity, account, people, tokens, newsroom):
        router.include_router(page.routes(desk))
    whole = APIRouter()
    for page in (login, invitation):
        whole.include_router(page.routes(desk))
    whole.include_router(router)
    return whole
