"""Other senders from PyPI, each in an environment of its own, unpatched, into the same sink."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from secrets import token_hex

from tests.bench.figure import Figure
from tests.bench.peers.letter import ADDRESS, PREFERENCES, UNSUBSCRIBE
from tests.bench.readers import cache_folder
from tests.bench.sink import arrived
from tests.bench.workbench import Workbench

SCRIPTS = Path(__file__).parent / "peers"
FASTEST, OTHERS = 8.0, 50.0
"""Aims: so many times the fastest peer, so many times each other one."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A sender: its name, what pip installs, and how it is set up."""

    name: str
    requirement: str
    how: str
    also: tuple[str, ...] = ()

    def python(self) -> Path:
        """The interpreter of its environment, which is made and filled when it is not there."""
        home = cache_folder() / "peers" / self.requirement.replace("==", "-")
        python = home / "bin" / "python"
        ready = home / "ready"
        if not ready.exists():
            print(f"bench: installing {self.requirement}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
            pip = [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                self.requirement,
                *self.also,
            ]
            done = subprocess.run(pip, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"pip could not install {self.requirement}: {done.stderr.strip()}")
            ready.touch()
        return python

    def rate(self, bench: Workbench, count: int) -> float:
        """Messages per second of the send alone: what a peer needs to set up, import and queue is not counted."""
        folder = bench.folder / f"{self.name}-{token_hex(4)}"
        folder.mkdir()
        _place_letter(bench.message, folder)
        before = bench.sink.count()
        command = [str(self.python()), str(SCRIPTS / f"{self.name}.py"), str(folder), str(bench.sink.port), str(count)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr.strip()}")
        seconds = json.loads(done.stdout.splitlines()[-1])["seconds"]
        arrived(bench.sink, before, count, self.name)
        return float(count / seconds)


PEERS = (
    Peer(
        "django_post_office",
        "django-post_office==3.12.0",
        "send_queued, 5 threads with a kept connection each",
    ),
    Peer(
        "django_newsletter", "django-newsletter==1.2.1", "Submission.submit, a connection a mail", ("sorl-thumbnail",)
    ),
    Peer("mailman3", "mailman==3.3.10", "outgoing runner, personalize = full, one kept connection"),
)


def _place_letter(message: bytes, folder: Path) -> None:
    """The parts of our own message, its personal fields replaced by marks."""
    parsed = message_from_bytes(message, policy=policy.default)
    unsubscribe = str(parsed["List-Unsubscribe"]).strip("<>")
    for kind, name in (("html", "letter.html"), ("plain", "letter.txt")):
        part = parsed.get_body((kind,))
        assert part
        text = part.get_content().replace(unsubscribe, UNSUBSCRIBE).replace(str(parsed["To"]), ADDRESS)
        text = re.sub(r"https://news\.record\.example/p/[A-Za-z0-9._-]+", PREFERENCES, text)
        if UNSUBSCRIBE not in text:
            raise RuntimeError("the letter has no unsubscribe link")
        (folder / name).write_text(text, "utf-8")


def compared(bench: Workbench, count: int, repeats: int) -> list[Figure]:
    """Ours by each peer's, in rounds: ours, then each peer."""
    for peer in PEERS:
        peer.python()
    ours: list[float] = []
    theirs: dict[str, list[float]] = {peer.name: [] for peer in PEERS}
    for _ in range(repeats):
        with bench.newsroom(count) as newsroom:
            ours.append(bench.send(newsroom, count).rate)
        for peer in PEERS:
            theirs[peer.name].append(peer.rate(bench, count))
    fastest = max(PEERS, key=lambda peer: statistics.median(theirs[peer.name]))
    return [
        Figure(
            name=f"peers.{peer.name}",
            value=statistics.median(a / b for a, b in zip(ours, theirs[peer.name], strict=True)),
            aim=FASTEST if peer is fastest else OTHERS,
            why=f"messages/s ÷ {peer.requirement.replace('==', ' ')} ({peer.how})",
            raw={
                "messages": count,
                "bytes": bench.size,
                "candidate": [round(each, 1) for each in ours],
                "reference": [round(each, 1) for each in theirs[peer.name]],
            },
        )
        for peer in PEERS
    ]
