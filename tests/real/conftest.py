"""The real servers of ``../shared/real``. On a machine without them these tests skip; where required, they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from email import policy
from email.parser import BytesHeaderParser
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


class Readers:
    """What came into the readers' Maildir since this test began. Each message is parsed once, its headers alone."""

    def __init__(self, maildir: Path) -> None:
        self._folder = maildir / "new"
        self._before = {file.name for file in self._folder.glob("*")}
        self._mails: dict[str, dict[str, str]] = {}

    def __call__(self) -> list[dict[str, str]]:
        for file in self._folder.glob("*"):
            if file.name not in self._before and file.name not in self._mails:
                with file.open("rb") as stream:
                    headers = BytesHeaderParser(policy=policy.default).parse(stream)
                self._mails[file.name] = {
                    "path": str(file),
                    "message-id": str(headers["Message-ID"]),
                    "envelope-from": str(headers["Return-Path"]),
                    "envelope-to": str(headers["X-Original-To"]),
                }
        return list(self._mails.values())


@pytest.fixture
def readers(mail_server: dict[str, str]) -> Readers:
    """What the readers have got since the test began."""
    return Readers(Path(mail_server["MAILDIR_READERS"]))


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
