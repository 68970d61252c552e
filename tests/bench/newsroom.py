"""A newsroom as an editor would set it up, with a message of about 20 KB; it is sent through the command line alone."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.settings import SECRET_KEYS
from tests.bench import readers
from tests.bench.memory import Peak
from tests.bench.signing import DkimKey

ROOT = Path(__file__).resolve().parents[2]
SCHEDULE = "morning"
STORIES = 1
"""The template's own HTML is most of a message: with one story it comes to 20 KB, with five to 34 KB."""
LEAST_BYTES, MOST_BYTES = 18_000, 22_000
"""What counts as a message of 20 KB."""
POLL = 0.25
WEEK = 7 * 24 * 3600.0

CONFIG = """
[newsroom]
name = "The Port Alder Record"
url = "https://record.example"
timezone = "UTC"
address = "14 Quay Street, Port Alder 40217"
public_url = "https://news.record.example"

[web]
port = 0

[sources.articles]
type = "folder"
path = "articles"

[audiences.readers]
name = "Morning briefing"

[channels.mail]
type = "email"
from = "The Record <briefing@record.example>"
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
per_connection = 100000
{dkim}
[schedules.morning]
name = "Morning briefing"
cron = "0 7 1 1 *"
audience = "readers"
channels = ["mail"]
approval = {approval}

[schedules.morning.selection]
window = "last 24h"
maximum = {stories}
"""

WORDS = (
    "harbour council tide ferry quay crane berth mayor budget vote street library school pilot lighthouse market "
    "engineer contract winter timber cable signal warden tariff pension clinic nurse orchard bridge rail tunnel depot "
    "because although during after before against between without around through said called found built closed opened"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One send as the record has it: from the act ``send`` to the act ``sent``; ``peak`` in bytes."""

    edition: str
    seconds: float
    deliveries: int
    peak: int = 0

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds


@dataclass
class Newsroom:
    """A folder with ``config/``, articles and a store; ``environment`` holds what ``.env`` would.

    With ``approval`` an edition waits until it is approved: how it is sent by ``scheduler`` and ``worker`` processes.
    """

    folder: Path
    port: int
    connections: int = 50
    approval: bool = False
    key: DkimKey | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "config").mkdir(parents=True)
        (self.folder / "config" / "broadsheet.toml").write_text(
            CONFIG.format(
                port=self.port,
                connections=self.connections,
                approval="true" if self.approval else "false",
                dkim=self.key.config if self.key else "",
                stories=STORIES,
            )
        )
        (self.folder / "articles").mkdir()
        for number in range(STORIES):
            (self.folder / "articles" / f"story-{number}.md").write_text(_article(number))
        signing = self.key.environment if self.key else {}
        secrets = {SECRET_KEYS: readers.RING, **signing, **self.environment}
        (self.folder / "config" / ".env").write_text("".join(f"{key}={value}\n" for key, value in secrets.items()))

    @property
    def database(self) -> Path:
        """The SQLite store."""
        return self.folder / "var" / "broadsheet.db"

    def start(self, *arguments: str, log: str = "") -> subprocess.Popen[str]:
        """A command that runs. What it says goes to ``log`` in the folder, or is piped."""
        out = (self.folder / log).open("a") if log else subprocess.PIPE
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        for name in ("DATABASE_URL", "BROADSHEET_CONFIG", SECRET_KEYS):
            env.pop(name, None)
        command = [sys.executable, "-m", "bot", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=env, stdout=out, stderr=out, text=True)

    def __call__(self, *arguments: str, timeout: float = 600) -> Any:
        """The value of a command with ``--json``. Raises ``RuntimeError`` with what it said when it has none."""
        process = self.start(*arguments, "--json")
        out, err = process.communicate(timeout=timeout)
        if process.returncode not in (0, 1) or not out:
            raise RuntimeError(f"broadsheet {' '.join(arguments)}: exit {process.returncode}: {err.strip()}")
        return json.loads(out)

    def message(self) -> bytes:
        """One message as the next edition would send it. Raises ``RuntimeError`` when it is not of about 20 KB."""
        out = self.folder / "preview"
        self("preview", SCHEDULE, "--out", str(out))
        (found,) = out.rglob("*.eml")
        message = found.read_bytes()
        if not LEAST_BYTES <= len(message) <= MOST_BYTES:
            raise RuntimeError(f"the message has {len(message)} bytes, not about 20,000")
        return message

    def send(self) -> Sent:
        """Makes an edition and sends it in one process, as ``broadsheet run`` does. The books must balance."""
        process = self.start("run", SCHEDULE, "--extra", "--json")
        with Peak(process.pid) as peak:
            out, err = process.communicate(timeout=WEEK)
        if process.returncode != 0:
            raise RuntimeError(f"broadsheet run: exit {process.returncode}: {err.strip()}\n{out.strip()}")
        return self.sent(json.loads(out)["edition"], peak.bytes)

    def send_by_workers(self, workers: int) -> Sent:
        """The same by ``workers`` worker processes, which wait for it; a scheduler begins it once it is approved."""
        with self._running("scheduler"), self._running(*["worker"] * workers):
            edition = self("run", SCHEDULE, "--extra")["edition"]
            self("approve", edition)
            deadline = time.monotonic() + 3600
            while (state := self("editions", edition)["state"]) != "sent":
                if state not in ("approved", "sending") or time.monotonic() > deadline:
                    raise RuntimeError(f"the edition is {state}; see {self.folder}/*.log")
                time.sleep(POLL)
        return self.sent(edition)

    def sent(self, edition: str, peak: int = 0) -> Sent:
        """What the record says of an edition. Raises ``RuntimeError`` unless all of it was accepted and balances."""
        said = self("editions", edition)
        states = said["deliveries"]
        if said["state"] != "sent" or not said["balanced"] or set(states) != {"accepted"}:
            raise RuntimeError(f"the edition is {said['state']}, {states}, balanced: {said['balanced']}")
        at = {act["what"]: datetime.fromisoformat(act["at"]) for act in said["acts"]}
        return Sent(edition, (at["sent"] - at["send"]).total_seconds(), states["accepted"], peak)

    @contextmanager
    def _running(self, *roles: str) -> Iterator[None]:
        processes = [self.start(role, log=f"{role}-{number}.log") for number, role in enumerate(roles)]
        try:
            # Until they wait for work: what they need to start is not what is measured.
            time.sleep(3)
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)


def _article(number: int) -> str:
    chance = random.Random(number)
    title = f"{_sentence(chance, 9).rstrip('.')} {number}"
    standfirst = " ".join(_sentence(chance, 14) for _ in range(3))
    body = "\n\n".join(" ".join(_sentence(chance, 15) for _ in range(4)) for _ in range(6))
    published = datetime.now(UTC) - timedelta(hours=1, minutes=number)
    return (
        f"---\ntitle: {title}\nstandfirst: {standfirst}\nauthor: Delphine Osei\nsections: [Harbour]\nlang: en\n"
        f"url: https://record.example/2026/11/story-{number}\ndate: {published.isoformat()}\n---\n{body}\n"
    )


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS.split()) for _ in range(words)).capitalize() + "."
