"""OAuth, as networks use it: 2.0 with an authorization code and PKCE, and the signatures of 1.0a.

RFC 6749 (§4.1 code, §5 tokens, §6 refresh), RFC 7636 (PKCE, S256 only), RFC 5849 (signatures, by ``oauthlib``).
A network's peculiarities are fields of its ``Provider``. What a network says of a fault is quoted; what was sent to it
(codes, tokens, secrets) is struck out of the quotation.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode

from oauthlib.oauth1 import Client as Signer
from pydantic import SecretStr

from bot.channels.credentials import Credential, SignIn
from bot.channels.exchange import Exchange, Judge, Refusal, Told, advised
from bot.clock import Clock
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, ServerBusy
from bot.http import Http
from bot.model import Phrase, Several, said_by

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Random = Callable[[int], bytes]
"""So many random bytes, fit for secrets."""

_STRUCK = "[…]"
_LEAST_SECRET = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A network's OAuth 2 and the app that is registered there. ``name`` is what errors call the network.

    ``authorize`` and ``token`` are its addresses. ``basic``: the app tells its secret by HTTP Basic (RFC 6749 §2.3.1),
    else in the form. ``pkce``: False where the network knows no PKCE beside a secret. ``separator`` joins scopes.
    ``more``: what else the first address is told.
    """

    name: str
    authorize: str
    token: str
    client_id: str
    client_secret: SecretStr
    scopes: tuple[str, ...]
    basic: bool = False
    pkce: bool = True
    separator: str = " "
    more: Mapping[str, str] = field(default_factory=dict)


class OAuth2:
    """One app at one provider. ``random`` gives so many random bytes."""

    def __init__(self, provider: Provider, http: Http, clock: Clock, random: Random = secrets.token_bytes) -> None:
        self._provider = provider
        self._http = http
        self._clock = clock
        self._random = random

    def sign_in(self, redirect: str, state: str) -> SignIn:
        """Where an editor says yes; it comes back to exactly ``redirect``, with ``state`` (RFC 6749 §4.1.1)."""
        provider = self._provider
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect,
            "scope": provider.separator.join(provider.scopes),
            "state": state,
        }
        kept: dict[str, str] = {}
        if provider.pkce:
            kept["verifier"] = _base64(self._random(32))
            asked |= {"code_challenge": challenge(kept["verifier"]), "code_challenge_method": "S256"}
        joint = "&" if "?" in provider.authorize else "?"
        return SignIn(f"{provider.authorize}{joint}{urlencode({**asked, **provider.more})}", kept)

    async def connect(self, answer: Mapping[str, str], begun: SignIn, redirect: str) -> Credential:
        """The tokens for the code with which the network came back. Raises ``DeliveryError`` with what it said."""
        name = self._provider.name
        if answer.get("error"):
            said = " ".join(f"{answer['error']} {answer.get('error_description', '')}".split())
            raise DeliveryError(
                Phrase("%(network)s gave no permission: %(said)s", network=name, said=said[:300]), permanent=True
            )
        code = answer.get("code", "")
        if not code:
            raise DeliveryError(Phrase("%(network)s came back without a code", network=name), permanent=True)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        verifier = begun.kept.get("verifier", "")
        if verifier:
            form["code_verifier"] = verifier
        told = await self.grant(form, (code, verifier), judged=self._connecting)
        self._need_scopes(told)
        return self.credential(told)

    async def renew(self, credential: Credential) -> Credential:
        """New tokens for old ones (RFC 6749 §6).

        Raises ``NothingToDo`` without a refresh token, ``ChannelRefused`` when it was revoked, ``ServerBusy``.
        """
        if not credential.refresh:
            raise NothingToDo(Phrase("%(network)s gave no refresh token", network=self._provider.name))
        form = {"grant_type": "refresh_token", "refresh_token": credential.refresh}
        told = await self.grant(form, (credential.refresh, credential.access), judged=self._renewing)
        return self.credential(told)

    async def grant(
        self, form: Mapping[str, str], hidden: Collection[str], *, judged: Judge | None = None
    ) -> Mapping[str, Any]:
        """What the token address answers to ``form``, with the app's name and secret added.

        ``hidden`` never stands in an error. Raises ``ChannelRefused`` when the app is not known, ``ServerBusy`` when
        the network cannot be asked now, ``DeliveryError``.
        """
        provider = self._provider
        secret = provider.client_secret.get_secret_value()
        headers: dict[str, str] = {"Accept": "application/json"}
        whole = dict(form)
        if provider.basic and secret:
            # RFC 6749 §2.3.1: both are form-encoded first.
            pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            whole |= {"client_id": provider.client_id, **({"client_secret": secret} if secret else {})}
        struck = (*hidden, secret, headers.get("Authorization", "").removeprefix("Basic "))

        def judge(refusal: Refusal) -> DeliveryError | None:
            named = replace(refusal, said=_said(refusal))
            return self._app(named) or (judged(named) if judged else None) or _as_said(named)

        exchange = Exchange(self._http, self._clock, provider.token, judge=judge)
        told = await settled(exchange, provider.token, whole, headers, struck)
        if not isinstance(told.data.get("access_token"), str) or not told.data["access_token"]:
            said = Phrase("%(network)s answered with no token", network=provider.name)
            raise DeliveryError(said, permanent=False, server=exchange.server)
        return told.data

    def credential(self, told: Mapping[str, Any]) -> Credential:
        """The tokens of an answer (RFC 6749 §5.1); ``refresh_token_expires_in`` is LinkedIn's and TikTok's."""
        now = self._clock()
        lasts, refresh_lasts = _seconds(told.get("expires_in")), _seconds(told.get("refresh_token_expires_in"))
        refresh = str(told.get("refresh_token") or "")
        expires = now + timedelta(seconds=lasts) if lasts else None
        ends = now + timedelta(seconds=refresh_lasts) if refresh and refresh_lasts else None
        return Credential(
            access=str(told["access_token"]), refresh=refresh, expires=expires, ends=ends if refresh else expires
        )

    def _need_scopes(self, told: Mapping[str, Any]) -> None:
        """RFC 6749 §5.1: what was given is told where it is not what was asked for."""
        given = set(re.split(r"[\s,]+", str(told.get("scope") or "")))
        missing = [scope for scope in self._provider.scopes if scope not in given] if told.get("scope") else []
        if missing:
            raise DeliveryError(
                Phrase(
                    "%(network)s did not give all permissions: %(missing)s is missing; add it to the app, then connect "
                    "again and leave every box ticked",
                    network=self._provider.name,
                    missing=Several(tuple(missing)),
                ),
                permanent=True,
            )

    def _app(self, refusal: Refusal) -> DeliveryError | None:
        code = str(refusal.data.get("error") or "")
        if code in ("invalid_client", "unauthorized_client"):
            return ChannelRefused(
                advised(
                    refusal.said,
                    Phrase(
                        "compare the app's client id and secret with what %(network)s shows",
                        network=self._provider.name,
                    ),
                ),
                code=refusal.status,
                server=refusal.server,
            )
        return None

    def _connecting(self, refusal: Refusal) -> DeliveryError | None:
        if refusal.data.get("error") in ("invalid_grant", "invalid_request"):
            return DeliveryError(
                advised(
                    refusal.said,
                    Phrase(
                        "a code is good once and for minutes: begin again, and look that the app names exactly the "
                        "redirect address that is shown"
                    ),
                ),
                permanent=True,
                code=refusal.status,
                server=refusal.server,
            )
        return None

    def _renewing(self, refusal: Refusal) -> DeliveryError | None:
        if refusal.status in (400, 401, 403):
            return ChannelRefused(
                Phrase(
                    "%(network)s renews the permission no more: %(said)s",
                    network=self._provider.name,
                    said=refusal.said,
                ),
                code=refusal.status,
                server=refusal.server,
            )
        return None


async def settled(
    exchange: Exchange, url: str, form: Mapping[str, str], headers: Mapping[str, str], hidden: Collection[str]
) -> Told:
    """The answer of a token address. What has no clear answer is ``ServerBusy`` here: no post hangs on it.

    ``hidden`` is struck out of what errors quote: some networks repeat what they were sent.
    """
    try:
        # To ask twice at worst uses a code up: then it is said so.
        return await exchange.ask("POST", url, repeatable=True, form=form, headers=headers)
    except DeliveryError as error:
        error.args = (without(said_by(error), hidden),)
        if error.permanent or isinstance(error, ChannelRefused | ServerBusy):
            raise
        raise ServerBusy(said_by(error), code=error.code, server=error.server) from error


def challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636 §4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def without(text: str, hidden: Collection[str]) -> str:
    """``text``, with what must not be shown struck out; of a phrase, out of its facts."""
    if isinstance(text, Phrase):
        return text.rewritten(lambda fact: without(fact, hidden))
    for each in sorted(hidden, key=len, reverse=True):
        if len(each) >= _LEAST_SECRET:
            text = text.replace(each, _STRUCK)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKeys:
    """The four values with which an app signs for one account (OAuth 1.0a); they end when somebody revokes them."""

    consumer: str
    consumer_secret: SecretStr
    token: str
    token_secret: SecretStr

    def authorization(
        self, method: Method, url: str, clock: Clock, random: Random = secrets.token_bytes, form: str = ""
    ) -> str:
        """The ``Authorization`` header of one request (RFC 5849 §3.5.1, HMAC-SHA1).

        ``url`` with its query; ``form`` is a body of the type ``application/x-www-form-urlencoded``: no other body is
        signed (§3.4.1.3.1).
        """
        signer = Signer(
            self.consumer,
            client_secret=self.consumer_secret.get_secret_value(),
            resource_owner_key=self.token,
            resource_owner_secret=self.token_secret.get_secret_value(),
            nonce=random(16).hex(),
            timestamp=str(int(clock().timestamp())),
        )
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        _, headers, _ = signer.sign(url, http_method=method, body=form or None, headers=kind)
        return str(headers["Authorization"])


def _said(refusal: Refusal) -> str:
    """RFC 6749 §5.2 names a fault by a code; its description is for developers, and may be left out."""
    code = str(refusal.data.get("error") or "")
    if not (code.isascii() and code.isidentifier()):
        return refusal.said
    return Phrase("%(said)s (%(code)s)", said=refusal.said, code=code)


def _as_said(refusal: Refusal) -> DeliveryError | None:
    """Any other refusal of a 4xx; what is temporary keeps its meaning everywhere (``Exchange``)."""
    if not 400 <= refusal.status < 500 or refusal.status in (408, 425, 429):
        return None
    return DeliveryError(refusal.said, permanent=True, code=refusal.status, server=refusal.server)


def _seconds(value: object) -> int:
    """Some networks tell it as a text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"\d{1,10}", text) else 0


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
