"""A fake on loopback, and who asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks import Network, running


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


Fake = Callable[..., tuple[httpx.Client, Any]]


@pytest.fixture
def fake(clock: SetClock) -> Iterator[Fake]:
    """Runs a fake until the test ends: its kind and options; gives a client at its URL, and its state."""
    with ExitStack() as stack:

        def start(kind: str, **options: Any) -> tuple[httpx.Client, Network]:
            base, network = stack.enter_context(running(kind, clock, **options))
            return stack.enter_context(httpx.Client(base_url=base, timeout=2, trust_env=False)), network

        yield start
