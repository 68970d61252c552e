"""``/ping/TOKEN`` and ``/websub/TOKEN``: a site, or its hub, says that there is news. The token is the right to say so.

Nothing that is sent is believed: a call makes the ticker visit the source, that is all. So a call may be repeated, and
its answer is the same whatever comes of it. A site's own ping is not even read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bot.errors import StoreError, TokenError
from bot.schedules import hubs, pings
from bot.schedules.installation import Installation
from bot.store.hubs import HubState

PATHS = ("/ping/", "/websub/")
MAX_BODY = 8 << 20
"""Bytes: plugins send whole posts, hubs whole feeds."""
SECONDS = 2.0
"""For so long after a call, more calls for the same source do not reach the store."""
_CHALLENGE = 1000

log = logging.getLogger(__name__)


def routes(installation: Installation) -> APIRouter:
    """POST of ``/ping/TOKEN``; GET (a hub's question) and POST (its news) of ``/websub/TOKEN``."""
    router = APIRouter()
    taken: dict[str, float] = {}

    async def take(source: str) -> None:
        # Only of sources that the settings name, so it stays small.
        if time.monotonic() - taken.get(source, float("-inf")) < SECONDS:
            return
        taken[source] = time.monotonic()
        try:
            await asyncio.to_thread(pings.take, installation, source)
        except StoreError as error:
            taken.pop(source, None)
            log.error("a ping for %s is lost; the source is visited in its turn: %s", source, error)

    def read(purpose: str, token: str) -> list[Any] | None:
        try:
            payload = installation.keys.verify(purpose, token)
        except TokenError:
            return None
        return payload if payload and payload[0] in list(installation.settings.sources) else None

    @router.post("/ping/{token}")
    async def ping(token: str) -> Response:
        payload = read(pings.PING, token)
        if payload is None:
            return _answer(404)
        await take(str(payload[0]))
        return Response(status_code=204)

    @router.get("/websub/{token}")
    def verify(token: str, request: Request) -> Response:
        asked = request.query_params
        mode, topic = asked.get("hub.mode", ""), asked.get("hub.topic", "")
        challenge, lease = asked.get("hub.challenge", ""), asked.get("hub.lease_seconds", "")
        try:
            state = subscription(token)
            if state and mode == "denied":
                hubs.denied(installation, state, topic, asked.get("hub.reason", ""))
                return PlainTextResponse("Noted.\n")
            if state is None or not 0 < len(challenge) <= _CHALLENGE:
                return _answer(404)
            if not hubs.verify(installation, state, mode, topic, lease):
                return _answer(404)
        except StoreError as error:
            log.error("/websub: a hub's question cannot be answered now: %s", error)
            return _answer(503)
        # As text that no browser takes for a page: the challenge is foreign.
        return PlainTextResponse(challenge)

    @router.post("/websub/{token}")
    async def news(token: str, request: Request) -> Response:
        try:
            state = await asyncio.to_thread(subscription, token)
        except StoreError as error:
            log.error("/websub: news cannot be taken now: %s", error)
            return _answer(503)
        if state is None:
            return _answer(410)
        signature = request.headers.get("x-hub-signature", "")
        if hubs.is_from_hub(installation, state, signature, await request.body()):
            if state.source in installation.settings.sources:
                await take(state.source)
        else:
            log.warning("/websub: news of %s is not signed by its hub", state.source)
        return Response(status_code=204)

    def subscription(token: str) -> HubState | None:
        try:
            # Also of a source that left the settings: its hub is to be left.
            payload = installation.keys.verify(hubs.WEBSUB, token)
        except TokenError:
            return None
        return hubs.subscribed(installation, payload)

    return router


def _answer(status: int) -> Response:
    return PlainTextResponse("Later.\n" if status == 503 else "Not here.\n", status_code=status)
