"""What Facebook and Threads have in common: Meta's errors, and the tokens that an editor's sign-in gives.

Checked 2026-11-29: https://developers.facebook.com/docs/graph-api/guides/error-handling (codes and what helps),
https://developers.facebook.com/docs/graph-api/overview/rate-limiting (``X-Business-Use-Case-Usage``, whose
``estimated_time_to_regain_access`` is in minutes; from memory). That a token may stand in the header ``Authorization``
as ``Bearer`` is from memory: there no log of addresses shows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import SecretStr

from bot.channels.credentials import Credentials
from bot.channels.exchange import Exchange, Refusal, Told, advised, perhaps_posted
from bot.channels.oauth import without
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.model import Phrase, said_by
from bot.settings import secret_variable

_LIMITED = frozenset({4, 9, 17, 32, 341, 613, *range(80000, 80015)})
_NO_TOKEN = frozenset({102, 190, 2500})
_NO_PERMISSION = frozenset({3, 10, *range(200, 300)})
_BLOCKED = 368
_TROUBLE = frozenset({1, 2})
_DUPLICATE = 506
_UNREAD_LINK = 1609005
_MISSING = frozenset({(24, 4279009), (100, 33)})


class Means(Protocol):
    """The options by which a channel of Meta's gets its token."""

    @property
    def client_id(self) -> str: ...

    @property
    def client_secret(self) -> SecretStr | None: ...

    @property
    def token(self) -> SecretStr | None: ...


def cure(name: str, means: Means, *, token: str) -> str:
    """How an editor gets the channel ``name`` a new ``token`` (as people call it), in a few words.

    Raises ``SettingsError`` when there is neither an app to connect with nor a token.
    """
    variables = {each: secret_variable(name, each) for each in ("token", "client_secret")}
    if means.token:
        return Phrase("put a new %(token)s into %(variable)s", token=token, variable=variables["token"])
    if not means.client_id or not means.client_secret:
        raise SettingsError(
            f"channels.{name}: needs client_id and {variables['client_secret']} in .env to be connected with, or a "
            f"{token} in {variables['token']}"
        )
    return Phrase("run `broadsheet channels connect %(name)s`", name=name)


class Graph:
    """The API as one channel asks it: with the token that it was given, or that of the account that was connected."""

    def __init__(self, exchange: Exchange, root: str, token: SecretStr | None, credentials: Credentials) -> None:
        self._exchange = exchange
        self._root = root
        self._token = token
        self._credentials = credentials

    @property
    def keyed(self) -> bool:
        """Whether it was given a token, and needs no sign-in."""
        return self._token is not None

    async def ask(self, method: str, path: str, *, repeatable: bool, **more: Any) -> Told:
        """As ``Exchange.ask``; what may be repeated is never unknown."""
        token = self._token.get_secret_value() if self._token else (await self._credentials.current()).access
        return await self.bearing(token, method, path, repeatable=repeatable, **more)

    async def bearing(self, token: str, method: str, path: str, *, repeatable: bool, **more: Any) -> Told:
        """The same with a token of its own, as while an account is being connected."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            url = f"{self._root}{path}"
            return await self._exchange.ask(method, url, repeatable=repeatable, headers=headers, **more)
        except DeliveryError as error:
            error.args = (without(said_by(error), (token,)),)
            if repeatable and isinstance(error, OutcomeUnknown):
                raise DeliveryError(said_by(error), permanent=False, server=error.server) from error
            raise


class Missing(DeliveryError):
    """The post or container is not there, or not ours."""


def judged(refusal: Refusal, *, cure: str, permissions: str) -> DeliveryError | None:
    """What an error of the Graph API means; None: what it means everywhere.

    ``cure`` says how an editor gets a new token, ``permissions`` which the app must have.
    """
    told = refusal.data.get("error")
    if refusal.status >= 500 or not isinstance(told, dict):
        return None
    code, subcode, status, server = told.get("code"), told.get("error_subcode"), refusal.status, refusal.server
    said = refusal.said
    if code in _LIMITED:
        return ServerBusy(said, code=status, retry_after=_wait(refusal.headers), server=server)
    if code in _NO_TOKEN:
        return ChannelRefused(advised(said, cure), code=status, server=server)
    if code in _NO_PERMISSION:
        given = Phrase("give the app %(permissions)s, then %(cure)s", permissions=permissions, cure=cure)
        return ChannelRefused(advised(said, given), code=status, server=server)
    if code == _BLOCKED:
        looked = Phrase("look at the account's support inbox before you resume")
        return ChannelRefused(advised(said, looked), code=status, server=server)
    if code == _DUPLICATE:
        there = Phrase("the same post stands there already")
        return DeliveryError(advised(said, there), permanent=True, code=status, server=server)
    if code == _UNREAD_LINK:
        # The article may be published a moment later than its post.
        public = Phrase("is the article public?")
        return DeliveryError(advised(said, public), permanent=False, code=status, server=server)
    if code in _TROUBLE:
        return OutcomeUnknown(perhaps_posted(said), server=server)
    if (code, subcode) in _MISSING:
        return Missing(said, permanent=True, code=status, server=server)
    return None


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until an account may ask again; None: it is not said."""
    try:
        told: Any = json.loads(headers.get("x-business-use-case-usage", "{}"))
        minutes = [float(use["estimated_time_to_regain_access"]) for uses in told.values() for use in uses]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return max(minutes) * 60 if minutes and max(minutes) > 0 else None
