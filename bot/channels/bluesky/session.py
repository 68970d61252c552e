"""A session with an account's server, over XRPC: signed in once, renewed when it ends.

https://docs.bsky.app/docs/advanced-guides/rate-limits (checked 2026-11-24): sign-ins are limited to 300 a day. An
access token ends after two hours; a server says so with HTTP 400 (measured).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from bot.channels.base import Surroundings
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.errors import ChannelRefused, DeliveryError, ServerBusy
from bot.model import Phrase, said_by


class Expired(ChannelRefused):
    """The session's token is over."""


class Session:
    """``variable`` is where an editor keeps the password; errors name it. For one event loop."""

    def __init__(self, around: Surroundings, service: str, handle: str, password: SecretStr, variable: str) -> None:
        secret = password.get_secret_value()
        self._exchange = Exchange(around.http, around.clock, service, judge=_judged, secrets=[secret])
        self._service = service.rstrip("/")
        self._handle = handle
        self._password = password
        self._variable = variable
        self._tokens: dict[str, str] = {}
        self._signing_in = asyncio.Lock()
        self.server = self._exchange.server

    async def did(self) -> str:
        """The account's DID, signed in. Raises ``ChannelRefused``, ``DeliveryError``."""
        async with self._signing_in:
            if not self._tokens:
                await self._sign_in()
        return self._tokens["did"]

    async def signed(self, name: str, json: Any = None, *, content: bytes | None = None, kind: str = "") -> Told:
        """Calls a procedure as the account. Doing it twice must do no more than once. Raises as ``Exchange.ask``."""
        return await self._as_account(
            lambda token: self._call(name, json=json, content=content, kind=kind, token=token)
        )

    async def asked(self, name: str, query: Sequence[tuple[str, str]]) -> Told:
        """Asks a query as the account. Raises as ``Exchange.ask``."""
        url = f"{self._service}/xrpc/{name}?{urlencode(query)}"

        def ask(token: str) -> Awaitable[Told]:
            headers = {"Authorization": f"Bearer {token}"}
            return self._exchange.ask("GET", url, repeatable=True, headers=headers)

        return await self._as_account(ask)

    async def _as_account(self, ask: Callable[[str], Awaitable[Told]]) -> Told:
        """What ``ask`` is answered with the session's token; a token that ended is renewed, and it is asked again."""
        await self.did()
        token = self._tokens["accessJwt"]
        try:
            return await ask(token)
        except Expired:
            await self._renew(token)
        try:
            return await ask(self._tokens["accessJwt"])
        except Expired as error:
            said = Phrase("%(server)s takes no session of ours: %(said)s", server=self.server, said=said_by(error))
            raise ChannelRefused(said, server=self.server) from error

    async def record(self, repo: str, collection: str, key: str) -> Told | None:
        """The record, which everyone may read; None when there is none."""
        query = urlencode({"repo": repo, "collection": collection, "rkey": key})
        url = f"{self._service}/xrpc/com.atproto.repo.getRecord?{query}"
        try:
            told = await self._exchange.ask("GET", url, repeatable=True)
        except DeliveryError as error:
            if error.code in (400, 404):
                return None
            raise
        if not isinstance(told.data.get("value"), dict):
            # To take it for the record would be to take a post for one that is there.
            raise DeliveryError(f"{self.server} answers with no record", permanent=False, server=self.server)
        return told

    async def _sign_in(self) -> None:
        login = {"identifier": self._handle, "password": self._password.get_secret_value()}
        try:
            self._keep(await self._call("com.atproto.server.createSession", json=login))
        except ChannelRefused as error:
            raise ChannelRefused(
                advised(
                    said_by(error),
                    Phrase(
                        "put a new app password of %(account)s into %(variable)s",
                        account=self._handle,
                        variable=self._variable,
                    ),
                ),
                code=error.code,
                server=self.server,
            ) from error

    async def _renew(self, expired: str) -> None:
        async with self._signing_in:
            if self._tokens.get("accessJwt") != expired:
                return  # Another send renewed it meanwhile.
            try:
                refresh = self._tokens.get("refreshJwt", "")
                self._keep(await self._call("com.atproto.server.refreshSession", token=refresh))
            except Expired:
                await self._sign_in()

    def _keep(self, told: Told) -> None:
        session = {key: told.data.get(key) for key in ("did", "accessJwt", "refreshJwt")}
        if not all(isinstance(value, str) and value for value in session.values()):
            said = Phrase("%(server)s answered the sign-in with no session", server=self.server)
            raise ServerBusy(said, server=self.server)
        self._tokens = {key: str(value) for key, value in session.items()}

    async def _call(
        self, name: str, *, json: Any = None, content: bytes | None = None, kind: str = "", token: str = ""
    ) -> Told:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if kind:
            headers["Content-Type"] = kind
        url = f"{self._service}/xrpc/{name}"
        return await self._exchange.ask("POST", url, repeatable=True, json=json, content=content, headers=headers)


def _judged(refusal: Refusal) -> DeliveryError | None:
    said, status = refusal.said, refusal.status
    if status in (400, 401) and refusal.data.get("error") in ("ExpiredToken", "InvalidToken"):
        return Expired(said, code=status, server=refusal.server)
    if status == 403:
        return ChannelRefused(said, code=status, server=refusal.server)
    return None
