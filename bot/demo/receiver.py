"""A webhook receiver on loopback that keeps what it is sent on disk, as a newsroom's developer would write one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.clock import Clock
from bot.demo.durable import write_new
from bot.errors import SettingsError
from bot.testing.networks.webhook import PATH, SigningKey, plain_id
from bot.testing.server import served

_LARGEST = 1_000_000


class Receiver:
    """Keeps each post once, as ``WEBHOOK-ID.json`` in ``folder``. ``repr`` shows no secret."""

    def __init__(self, folder: Path, secret: str, clock: Clock) -> None:
        """``secret`` is ``whsec_`` and base64. Raises ``SettingsError``, with no secret in it."""
        try:
            self._key = SigningKey(secret)
        except ValueError as error:
            raise SettingsError("the receiver's secret is not whsec_ and base64; delete the demo's .env") from error
        self._folder = folder
        self._clock = clock

    async def receive(self, request: Request) -> JSONResponse:
        """200 when the post is kept (also when it was before), 400 without sense, 401 when forged, 413 too large."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST:
                return JSONResponse({"error": "larger than 1 MB"}, 413)
        webhook_id = request.headers.get("webhook-id", "")
        if not self._key.genuine(request.headers, body, self._clock()):
            return JSONResponse({"error": "the signature or its time is wrong"}, 401)
        if not plain_id(webhook_id):
            return JSONResponse({"error": "webhook-id is not a plain word"}, 400)
        try:
            post = json.loads(body)
        except ValueError:
            return JSONResponse({"error": "the body is not JSON"}, 400)
        text = json.dumps(post, ensure_ascii=False, indent=2) + "\n"
        try:
            await run_in_threadpool(write_new, self._folder / f"{webhook_id}.json", text.encode())
        except FileExistsError:
            return JSONResponse({"id": webhook_id, "status": "known"})
        return JSONResponse({"id": webhook_id, "status": "stored"})


@contextmanager
def receiver(folder: Path, secret: str, clock: Clock, port: int = 0) -> Iterator[str]:
    """Receives posts into ``folder`` and yields the URL to post to; another port if ``port`` is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    app = Starlette(routes=[Route(PATH, Receiver(folder, secret, clock).receive, methods=["POST"])])
    with served(app, port) as base:
        yield base + PATH
