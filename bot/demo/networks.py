"""The demo's social networks: the strict fakes of ``bot.testing.networks``, all of them, served on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.channels.base import kinds
from bot.channels.credentials import Credential, closed
from bot.clock import Clock
from bot.demo.durable import write_over
from bot.settings import is_secret, secret_variable
from bot.store import Store
from bot.testing.networks import NETWORKS, Network, made
from bot.testing.networks.posted import as_json
from bot.testing.networks.sample import credential, options
from bot.testing.server import served_together
from bot.tokens import KeyRing

_FIRST_PORT = 8182
# They fetch pictures from the demo's newsroom, which no real Facebook could reach; nobody waits for a machine's mood.
_FAKES: dict[str, dict[str, Any]] = {
    "facebook": {"public_only": False},
    "mastodon": {"processing": 0},
    "teams": {"delay": 0},
    "threads": {"public_only": False, "processing": 0},
}
_PICTURED = ("facebook", "mastodon", "telegram", "threads", "x")
"""Where the article's picture is the post's own, with its description; elsewhere it is in the card of the link."""


@dataclass(frozen=True)
class Standing:
    """A fake that is up: ``kind`` is its channel's type, and its name in the demo's settings."""

    kind: str
    base: str
    network: Network

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    @property
    def page(self) -> str:
        """The address of what followers see."""
        return f"{self.base}/_fake/"

    def options(self, base: str = "") -> dict[str, str]:
        """The keys of ``[channels.KIND]`` when the fake is served at ``base``, secrets left out."""
        told = {key: value for key, value in self._told(base).items() if not self._secret(key)}
        return {**told, "picture": "image"} if self.kind in _PICTURED else told

    def secrets(self) -> dict[str, str]:
        """The lines of ``.env``: variable and value."""
        told = self._told()
        return {secret_variable(self.kind, key): value for key, value in told.items() if self._secret(key)}

    def _told(self, base: str = "") -> dict[str, str]:
        return {key: str(value) for key, value in options(self.network, base or self.base).items()}

    def _secret(self, key: str) -> bool:
        return is_secret(kinds()[self.kind].Options.model_fields[key].annotation)

    def connect(self, store: Store, keys: KeyRing, now: datetime) -> None:
        """Keeps the account that an editor would have connected, encrypted, where this network wants one."""
        account = credential(self.network, self.base)
        if account:
            with store.write() as tx:
                serial = tx.channels.get(self.kind).serial
                kept = closed(Credential(**account), keys)
                tx.channels.save(self.kind, kept, account=account["account"], expires=None, now=now, serial=serial)

    def write(self, folder: Path) -> Path | None:
        """Writes what followers see now into ``FOLDER/KIND.json``; None, and the file stays, when that is nothing."""
        seen = self.network.visible
        if not seen:
            return None
        file = folder / f"{self.kind}.json"
        write_over(file, (json.dumps(as_json(seen), ensure_ascii=False, indent=2) + "\n").encode())
        return file


def social() -> tuple[str, ...]:
    """The kinds of posting channels that have a fake; of webhooks the demo has a receiver of its own."""
    posting = (name for name, cls in sorted(kinds().items()) if cls.medium == "post")
    return tuple(name for name in posting if name in NETWORKS and name != "webhook")


@contextmanager
def networks(clock: Clock, ports: Mapping[str, int]) -> Iterator[tuple[Standing, ...]]:
    """Starts all of them, empty, and stops them at exit; each at its port of ``ports``, or another if it is taken."""
    states = {kind: made(kind, clock, **_FAKES.get(kind, {})) for kind in social()}
    wanted = [(state.app(), ports.get(kind, _FIRST_PORT + n)) for n, (kind, state) in enumerate(states.items())]
    with served_together(wanted) as bases:
        yield tuple(Standing(kind, base, state) for (kind, state), base in zip(states.items(), bases, strict=True))
