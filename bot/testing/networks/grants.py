"""Tokens as networks give them: OAuth 2 codes with PKCE (RFC 6749, RFC 7636), expiry by the clock, revocation."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.clock import Clock
from bot.testing.networks.call import Call

CODE_SECONDS = 600.0


class BadGrant(Exception):
    """A token endpoint's no: ``error`` is a word of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Grant:
    """A token. ``expires`` is None when it lives until it is revoked, ``refresh`` "" when it cannot be renewed."""

    account: str
    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    scopes: frozenset[str] = frozenset()
    issued: datetime | None = None
    expires: datetime | None = None
    family: str = ""
    revoked: bool = False

    def seconds(self, now: datetime) -> int:
        """Left to live; 0 when it has no end."""
        return round((self.expires - now).total_seconds()) if self.expires else 0


@dataclass(frozen=True)
class _Code:
    client: str
    redirect: str
    scopes: frozenset[str]
    challenge: str
    method: str
    expires: datetime


class Grants:
    """All that one network gave. Used under the network's lock."""

    def __init__(self, prefix: str, clock: Clock) -> None:
        self._prefix = prefix
        self._clock = clock
        self._numbers = itertools.count(1)
        self._held: dict[str, Grant] = {}
        self._codes: dict[str, _Code] = {}

    def issue(
        self,
        account: str,
        *,
        seconds: float | None = None,
        refreshable: bool = False,
        scopes: Iterable[str] = (),
        family: str = "",
    ) -> Grant:
        """A token that works from now on, for ``seconds``."""
        number = next(self._numbers)
        now = self._clock()
        made = Grant(
            account=account,
            access=f"{self._prefix}-access-{number}",
            refresh=f"{self._prefix}-refresh-{number}" if refreshable else "",
            scopes=frozenset(scopes),
            issued=now,
            expires=None if seconds is None else now + timedelta(seconds=seconds),
            family=family or f"{self._prefix}-{number}",
        )
        self._held[made.access] = made
        return made

    def find(self, access: str) -> Grant | None:
        """The token, dead or alive."""
        return self._held.get(access)

    def expired(self, grant: Grant) -> bool:
        """Whether its time is over."""
        return grant.expires is not None and grant.expires <= self._clock()

    def by_refresh(self, refresh: str) -> Grant | None:
        """The grant a refresh token came with, dead or alive."""
        return next((each for each in self._held.values() if refresh and each.refresh == refresh), None)

    def end(self, grant: Grant) -> None:
        """Revokes one token."""
        self._held[grant.access] = replace(grant, revoked=True)

    def end_family(self, family: str) -> None:
        """Revokes every token that came of one consent."""
        for each in list(self._held.values()):
            if each.family == family:
                self.end(each)

    def end_all(self) -> None:
        """Revokes everything; codes too."""
        self._codes.clear()
        for each in list(self._held.values()):
            self.end(each)

    def authorize(self, call: Call, *, client: str, scopes: Iterable[str], pkce: bool = False) -> Response:
        """The consent page, at which the owner always says yes: sends the browser back with a code.

        What is wrong with the application itself is answered with 400 and never redirected (RFC 6749, 4.1.2.1).
        """
        query = call.query
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") != client:
            return PlainTextResponse("Unknown client_id", 400)
        if not redirect or not urlsplit(redirect).scheme or urlsplit(redirect).fragment:
            return PlainTextResponse("redirect_uri is not valid", 400)
        asked = frozenset(query.get("scope", "").replace(",", " ").split())
        back = {"state": query["state"]} if "state" in query else {}
        if query.get("response_type") != "code":
            back |= {"error": "unsupported_response_type"}
        elif not asked or asked - set(scopes):
            back |= {"error": "invalid_scope"}
        elif pkce and not query.get("code_challenge"):
            back |= {"error": "invalid_request", "error_description": "code_challenge is required"}
        else:
            code = f"{self._prefix}-code-{next(self._numbers)}"
            self._codes[code] = _Code(
                client=client,
                redirect=redirect,
                scopes=asked,
                challenge=query.get("code_challenge", ""),
                method=query.get("code_challenge_method", "plain"),
                expires=self._clock() + timedelta(seconds=CODE_SECONDS),
            )
            back |= {"code": code}
        return RedirectResponse(f"{redirect}{'&' if urlsplit(redirect).query else '?'}{urlencode(back)}", 302)

    def redeem(self, code: str, *, client: str, redirect: str, verifier: str = "") -> frozenset[str]:
        """The scopes a code stands for; it is used up. Raises ``BadGrant``."""
        held = self._codes.pop(code, None)
        if held is None or held.expires <= self._clock() or held.client != client:
            raise BadGrant("invalid_grant", "The code is invalid, expired, or was used before")
        if held.redirect != redirect:
            raise BadGrant("invalid_grant", "redirect_uri is not the one of the authorization")
        proof = verifier
        if held.method == "S256":
            proof = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if held.challenge and proof != held.challenge:
            raise BadGrant("invalid_grant", "code_verifier does not fit")
        return held.scopes
