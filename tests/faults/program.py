"""The program's processes. They start from a process that has already read its modules: in 50 ms instead of seconds.

What runs is the whole command line, ``bot.cli.main``, in a process of its own; only the imports are shared. So kills
are cheap enough to have hundreds of them. ``cold`` starts ``python -m bot`` instead, as a user would.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

from bot.cli import COMMANDS
from tests.faults.evidence import ROOT

_warm = multiprocessing.get_context("forkserver")
_warm.set_forkserver_preload(
    [
        *(f"bot.cli.{each}" for each in COMMANDS),
        "bot.web.server",
        "bot.demo",
        "mjml",
        "twitter_text",
        "sqlalchemy.dialects.postgresql.psycopg",
        __name__,
    ]
)


def new_clock() -> Any:
    """A clock error that a test may change while processes run: ``clock.value = 3600`` is an hour fast."""
    return _warm.Value("d", 0.0)


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    errors: str

    @property
    def value(self) -> Any:
        """What ``--json`` printed."""
        assert self.out, self.errors
        return json.loads(self.out)


class Program:
    """A running ``broadsheet`` with its output in a file."""

    def __init__(self, process: Any, log: Path) -> None:
        self._process = process
        self.log = log

    @classmethod
    def start(
        cls,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        clock: Any = None,
        cold: bool = False,
    ) -> Self:
        """Starts ``broadsheet ARGUMENTS`` in ``folder``; its output is appended to ``log``."""
        if cold:
            with log.open("a") as stream:
                command = [sys.executable, "-m", "bot", *arguments, "--config", str(folder / "config")]
                return cls(
                    subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=stream, stderr=stream), log
                )
        process = _warm.Process(
            target=_run, args=(list(arguments), str(folder), dict(environment), str(log), "", clock), daemon=True
        )
        process.start()
        return cls(process, log)

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def runs(self) -> bool:
        if isinstance(self._process, subprocess.Popen):
            return self._process.poll() is None
        return bool(self._process.is_alive())

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        code = self._process.returncode if isinstance(self._process, subprocess.Popen) else self._process.exitcode
        return None if code is None else int(code)

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone, and reaped."""
        self._process.kill()
        self._wait(30)

    def end(self, patience: float = 60) -> None:
        """SIGTERM; returns when it has ended by itself, as it must."""
        self._process.terminate()
        self._wait(patience)
        if self.runs:
            self.kill()
            raise AssertionError(f"it did not end within {patience} s of SIGTERM; {self.log} says:\n{self.said()}")

    def said(self) -> str:
        """The end of its output."""
        return self.log.read_text("utf-8", "replace")[-3000:]

    def _wait(self, patience: float) -> None:
        if isinstance(self._process, subprocess.Popen):
            self._process.wait(patience)
        else:
            self._process.join(patience)


def call(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    clock: Any = None,
    patience: float = 120,
) -> Result:
    """Runs one command to its end."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-call-") as place:
        out, errors = Path(place) / "out", Path(place) / "errors"
        process = _warm.Process(
            target=_run,
            args=(list(arguments), str(folder), dict(environment), str(out), str(errors), clock),
            daemon=True,
        )
        process.start()
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise AssertionError(f"broadsheet {' '.join(arguments)} did not end within {patience} s")
        return Result(process.exitcode, out.read_text("utf-8"), errors.read_text("utf-8"))


@contextmanager
def in_a_process(serve: Callable[..., None], *arguments: Any) -> Iterator[Any]:
    """Runs ``serve(pipe, *arguments)`` beside this process; yields what it says first. It ends when it hears a word."""
    ours, theirs = _warm.Pipe()
    process = _warm.Process(target=serve, args=(theirs, *arguments), daemon=True)
    process.start()
    try:
        assert ours.poll(60), "the process beside this one did not start"
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(10)
        if process.exitcode is None:
            process.kill()


def limit_files(pid: int, size: int) -> None:
    """From now on no file of the process grows beyond ``size`` bytes; ``RLIM_INFINITY`` (-1) takes it back."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def _run(arguments: list[str], folder: str, environment: dict[str, str], out: str, errors: str, clock: Any) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.dup2(os.open(out, flags, 0o600), 1)
    os.dup2(os.open(errors, flags, 0o600) if errors else 1, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", line_buffering=True)  # type: ignore[union-attr]
    sys.argv = ["broadsheet", *arguments]
    if clock is not None:
        _put_wrong(clock)
    from bot.cli import main

    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _put_wrong(clock: Any) -> None:
    """Moves the process's wall clock, the one that ``bot.clock`` reads, as ``settimeofday`` would."""
    import bot.clock

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=clock.value)

    setattr(bot.clock, "datetime", Wrong)  # noqa: B010
