"""Fakes of networks for the tests of channels, served by one server: starting one for each would take longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.testing.server import served
from tests.channels.trial import Stage, Trial


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[str, Stage]]:
    serving = Stage()
    with served(serving) as base:
        yield base, serving


@pytest.fixture
def trial_of(stage: tuple[str, Stage], sqlite_file: Any, tmp_path: Path) -> Callable[..., Trial]:
    """Puts a kind of channel before its fake; ``told`` are options of the channel, all else of the fake."""
    base, serving = stage

    def start(kind: str, told: dict[str, Any] | None = None, **fake: Any) -> Trial:
        return Trial(kind, base, serving, sqlite_file.copy(tmp_path / "broadsheet.db"), told=told or {}, fake=fake)

    return start
