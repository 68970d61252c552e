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
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, ServerBusy, StoreError
from bot.model import ChannelState, Phrase, said_by
from bot.store import Store
from bot.tokens import KeyRing

EARLY = timedelta(minutes=2)
"""So long before its end a token is renewed: it must outlast the request it is put into."""
AHEAD = timedelta(days=20)
"""So long before its end a token that lasts for months is renewed, in use or not: before anybody is warned of it."""
IDLE = timedelta(days=7)
"""How long a short token may lie unused until it is renewed all the same: refresh tokens end when nobody uses them."""
_PURPOSE = "credential"
_CLAIM = timedelta(minutes=2)
"""After so long a process that claimed the renewal has died over it."""
_LOOK, _LOOKS = 0.5, 60
"""Seconds between looks whether another process is done, and how many of them."""
_SAVES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between attempts to save new tokens, all within ``_CLAIM``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account's tokens. ``expires``: when ``access`` ends (UTC; None: not by itself). ``ends``: when even
    ``refresh`` is worth nothing and an editor must connect again (None: not, or nobody knows).

    ``secret`` is the token secret of OAuth 1.0a. ``account`` is the name that people know it by, ``id`` the network's.
    ``extra`` is what else the network needs, such as a page's id. ``kind`` is the type of the channel that it was given
    to: whoever has another one under the same name must not show it to another network ("": from before this was kept).
    """

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    account: str = ""
    id: str = ""
    expires: datetime | None = None
    ends: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    kind: str = ""


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


@runtime_checkable
class Keyed(Protocol):
    """A channel that may be given an account's own keys in the environment, and then needs no sign-in."""

    @property
    def keyed(self) -> bool:
        """Whether it was given them."""
        ...


def signs_in(channel: object) -> bool:
    """Whether the account of ``channel`` is connected by a sign-in, and by nothing else."""
    return isinstance(channel, Connecting) and not (isinstance(channel, Keyed) and channel.keyed)


Renew = Callable[[Credential], Awaitable[Credential]]
Sleep = Callable[[float], Awaitable[None]]


class Credentials:
    """The credential of one channel. For one event loop; many processes may share the store."""

    def __init__(
        self, channel: str, around: Surroundings, renew: Renew, sleep: Sleep = asyncio.sleep, *, kind: str = ""
    ) -> None:
        """``kind`` is the channel's type."""
        self._channel = channel
        self._kind = kind
        # A flag's name has 100 characters.
        self._flag = f"renewing:{channel}"[:100]
        self._sleep = sleep
        self._around = around
        self._renew = renew
        self._renewing = asyncio.Lock()
        self._unsaved: tuple[Credential, int] | None = None

    async def current(self) -> Credential:
        """The tokens, renewed when they end soon. Raises ``ChannelRefused`` when nobody connected it, or they ended."""
        credential, _ = await asyncio.to_thread(self._read)
        now = self._around.clock()
        if not credential.expires or credential.expires - EARLY > now:
            return credential
        try:
            return await self.renewed(credential)
        except ChannelRefused:
            raise
        except DeliveryError:
            # What cannot be renewed now is good for as long as it is good.
            if not _holds(credential, now):
                raise
            return credential

    async def renewed(self, stale: Credential) -> Credential:
        """New tokens in the place of ``stale``, which the network no longer takes; another process's, if it was faster.

        Raises ``ChannelRefused`` when none are to be had, ``ServerBusy``.
        """
        try:
            return await self._renewed(stale)
        except NothingToDo as error:
            raise self._refused(Phrase("its permission has ended")) from error

    async def ahead(self) -> bool:
        """Renews the tokens before they end though nobody posts (``due``); whether it did.

        Raises ``ChannelRefused`` when they were revoked, ``ServerBusy``.
        """
        state = await asyncio.to_thread(self._state)
        credential = self._opened(state)
        if not due(credential, state.renewed, self._around.clock()):
            return False
        try:
            await self._renewed(credential)
        except NothingToDo:
            return False
        return True

    async def _renewed(self, stale: Credential) -> Credential:
        async with self._renewing:
            for _ in range(_LOOKS):
                if await asyncio.to_thread(self._claim):
                    try:
                        return await self._renewed_alone(stale)
                    finally:
                        await asyncio.to_thread(self._release)
                await self._sleep(_LOOK)
                credential, _ = await asyncio.to_thread(self._read)
                if credential.access != stale.access:
                    return credential
        raise ServerBusy(f"{self._channel}: another process renews its permission, and has not done so yet")

    async def _renewed_alone(self, stale: Credential) -> Credential:
        credential, serial = await asyncio.to_thread(self._read)
        if credential.access != stale.access:
            return credential
        if self._unsaved and self._unsaved[1] == serial:
            return await self._saved(*self._unsaved)
        try:
            fresh = await self._renew(credential)
        except ChannelRefused as error:
            raise self._refused(said_by(error)) from error
        except DeliveryError as error:
            if not error.permanent:
                raise
            # No fault of the post's: it waits.
            raise ServerBusy(str(error), code=error.code, server=error.server) from error
        fresh = replace(
            fresh,
            account=fresh.account or credential.account,
            id=fresh.id or credential.id,
            refresh=fresh.refresh or credential.refresh,
            ends=fresh.ends or credential.ends,
            extra={**credential.extra, **fresh.extra},
            kind=credential.kind,
        )
        return await self._saved(fresh, serial)

    async def _saved(self, fresh: Credential, serial: int) -> Credential:
        """Commits it before anybody uses it. The old one may be worth nothing any more, so the store is asked often;
        what it does not take now is saved the next time."""
        self._unsaved = fresh, serial
        for wait in (*_SAVES, None):
            try:
                written = await asyncio.to_thread(self._write, fresh, serial)
                break
            except StoreError:
                if wait is None:
                    raise
                await self._sleep(wait)
        self._unsaved = None
        if not written:
            # An editor connected it anew meanwhile.
            fresh, _ = await asyncio.to_thread(self._read)
        return fresh

    def _claim(self) -> bool:
        """Whether this process may renew now: a refresh token is good once. A claim of a process that died ends.

        Raises ``StoreHeld``: from a copy, the tokens of the store that is in use would be made worthless.
        """
        with self._store().write() as tx:
            tx.flags.need_open()
            now = self._around.clock()
            seen = tx.flags.seen(self._flag)
            if seen and now - seen[1] < _CLAIM:
                return False
            return tx.flags.swap(self._flag, seen, "claimed", now)

    def _release(self) -> None:
        with self._store().write() as tx:
            tx.flags.set(self._flag, "", self._around.clock())

    def _state(self) -> ChannelState:
        with self._store().read() as tx:
            state = tx.channels.get(self._channel)
        if not state.credential:
            raise self._refused(Phrase("it is not connected"))
        return state

    def _store(self) -> Store:
        if self._around.store is None:
            raise self._refused(Phrase("it is not connected"))
        return self._around.store

    def _read(self) -> tuple[Credential, int]:
        state = self._state()
        return self._opened(state), state.serial

    def _opened(self, state: ChannelState) -> Credential:
        credential = opened(state.credential, self._around.keys, self._channel)
        if self._kind and credential.kind not in ("", self._kind):
            raise self._refused(
                Phrase(
                    "it is connected to %(kind)s, and is of the type %(now)s now", kind=credential.kind, now=self._kind
                )
            )
        return credential

    def _write(self, credential: Credential, serial: int) -> bool:
        with self._store().write() as tx:
            return tx.channels.save(
                self._channel,
                closed(credential, self._around.keys),
                account=credential.account,
                expires=credential.ends,
                now=self._around.clock(),
                serial=serial,
            )

    def _refused(self, said: str) -> ChannelRefused:
        return ChannelRefused(
            Phrase("%(name)s: %(what)s; run `broadsheet channels connect %(name)s`", name=self._channel, what=said)
        )


def _holds(credential: Credential, now: datetime) -> bool:
    """Whether the network still takes it: what is its own refresh token (Threads) is renewed long before its end."""
    end = credential.expires if credential.refresh else credential.ends or credential.expires
    return end is not None and end > now


def due(credential: Credential, renewed: datetime | None, now: datetime) -> bool:
    """Whether tokens that were saved at ``renewed`` are to be renewed though nobody needs them yet.

    Those that last for days in the last third of their time, at most ``AHEAD`` before its end; shorter ones, which are
    renewed whenever somebody posts, once they were ``IDLE``.
    """
    if credential.expires is None or renewed is None:
        return False
    lasts = credential.expires - renewed
    if lasts <= timedelta(days=1):
        return now - renewed >= IDLE
    return credential.expires - now <= min(AHEAD, lasts / 3)


def closed(credential: Credential, keys: KeyRing) -> str:
    """``credential`` encrypted with the ring's first key."""
    content = {
        **asdict(credential),
        "expires": credential.expires.isoformat() if credential.expires else None,
        "ends": credential.ends.isoformat() if credential.ends else None,
        "extra": dict(credential.extra),
    }
    return sealed(json.dumps(content), keys, _PURPOSE)


def opened(text: str, keys: KeyRing, channel: str) -> Credential:
    """What ``closed`` encrypted. Raises ``ChannelRefused`` when no key of the ring opens it."""
    try:
        content = json.loads(unsealed(text, keys, _PURPOSE))
    except ValueError as error:
        raise ChannelRefused(
            Phrase(
                "%(name)s: no key of BROADSHEET_SECRET_KEYS opens its tokens; put the old key back, or run "
                "`broadsheet channels connect %(name)s`",
                name=channel,
            )
        ) from error
    for name in ("expires", "ends"):
        content[name] = datetime.fromisoformat(content[name]) if content[name] else None
    return Credential(**content)


def sealed(text: str, keys: KeyRing, purpose: str) -> str:
    """``text`` encrypted for ``purpose`` with the ring's first key."""
    return _fernet(keys, purpose).encrypt(text.encode()).decode()


def unsealed(text: str, keys: KeyRing, purpose: str) -> str:
    """What ``sealed`` encrypted, with whichever key of the ring. Raises ``ValueError`` when none opens it."""
    try:
        return _fernet(keys, purpose).decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise ValueError("no key of the ring opens it") from error


def _fernet(keys: KeyRing, purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(keys.derive(key, purpose))) for key in keys.keys])
