"""What every fake network shares: its state, its application, how it is run, and the registry of kinds.

A fake is written from the network's documented behaviour and never from the channel's code, which it must not import
(a contract in pyproject.toml): a channel that is wrong about a network is refused here as it would be there.
A kind is one file of this package with one class registered with ``@network``.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.clock import Clock, system_clock
from bot.errors import UsageError
from bot.testing.networks.call import Call, Refused, read
from bot.testing.networks.faults import OWN, Fault, Faults, Faulty
from bot.testing.networks.page import own_routes
from bot.testing.networks.posted import Posted
from bot.testing.server import served

Handler = Callable[[Call], Response]
Endpoint = tuple[str, str, Handler]
"""Method, path as Starlette writes it (``/api/v1/statuses/{id}``), and what answers."""


@dataclass(frozen=True)
class Asked:
    """A request that came, and the status it was answered with by the network (a fault may have hidden it)."""

    method: str
    path: str
    status: int
    when: datetime


class Network:
    """A fake network. A subclass names its ``kind`` and gives its ``endpoints``; each handler runs under the lock.

    A handler returns the answer or raises ``Refused``. It says what followers see with ``publish``, ``edit`` and
    ``remove``. Options are keyword arguments, each with the network's own figure as its default.
    """

    kind: ClassVar[str] = ""
    largest: ClassVar[int] = 64_000_000
    """Bytes of a request's body."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.faults = Faults()
        self._posts: dict[str, Posted] = {}
        self._asked: list[Asked] = []
        self._reacted: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def endpoints(self) -> Sequence[Endpoint]:
        """What the network answers."""
        raise NotImplementedError

    @property
    def credentials(self) -> dict[str, str]:
        """What a newsroom would have been given: tokens, ids of its account. Valid now."""
        return {}

    def revoke(self) -> None:
        """The owner of the account takes all tokens back."""
        raise NotImplementedError

    @property
    def posts(self) -> list[Posted]:
        """All that followers have seen, oldest first; what was deleted is flagged, and stays."""
        with self.lock:
            return list(self._posts.values())

    @property
    def visible(self) -> list[Posted]:
        """What followers see now."""
        return [each for each in self.posts if each.deleted is None]

    @property
    def asked(self) -> list[Asked]:
        """Every request that reached the network, in order."""
        with self.lock:
            return list(self._asked)

    def fail(self, fault: Fault, *, times: int = 1, path: str = "*", method: str = "*") -> None:
        """The next ``times`` requests to ``path`` (``*`` stands for anything) meet ``fault``."""
        self.faults.plan(fault, times=times, path=path, method=method)

    def number(self) -> int:
        """1, 2, 3 …: for ids."""
        return next(self._numbers)

    def publish(self, post: Posted) -> Posted:
        """Followers see ``post`` from now on."""
        with self.lock:
            if post.id in self._posts:
                raise ValueError(f"{self.kind}: {post.id} is out already")
            self._posts[post.id] = post
        return post

    def find(self, identity: str) -> Posted | None:
        """The post that followers see now, if they do."""
        with self.lock:
            found = self._posts.get(identity)
        return None if found is None or found.deleted else found

    def edit(self, identity: str, **fields: Any) -> Posted:
        """Followers see the post changed; the moment is kept."""
        with self.lock:
            self._posts[identity] = replace(self._posts[identity], **{"edited": self.clock(), **fields})
            return self._posts[identity]

    def remove(self, identity: str) -> Posted:
        """Followers see the post no more."""
        with self.lock:
            self._posts[identity] = replace(self._posts[identity], deleted=self.clock())
            return self._posts[identity]

    def react(self, identity: str, **counts: Any) -> None:
        """Followers react: a post's ``likes``, ``reposts``, ``replies``, ``quotes``, ``views`` are these from now on.

        As they are given, so that a network may also tell nonsense. What nobody named is 0.
        """
        with self.lock:
            self._reacted[identity] = {**self._reacted.get(identity, {}), **counts}

    def reacted(self, identity: str, count: str) -> Any:
        """How often followers did ``count`` with the post."""
        with self.lock:
            return self._reacted.get(identity, {}).get(count, 0)

    def after(self, call: Call, answer: Response) -> None:
        """Called before each answer leaves: for headers that every answer has."""

    def app(self) -> ASGIApp:
        """The network on the web, with its faults and the pages below ``/_fake``."""
        routes = [Route(path, self._endpoint(handler), methods=[method]) for method, path, handler in self.endpoints()]
        return Faulty(Starlette(routes=[*own_routes(self), *routes]), self.faults)

    def _endpoint(self, handler: Handler) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                call = await read(request, largest=self.largest)
            except Refused as refused:
                return refused.answer
            except ClientDisconnect:
                # Half a request is none, and nobody waits for what is said to it.
                return Response(status_code=400)
            with self.lock:
                try:
                    made = handler(call)
                except Refused as refused:
                    made = refused.answer
                self.after(call, made)
                self._asked.append(Asked(call.method, call.path, made.status_code, self.clock()))
            return made

        return answer


NETWORKS: dict[str, type[Network]] = {}
"""Every kind by its name, filled by importing this package."""

_Kind = TypeVar("_Kind", bound=type[Network])


def network(cls: _Kind) -> _Kind:
    """Registers a kind of network."""
    if not cls.kind or cls.kind in NETWORKS:
        raise ValueError(f"{cls.__name__}: a network needs a kind of its own, not {cls.kind!r}")
    NETWORKS[cls.kind] = cls
    return cls


def made(kind: str, clock: Clock = system_clock, **options: Any) -> Network:
    """The fake of ``kind``. Raises ``UsageError`` when there is none, or when it has no such option."""
    if kind not in NETWORKS:
        raise UsageError(f"no fake of {kind!r}; there are: {', '.join(sorted(NETWORKS))}")
    try:
        return NETWORKS[kind](clock=clock, **options)
    except TypeError as error:
        raise UsageError(f"the fake of {kind}: {error}") from error


@contextmanager
def running(
    kind: str | Network, clock: Clock = system_clock, port: int = 0, **options: Any
) -> Iterator[tuple[str, Network]]:
    """Serves a fake on loopback; yields its base URL (``http://127.0.0.1:40123``) and its state.

    ``kind`` may be a network that was made before; then its own clock counts.
    """
    state = made(kind, clock, **options) if isinstance(kind, str) else kind
    with served(state.app(), port) as base:
        yield base, state


__all__ = ["NETWORKS", "OWN", "Asked", "Endpoint", "Handler", "Network", "made", "network", "running"]
