"""What the demo remembers between two runs: when it began, and where its servers listened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from bot.demo.durable import write_over
from bot.errors import StateError

FILE = "demo.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Ports on 127.0.0.1. The numbers here are tried first; a taken one is replaced. ``networks`` are by their kind."""

    newsroom: int = 8180
    hook: int = 8181
    smtp: int = 8125
    inbox: int = 8126
    web: int = 8080
    networks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoState:
    """``started`` is in UTC, to the second: all publication times count from it."""

    started: datetime
    ports: Ports = Ports()

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The state of an earlier run; None when ``folder`` saw none. Raises ``StateError``."""
        file = folder / FILE
        try:
            kept = json.loads(file.read_text("utf-8"))
            return cls(started=datetime.fromisoformat(kept["started"]).astimezone(UTC), ports=Ports(**kept["ports"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(f"{file}: is not what the demo wrote; delete {folder} to begin the demo anew") from error

    @classmethod
    def begun(cls, now: datetime) -> Self:
        return cls(started=now.astimezone(UTC).replace(microsecond=0))

    def on(self, ports: Ports) -> Self:
        return replace(self, ports=ports)

    def write(self, folder: Path) -> None:
        text = json.dumps({"started": self.started.isoformat(), "ports": asdict(self.ports)}, indent=2) + "\n"
        write_over(folder / FILE, text.encode())
