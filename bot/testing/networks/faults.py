"""What goes wrong between a channel and a network, on request.

A fault has two sides: whether the network did the work before (``when``), and what the channel gets (``how``).
``Fault(503)`` is a server that is down; ``Fault(504, when="after")`` a gateway that gave up on a post that is out.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.testing.server import CUT

OWN = "/_fake"
"""Paths below are the fake's, not the network's."""


@dataclass(frozen=True)
class Fault:
    """``when``: ``before`` anything was read or done, or ``after`` all was done.

    ``how``: ``answer`` with ``status``, ``headers`` and ``body``; ``hang``: never answer; ``close``: the line breaks.
    """

    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    when: Literal["before", "after"] = "before"
    how: Literal["answer", "hang", "close"] = "answer"

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Fault:
        """From JSON. Raises ``ValueError`` naming what is wrong."""
        if unknown := set(fields) - {"status", "headers", "body", "when", "how"}:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        made = cls(**fields)
        if made.when not in ("before", "after") or made.how not in ("answer", "hang", "close"):
            raise ValueError("when is before or after; how is answer, hang or close")
        if not (isinstance(made.status, int) and 200 <= made.status <= 599 and isinstance(made.body, str)):
            raise ValueError("status is a number from 200 to 599, body a text")
        return made


HANG = Fault(when="after", how="hang")
"""The work is done, and no answer ever comes."""
BREAK = Fault(when="after", how="close")
"""The work is done, and the line breaks before the answer."""
DROP = Fault(when="before", how="close")
"""The line breaks before anything is read."""


@dataclass
class _Planned:
    fault: Fault
    times: int
    path: str
    method: str


class Faults:
    """The plan of what goes wrong next; safe between threads."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault, *, times: int = 1, path: str = "*", method: str = "*") -> None:
        """The next ``times`` requests to ``path`` (``*`` stands for anything) meet ``fault``; the oldest plan first."""
        with self._lock:
            self._planned.append(_Planned(fault, times, path, method.upper()))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._planned.clear()

    def next(self, method: str, path: str) -> Fault | None:
        """The fault this request meets; it is used up."""
        with self._lock:
            for each in self._planned:
                if fnmatchcase(path, each.path) and fnmatchcase(method, each.method):
                    each.times -= 1
                    if each.times <= 0:
                        self._planned.remove(each)
                    return each.fault
        return None


class Faulty:
    """The network's application with faults before and after it."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] != "http" or scope["path"].startswith(OWN)
        fault = None if own else self._faults.next(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.when == "after":
            await self._app(scope, receive, _nowhere)
        if fault.how == "answer":
            await Response(fault.body, fault.status, fault.headers)(scope, receive, send)
            return
        if fault.how == "close":
            scope["extensions"][CUT]()
        while not await Request(scope, receive).is_disconnected():
            await receive()


async def _nowhere(message: Message) -> None:
    """The answer that nobody gets."""
