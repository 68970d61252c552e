"""The desk: what editors do, without a terminal."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.model import Role
from bot.web.editor import (
    article,
    articles,
    brand,
    calendar,
    channels,
    decisions,
    edition,
    edition_changes,
    edition_checks,
    edition_email,
    edition_posts,
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


def routes(site: Site) -> APIRouter:
    """All pages of the desk. The guard hangs on the router, so that no page can lack it."""
    router = APIRouter(dependencies=[Depends(Needs(Role.VIEWER))])
    desk = Desk(site)
    of_edition = (
        edition,
        edition_email,
        edition_posts,
        edition_checks,
        edition_changes,
        decisions,
        progress,
        preview,
    )
    of_news = (articles, article, sources, channels, brand, templates)
    for page in (today, calendar, *of_edition, *of_news, menu, welcome):
        router.include_router(page.routes(desk))
    return router
