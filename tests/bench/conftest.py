"""The benchmark's own tests need Postfix's tools. On a machine without them they skip; where required, they fail."""

from __future__ import annotations

import os

import pytest

from tests.bench.sink import Missing, program


@pytest.fixture
def postfix_tools() -> None:
    """smtp-sink and smtp-source are there."""
    try:
        for name in ("smtp-sink", "smtp-source"):
            program(name)
    except Missing as missing:
        if os.environ.get("BROADSHEET_REQUIRE_REAL") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def bench_cache(tmp_path, monkeypatch):
    """A cache of loaded stores of the test's own."""
    monkeypatch.setenv("BROADSHEET_BENCH_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"
