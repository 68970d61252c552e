"""Postfix's smtp-sink, which counts what it accepts, and smtp-source, the reference that fills it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PLACES = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
CONNECTIONS = 1000
"""As many at once as smtp-sink is told to take; its own default of 256 would leave some in the backlog."""
PATIENCE = 30.0


class Missing(Exception):
    """A program that the benchmark needs is not on this machine."""


def program(name: str) -> str:
    """Where one of Postfix's programs lies. Raises ``Missing``."""
    found = shutil.which(name, path=PLACES)
    if not found:
        raise Missing(f"{name} is missing; it comes with Postfix (Debian: apt-get install postfix)")
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        port: int = each.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Returns once ``process`` listens on ``port``. Raises ``RuntimeError`` when it ends before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


class Sink:
    """A running smtp-sink of our own. With ``dump`` (a folder) it keeps each message as a file; that is slow."""

    def __init__(self, folder: Path, *, dump: Path | None = None) -> None:
        self.port = free_port()
        self._log = folder / f"sink-{self.port}.counters"
        self._dump = dump
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [program("smtp-sink"), "-c", "-m", str(CONNECTIONS)]
        if os.getuid() == 0:
            command += ["-u", "nobody"]
        if self._dump:
            self._dump.mkdir()
            self._dump.chmod(0o777)
            command += ["-d", f"{self._dump}/"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, f"127.0.0.1:{self.port}", str(CONNECTIONS)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for_port(self.port, self._process)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()

    def count(self) -> int:
        """Messages accepted since start. It writes ``sess=N quit=N mesg=N`` and a carriage return at each event."""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - 300))
            said = [part.split(b"mesg=")[1] for part in log.read().split(b"\r") if b"mesg=" in part]
        return int(said[-1].split()[0]) if said else 0

    def rest(self) -> None:
        """Empties the file of counters, which grows by a line a message."""
        count = self.count()
        if self._log.stat().st_size > 1_000_000:
            os.truncate(self._log, 0)
            with self._log.open("ab") as log:
                log.write(b"mesg=%d\r" % count)


@dataclass(frozen=True, slots=True)
class Source:
    """smtp-source: what this machine can move into the sink over kept connections, without a thought."""

    sink: Sink
    size: int
    sessions: int = 20

    def rate(self, messages: int) -> float:
        """Messages per second, of ``size`` bytes each. Raises when the sink did not get them all."""
        before = self.sink.count()
        command = [program("smtp-source"), "-d", "-s", str(self.sessions), "-l", str(self.size), "-m", str(messages)]
        began = time.perf_counter()
        subprocess.run(
            [*command, "-f", "from@newsroom.test", "-t", "to@readers.test", f"127.0.0.1:{self.sink.port}"],
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - began
        arrived(self.sink, before, messages, "smtp-source")
        return messages / seconds


def arrived(sink: Sink, before: int, messages: int, who: str, *, patience: float = 5) -> None:
    """Raises ``RuntimeError`` unless exactly ``messages`` came into the sink since it had ``before``.

    It is given ``patience`` seconds to write its last counters.
    """
    deadline = time.monotonic() + patience
    while (count := sink.count() - before) < messages and time.monotonic() < deadline:
        time.sleep(0.02)
    if count != messages:
        raise RuntimeError(f"{who}: the sink counted {count} messages, not {messages}")
    sink.rest()
