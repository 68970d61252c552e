"""``/hooks/NAME``: providers tell of bounces and complaints. Their proof is in the request: no cookie, no page.

A provider tries again whatever is not answered with 2xx: what cannot be kept now gets 503. Why a call is refused stands
in the log alone; who sent it learns nothing, also not which webhooks are set.
"""

from __future__ import annotations

import asyncio
import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bot.delivery.hooks import Call, HookRefused, hooks
from bot.delivery.hooks.recording import record
from bot.delivery.intake.poll import returns_of
from bot.errors import FetchError, StoreError
from bot.http import Http
from bot.schedules.installation import Installation

PATH = "/hooks/"
MAX_BODY = 1 << 20
"""Bytes: SNS sends at most 256 KiB, the others batches of some hundred events."""
_CERTIFICATE = 64 * 1024
_SAID = {401: "Log in.\n", 403: "Not believed.\n", 404: "Not here.\n", 503: "Later.\n"}

log = logging.getLogger(__name__)


def routes(installation: Installation) -> APIRouter:
    """POST of ``/hooks/NAME``. Raises ``SettingsError``."""
    router = APIRouter()

    async def fetch(url: str) -> bytes:
        async with Http(installation.settings.http) as http:
            answer = await http.get(url, max_bytes=_CERTIFICATE)
        if answer.url != url:
            raise FetchError("leads elsewhere", sent=True)
        return answer.body

    known = hooks(installation.settings.bounces, fetch, installation.clock)
    returns = returns_of(installation)

    @router.post(PATH + "{name}")
    async def take(name: str, request: Request) -> Response:
        hook = known.get(name)
        if hook is None:
            return _answer(404)
        call = Call(await request.body(), dict(request.headers))
        now = installation.clock()
        try:
            vouched = await hook.read(call, now)
            await asyncio.to_thread(record, installation.store, returns, name, vouched, now)
        except HookRefused as error:
            log.warning("/hooks/%s: a call is refused: it %s", name, error)
            return _answer(error.status)
        except (FetchError, StoreError) as error:
            log.error("/hooks/%s: cannot be taken now: %s", name, error)
            return _answer(503)
        return PlainTextResponse("Taken.\n")

    return router


def _answer(status: int) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="hooks"'} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "60"
    return PlainTextResponse(_SAID[status], status_code=status, headers=headers)
