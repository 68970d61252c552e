"""The desk: what editors do, without a terminal.

Each file is a page or a family of acts, and is found by being there.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from fastapi import APIRouter, Depends, FastAPI

from bot.model import Role
from bot.web.editor.access import Needs
from bot.web.editor.desk import Desk
from bot.web.site import Site


def add(app: FastAPI, site: Site) -> None:
    """Has ``app`` answer for all pages of the desk, and its doors. The guard hangs on the router that the pages are
    given, so that none can lack it.

    A module with ``DOOR = True`` is for who has not logged in yet: it stands outside of the guard.
    """
    desk = Desk(site)

    def followed() -> None:
        # What a colleague changed a moment ago, maybe on another machine, stands on the next page.
        site.installation.refresh()

    doors, guarded = APIRouter(), APIRouter(dependencies=[Depends(Needs(Role.VIEWER)), Depends(followed)])
    for module in _pages():
        module.routes(desk, doors if getattr(module, "DOOR", False) else guarded)
    # Not included: each route would be taken apart again, and once more when the first page is asked for.
    app.router.routes += [*doors.routes, *guarded.routes]


def _pages() -> Iterator[ModuleType]:
    for found in sorted(iter_modules(__path__), key=lambda each: each.name):
        module = import_module(f"{__name__}.{found.name}")
        if hasattr(module, "routes"):
            yield module
