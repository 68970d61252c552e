"""The tokens of an account that an editor connected: kept in the store, encrypted, renewed by one process at a time.

They are encrypted with Fernet (https://github.com/fernet/spec) under keys derived from ``BROADSHEET_SECRET_KEYS``; an
older key of the ring still opens what it closed. A token that rotates is saved, committed, before it is used.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.channels.base import Surroundings
from bot.errors import ChannelRefused, NothingToDo
from bot.tokens import KeyRing

EARLY = timedelta(minutes=2)
"""So long before its end a token is renewed: it must outlast the request it is put into."""
_PURPOSE = "credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account's tokens. ``expires``: when ``access`` ends (UTC; None: not by itself). ``ends``: when even
    ``refresh`` is worth nothing and an editor must connect again (None: not, or nobody knows).

    ``secret`` is the token secret of OAuth 1.0a. ``account`` is the name that people know it by, ``id`` the network's.
    ``extra`` is what else the network needs, such as a page's id.
    """

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    account: str = ""
    id: str = ""
    expires: datetime | None = None
    ends: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that began: ``url`` is where the editor says yes, ``kept`` what the end of it must know again.

    ``kept`` holds secrets, such as PKCE's verifier.
    """

    url: str
    kept: Mapping[str, str] = field(repr=False)


@runtime_checkable
class Connecting(Protocol):
    """A channel whose account is connected by ``broadsheet channels connect NAME``."""

    async def sign_in(self, redirect: str, state: str) -> SignIn:
        """Begins a sign-in that comes back to ``redirect`` with ``state``. Raises ``DeliveryError``."""
        ...

    async def connect(self, answer: Mapping[str, str], begun: SignIn, redirect: str) -> Credential:
        """The account's tokens, out of the parameters with which the network came back (``code``, or 1.0a's verifier).

        Raises ``DeliveryError`` with what the network said.
        """
        ...

    async def renew(self, credential: Credential) -> Credential:
        """New tokens for old ones. Raises ``ChannelRefused`` when they were revoked, ``ServerBusy`` when not now.

        Raises ``NothingToDo`` where this network's tokens are not renewed by a program.
        """
        ...


Renew = Callable[[Credential], Awaitable[Credential]]


class Credentials:
    """The credential of one channel. For one event loop; many processes may share the store."""

    def __init__(self, channel: str, around: Surroundings, renew: Renew) -> None:
        self._channel = channel
        self._around = around
        self._renew = renew
        self._renewing = asyncio.Lock()

    async def current(self) -> Credential:
        """The tokens, renewed when they end soon. Raises ``ChannelRefused`` when nobody connected it, or they ended."""
        credential, _ = await asyncio.to_thread(self._read)
        now = self._around.clock()
        if credential.expires and credential.expires - EARLY <= now:
            return await self.renewed(credential)
        return credential

    async def renewed(self, stale: Credential) -> Credential:
        """New tokens in the place of ``stale``, which the network no longer takes; another process's, if it was faster.

        Raises ``ChannelRefused`` when none are to be had, ``ServerBusy``.
        """
        async with self._renewing:
            credential, serial = await asyncio.to_thread(self._read)
            if credential.access != stale.access:
                return credential
            try:
                fresh = await self._renew(credential)
            except NothingToDo as error:
                raise self._refused("its permission has ended") from error
            except ChannelRefused as error:
                # A refresh token is good once: another process may have been faster.
                again, _ = await asyncio.to_thread(self._read)
                if again.access != stale.access:
                    return again
                raise self._refused(str(error)) from error
            fresh = replace(
                fresh,
                account=fresh.account or credential.account,
                id=fresh.id or credential.id,
                refresh=fresh.refresh or credential.refresh,
                ends=fresh.ends or credential.ends,
                extra={**credential.extra, **fresh.extra},
            )
            if not await asyncio.to_thread(self._write, fresh, serial):
                fresh, _ = await asyncio.to_thread(self._read)
            return fresh

    def _read(self) -> tuple[Credential, int]:
        store = self._around.store
        if store is None:
            raise self._refused("it is not connected")
        with store.read() as tx:
            state = tx.channels.get(self._channel)
        if not state.credential:
            raise self._refused("it is not connected")
        return opened(state.credential, self._around.keys, self._channel), state.serial

    def _write(self, credential: Credential, serial: int) -> bool:
        assert self._around.store is not None
        with self._around.store.write() as tx:
            return tx.channels.save(
                self._channel,
                closed(credential, self._around.keys),
                account=credential.account,
                expires=credential.ends,
                now=self._around.clock(),
                serial=serial,
            )

    def _refused(self, said: str) -> ChannelRefused:
        return ChannelRefused(f"{self._channel}: {said}; run `broadsheet channels connect {self._channel}`")


def closed(credential: Credential, keys: KeyRing) -> str:
    """``credential`` encrypted with the ring's first key."""
    content = {
        **asdict(credential),
        "expires": credential.expires.isoformat() if credential.expires else None,
        "ends": credential.ends.isoformat() if credential.ends else None,
        "extra": dict(credential.extra),
    }
    return _fernet(keys).encrypt(json.dumps(content).encode()).decode()


def opened(text: str, keys: KeyRing, channel: str) -> Credential:
    """What ``closed`` encrypted. Raises ``ChannelRefused`` when no key of the ring opens it."""
    try:
        content = json.loads(_fernet(keys).decrypt(text.encode()))
    except (InvalidToken, ValueError) as error:
        raise ChannelRefused(
            f"{channel}: no key of BROADSHEET_SECRET_KEYS opens its tokens; put the old key back, or run "
            f"`broadsheet channels connect {channel}`"
        ) from error
    for name in ("expires", "ends"):
        content[name] = datetime.fromisoformat(content[name]) if content[name] else None
    return Credential(**content)


def _fernet(keys: KeyRing) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(keys.derive(key, _PURPOSE))) for key in keys.keys])
