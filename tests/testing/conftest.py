"""A fake on loopback, and who asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks import Network, made
from bot.testing.server import served


class Switch:
    """Serves the network of the test that runs: starting a server for each would take longer than the tests."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def switch() -> Iterator[tuple[str, Switch]]:
    switch = Switch()
    with served(switch) as base:
        yield base, switch


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


Fake = Callable[..., tuple[httpx.Client, Any]]


@pytest.fixture
def fake(clock: SetClock, switch: tuple[str, Switch]) -> Iterator[Fake]:
    """Makes the test's fake: its kind and options; gives a client at its URL, and its state."""
    base, served_app = switch
    with httpx.Client(base_url=base, timeout=5, trust_env=False, verify=False) as client:

        def start(kind: str, **options: Any) -> tuple[httpx.Client, Network]:
            network = made(kind, clock, **options)
            served_app.app = network.app()
            return client, network

        yield start
