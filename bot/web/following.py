"""Pages follow what is changed on the desk, be it on another machine."""

from __future__ import annotations

import logging
import time

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import BroadsheetError
from bot.schedules.installation import Installation

SECONDS = 2.0
"""How long readers' pages may show what was changed on another machine. The desk's look at each request."""

log = logging.getLogger(__name__)


class Following:
    """ASGI middleware: now and then a request looks first whether the settings were changed."""

    def __init__(self, app: ASGIApp, *, installation: Installation) -> None:
        self._app = app
        self._installation = installation
        self._looked = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = time.monotonic()
        if scope["type"] == "http" and now - self._looked > SECONDS:
            self._looked = now
            await run_in_threadpool(self._look)
        await self._app(scope, receive, send)

    def _look(self) -> None:
        try:
            self._installation.refresh()
        except BroadsheetError as error:
            # What it had holds until the store answers again; a page that needs the store says so itself.
            log.warning("whether the settings were changed is not known: %s", error)
