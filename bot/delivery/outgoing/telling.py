"""Endpoints are told what is due: each in order and by one process at a time, one that is slow in nobody's way.

An event is told at least once. Who died between telling and keeping so leaves a lease that runs out, and the event is
told again by the same ``webhook-id``, by which the endpoint knows it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.clock import Clock
from bot.delivery.outgoing.endpoints import PROGRAM, signing_keys, turn_off
from bot.delivery.outgoing.patience import Reply, Verdict, judge
from bot.errors import BroadsheetError, FetchError
from bot.http import Http, retry_after
from bot.model import Endpoint, EndpointCall, EndpointOff
from bot.standard_webhooks import LARGEST, headers
from bot.store import Store
from bot.tokens import KeyRing

SECONDS = 15.0
"""The longest wait for an answer."""
AT_A_TIME = 45.0
"""Seconds after which who tells an endpoint lets go of it."""
LEASE = timedelta(seconds=120)
"""Longer than both together: then whoever held it is dead."""
BATCH = 100
_LOOK = 1.0
"""Seconds between looks for more while somebody is being told."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Teller:
    """What telling takes. ``seconds``: how long an answer is waited for."""

    store: Store
    http: Http
    keys: KeyRing
    public_url: str
    clock: Clock
    stop: Callable[[], bool] = lambda: False
    seconds: float = SECONDS
    told: list[str] = field(default_factory=list)
    """The ids of the messages that were told, taken or not."""

    async def tell(self) -> None:
        """Tells all that is due, and for ``AT_A_TIME`` what becomes due meanwhile. Raises ``StoreError``."""
        running: dict[int, asyncio.Task[None]] = {}
        ends = time.monotonic() + AT_A_TIME
        while True:
            due = [] if self.stop() or time.monotonic() > ends else await asyncio.to_thread(self._due)
            for each in due:
                if each not in running:
                    running[each] = asyncio.create_task(self._tell(each))
            if not running:
                return
            await asyncio.wait(running.values(), timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
            for endpoint, task in list(running.items()):
                if task.done():
                    del running[endpoint]
                    if task.exception():
                        await asyncio.gather(*running.values(), return_exceptions=True)
                        task.result()

    def _due(self) -> list[int]:
        with self.store.read() as tx:
            return [] if tx.flags.held() else tx.endpoints.due(self.clock())

    async def _tell(self, endpoint: int) -> None:
        lease, ends = secrets.token_hex(8), time.monotonic() + AT_A_TIME
        found = await asyncio.to_thread(self._claim, endpoint, lease)
        if found is None:
            return
        try:
            await self._tell_in_order(found, lease, ends)
        finally:
            await asyncio.to_thread(self._release, endpoint, lease)

    async def _tell_in_order(self, endpoint: Endpoint, lease: str, ends: float) -> None:
        keys = await asyncio.to_thread(self._keys, endpoint)
        while keys and (events := await asyncio.to_thread(self._waiting, endpoint.id)):
            for event in events:
                if self.stop() or time.monotonic() > ends or not await self._one(endpoint, keys, event, lease):
                    return

    async def _one(self, endpoint: Endpoint, keys: list[bytes], event: int, lease: str) -> bool:
        """Tells one event; False when the endpoint is to be told no more now."""
        call = await asyncio.to_thread(self._take, endpoint.id, event, lease)
        if call is None:
            # Withdrawn meanwhile, or the lease with it: the next look says.
            return False
        reply = await self._ask(endpoint, keys, call)
        self.told.append(call.message)
        verdict = await asyncio.to_thread(self._settle, call, reply)
        return verdict.rests is None and verdict.off is None

    async def _ask(self, endpoint: Endpoint, keys: list[bytes], call: EndpointCall) -> Reply:
        content = body(call, self.public_url)
        signed = headers(keys, call.message, int(self.clock().timestamp()), content)
        try:
            answer = await self.http.post(endpoint.url, content=content, headers=signed, timeout=self.seconds)
        except FetchError as error:
            return Reply(0, str(error)[:300])
        return Reply(answer.status, retry_after=retry_after(answer.headers, self.clock))

    def _claim(self, endpoint: int, lease: str) -> Endpoint | None:
        now = self.clock()
        with self.store.write() as tx:
            return tx.endpoints.claim(endpoint, lease, now, now + LEASE)

    def _keys(self, endpoint: Endpoint) -> list[bytes]:
        """[] when there are none any more: it is turned off."""
        try:
            return signing_keys(endpoint, self.keys, self.clock())
        except ValueError as error:
            log.error("the webhook %s is told nothing: of its secret, %s", endpoint.name, error)
        with self.store.write() as tx:
            turn_off(tx, endpoint, EndpointOff.SEALED, who=PROGRAM, now=self.clock())
        return []

    def _waiting(self, endpoint: int) -> list[int]:
        with self.store.read() as tx:
            return tx.endpoints.waiting(endpoint, self.clock(), BATCH)

    def _take(self, endpoint: int, event: int, lease: str) -> EndpointCall | None:
        with self.store.read() as tx:
            return tx.endpoints.take(endpoint, event, lease, self.clock())

    def _settle(self, call: EndpointCall, reply: Reply) -> Verdict:
        now = self.clock()
        with self.store.write() as tx:
            endpoint = tx.endpoints.get(call.endpoint)
            verdict = judge(reply, tries=call.tries, failing=endpoint.failing if endpoint else None, now=now)
            if endpoint is None:
                return verdict
            tx.endpoints.settle(call, state=verdict.state, due=verdict.due, code=reply.code, said=reply.said, now=now)
            tx.endpoints.answered(
                call.endpoint, code=reply.code, said=reply.said, rests=verdict.rests, took=reply.took, now=now
            )
            if verdict.off:
                turn_off(tx, endpoint, verdict.off, who=PROGRAM, now=now)
        return verdict

    def _release(self, endpoint: int, lease: str) -> None:
        try:
            with self.store.write() as tx:
                tx.endpoints.release(endpoint, lease)
        except BroadsheetError as error:
            # It runs out by itself.
            log.warning("a webhook waits for its lease to end: %s", error)


def body(call: EndpointCall, public_url: str) -> bytes:
    """What is posted, the same on each try."""
    data: dict[str, Any] = dict(call.data)
    page = _page(call)
    if page:
        data["url"] = f"{public_url.rstrip('/')}/{page}"
    event = {"type": call.type, "timestamp": call.at.isoformat(), "data": data}
    content = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(content) < LARGEST, "the outbox bounds its texts"
    return content


def _page(call: EndpointCall) -> str:
    """Where the desk shows it; "" where it has no page."""
    kind, _dot, _verb = call.type.partition(".")
    if kind == "edition":
        return f"editions/{call.data['id']}"
    # Nobody has a page who was erased, or was no reader.
    if kind == "subscriber" and call.data.get("address") and call.data["id"]:
        return f"audience/readers/{call.data['id']}"
    return ""
