"""What a sink wrote down, read while it writes; and the sink as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.faults import BLURRED

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the sink took. ``answered``: whether it set out to send its 250. ``fault``: what came instead."""

    message_id: str
    recipient: str
    subject: str
    size: int
    connection: int
    answered: bool
    fault: str = ""


@dataclass
class Evidence:
    """The log so far. ``read`` goes on where the last call ended."""

    file: Path
    taken: list[Taken] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    blamed: list[str] = field(default_factory=list)
    """What the client did that no good client does."""
    _at: int = 0

    def read(self) -> Evidence:
        with self.file.open("rb") as stream:
            stream.seek(self._at)
            whole, _, _ = stream.read().rpartition(b"\n")
        if whole:
            self._at += len(whole) + 1
            for line in whole.split(b"\n"):
                self._keep(json.loads(line))
        return self

    def _keep(self, record: dict[str, object]) -> None:
        if "took" in record:
            self.taken.append(
                Taken(
                    message_id=str(record["took"]),
                    recipient=str(record["to"]),
                    subject=str(record["subject"]),
                    size=int(str(record["size"])),
                    connection=int(str(record["connection"])),
                    answered=record["answer"] == 250,
                    fault=str(record["behind"]),
                )
            )
        elif "fault" in record:
            self.faults[str(record["fault"])] += 1
        elif "blame" in record:
            self.blamed.append(str(record["blame"]))

    @property
    def explained(self) -> int:
        """How often the sink itself may have left a sender without a true answer behind a message's last byte."""
        return sum(self.faults[name] for name in BLURRED)

    def of(self, subject: str) -> list[Taken]:
        """The messages of one edition, told by its subject."""
        return [each for each in self.taken if each.subject == subject]


@dataclass
class SinkProcess:
    """A running sink."""

    port: int
    evidence: Evidence
    process: subprocess.Popen[str]


@contextmanager
def running_sink(
    folder: Path, *, seed: int = 0, faults: str = "", options: Sequence[str] = ()
) -> Iterator[SinkProcess]:
    """Starts a sink of its own on a free port, and ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "sink.jsonl"
    log.touch()
    command = [sys.executable, "-m", "tests.faults.sink", "--log", str(log), "--seed", str(seed), "--faults", faults]
    process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line, "the sink did not start"
        yield SinkProcess(json.loads(line)["port"], Evidence(log), process)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
