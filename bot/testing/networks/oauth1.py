"""OAuth 1.0a (RFC 5849, HMAC-SHA1) as a provider: signatures, checked by ``oauthlib``, and the steps to a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from oauthlib.oauth1.rfc5849 import signature
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from bot.clock import Clock
from bot.testing.networks.call import Call

SKEW_SECONDS = 300
OUT_OF_BAND = "oob"


class Unsigned(Exception):
    """The request is not signed, or not by who it says."""


@dataclass
class _Signed:
    """What ``oauthlib`` verifies a signature of."""

    uri: str
    http_method: str
    params: Any
    signature: str


@dataclass
class _Asked:
    """A request token. ``verifier`` is "" until the owner said yes."""

    secret: str
    callback: str
    verifier: str = ""


class OAuth1:
    """One application's tokens. Used under the network's lock."""

    def __init__(self, prefix: str, consumer: tuple[str, str], clock: Clock) -> None:
        self._prefix = prefix
        self._consumer = consumer
        self._clock = clock
        self._tokens: dict[str, str] = {}
        self._asked: dict[str, _Asked] = {}
        self._nonces: set[tuple[str, str]] = set()
        self._given = 0

    def give(self, token: str, secret: str) -> None:
        """``token`` works from now on."""
        self._tokens[token] = secret

    def end_all(self) -> None:
        """No token works any more."""
        self._tokens.clear()
        self._asked.clear()

    def check(self, call: Call) -> None:
        """Raises ``Unsigned`` unless a token that works signed the call, now, and not this call before."""
        self._verified(call, self._tokens)

    def request_token(self, call: Call) -> Response:
        """Step 1, signed by the application alone, with ``oauth_callback`` (``oob``: the owner gets a number)."""
        given = self._verified(call, {"": ""})
        callback = given.get("oauth_callback", "")
        if callback != OUT_OF_BAND and not urlsplit(callback).scheme:
            raise Unsigned("oauth_callback is missing")
        self._given += 1
        token, secret = f"{self._prefix}-asked-{self._given}", f"{self._prefix}-asked-secret-{self._given}"
        self._asked[token] = _Asked(secret, callback)
        told = {"oauth_token": token, "oauth_token_secret": secret, "oauth_callback_confirmed": "true"}
        return PlainTextResponse(urlencode(told))

    def authorize(self, call: Call) -> Response:
        """Step 2, in the owner's browser; the owner always says yes."""
        token = call.query.get("oauth_token", "")
        asked = self._asked.get(token)
        if asked is None or asked.verifier:
            return PlainTextResponse("This request token is not valid", 401)
        self._given += 1
        asked.verifier = f"{7_000_000 + self._given}"
        if asked.callback == OUT_OF_BAND:
            return HTMLResponse(f"<p>Enter this PIN: <code>{asked.verifier}</code></p>")
        joint = "&" if urlsplit(asked.callback).query else "?"
        back = urlencode({"oauth_token": token, "oauth_verifier": asked.verifier})
        return RedirectResponse(f"{asked.callback}{joint}{back}", 302)

    def access_token(self, call: Call, told: Mapping[str, str]) -> Response:
        """Step 3, once, signed by the request token, with ``oauth_verifier``; ``told`` is what the network adds."""
        given = self._verified(call, {token: asked.secret for token, asked in self._asked.items()})
        asked = self._asked[given["oauth_token"]]
        if not asked.verifier or given.get("oauth_verifier", call.fields.get("oauth_verifier")) != asked.verifier:
            raise Unsigned("oauth_verifier does not fit")
        del self._asked[given["oauth_token"]]
        self._given += 1
        token, secret = f"{self._prefix}-user-{self._given}", f"{self._prefix}-user-secret-{self._given}"
        self.give(token, secret)
        return PlainTextResponse(urlencode({"oauth_token": token, "oauth_token_secret": secret, **told}))

    def _verified(self, call: Call, secrets: Mapping[str, str]) -> dict[str, str]:
        """The fields of the Authorization header. Raises ``Unsigned``."""
        header = call.headers.get("authorization", "")
        given = _fields(header)
        token = given.get("oauth_token", "")
        stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
        if given.get("oauth_consumer_key") != self._consumer[0] or token not in secrets:
            raise Unsigned("oauth_consumer_key or oauth_token is unknown")
        if given.get("oauth_signature_method") != "HMAC-SHA1" or given.get("oauth_version", "1.0") != "1.0":
            raise Unsigned("oauth_signature_method is not HMAC-SHA1")
        if not stamp.isdigit() or abs(int(stamp) - self._clock().timestamp()) > SKEW_SECONDS:
            raise Unsigned("oauth_timestamp is not now")
        if not nonce or (stamp, nonce) in self._nonces:
            raise Unsigned("oauth_nonce was used before")
        signed = _Signed(
            uri=call.url,
            http_method=call.method,
            params=signature.collect_parameters(
                uri_query=call.url.partition("?")[2],
                body=list(call.form) if call.content_type == "application/x-www-form-urlencoded" else [],
                headers={"Authorization": header},
            ),
            signature=given.get("oauth_signature", ""),
        )
        # oauthlib reads these four of its own Request only.
        if not signature.verify_hmac_sha1(signed, self._consumer[1], secrets[token]):  # type: ignore[arg-type]
            raise Unsigned("oauth_signature does not fit")
        self._nonces.add((stamp, nonce))
        return given


def _fields(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        return {}
    pairs = [each.strip().partition("=") for each in rest.split(",")]
    return {unquote(name): unquote(value.strip('"')) for name, _, value in pairs}
