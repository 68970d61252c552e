"""The real servers of ``../shared/real``. On a machine without them these tests skip; where required, they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2].parent / "shared" / "real"
REQUIRED = os.environ.get("BROADSHEET_REQUIRE_REAL") == "1"


def _missing(reason: str) -> None:
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def _settings(name: str) -> dict[str, str]:
    """What a running server's script prints; skips (or fails) when it does not run."""
    script = SCRIPTS / name
    if not script.exists():
        _missing(f"{name}: ../shared/real is not beside this checkout")
    done = subprocess.run(["bash", str(script), "status"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        _missing(f"{name}: the server does not run; start it with ../shared/real/{name} start")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _script(name: str) -> Callable[..., str]:
    def call(*arguments: object) -> str:
        command = ["bash", str(SCRIPTS / name), *(str(each) for each in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.fixture(scope="session")
def mail_server() -> dict[str, str]:
    """A Postfix: the settings that ``mail start`` prints."""
    return _settings("mail")


@pytest.fixture
def mail_script(mail_server: dict[str, str]) -> Callable[..., str]:
    """Calls ``../shared/real/mail``."""
    return _script("mail")


@pytest.fixture(scope="session")
def wordpress_server() -> dict[str, str]:
    """A WordPress: the settings that ``wordpress start`` prints."""
    return _settings("wordpress")


@pytest.fixture
def wordpress_script(wordpress_server: dict[str, str]) -> Callable[..., str]:
    """Calls ``../shared/real/wordpress``."""
    return _script("wordpress")


@pytest.fixture(scope="session")
def bluesky_server() -> dict[str, str]:
    """A Bluesky PDS: the settings that ``bluesky start`` prints."""
    return _settings("bluesky")


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of sample pages beside the checkout."""
    folder = SCRIPTS.parent / "seeds"
    if not list(folder.glob("*.txt")):
        _missing("seeds: ../shared/seeds is not beside this checkout")
    return folder
