"""The fakes of all networks in a process of their own, on the trial's clock, and what their followers see."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.demo.networks import Standing, networks, social
from bot.testing.networks import made
from tests.faults.program import in_a_process

_TITLE = re.compile(r"Trial number (\d+) of")


@dataclass(frozen=True, slots=True)
class Seen:
    """A post that stands on a network; ``story`` is the number of what it tells."""

    id: str
    story: int
    reply_to: str


@dataclass
class Networks:
    """All of them, by kind. Their state outlives every process of the newsroom."""

    standing: Mapping[str, Standing]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=10))

    def seen(self, kind: str) -> list[Seen]:
        """What stands there now, oldest first."""
        posts: list[dict[str, Any]] = self.client.get(f"{self.standing[kind].base}/_fake/posts").json()
        return [Seen(str(each["id"]), _story(each), str(each["reply_to"])) for each in posts if each["deleted"] is None]

    def count(self) -> int:
        """How many posts stand on all networks together."""
        return sum(len(self.seen(kind)) for kind in self.standing)

    def hang(self, kind: str) -> None:
        """The next thing that is written there is done, and no answer ever comes."""
        self._plan(kind, {"when": "after", "how": "hang", "method": "P*"})

    def fail(self, kind: str, fault: Mapping[str, Any]) -> None:
        self._plan(kind, {"method": "P*", **fault})

    def clear(self) -> None:
        for each in self.standing.values():
            self.client.delete(f"{each.base}/_fake/faults")

    def _plan(self, kind: str, fault: Mapping[str, Any]) -> None:
        answer = self.client.post(f"{self.standing[kind].base}/_fake/faults", json=dict(fault))
        assert answer.status_code == 204, answer.text


def by_story(seen: Sequence[Seen]) -> dict[int, list[Seen]]:
    """The posts of each story."""
    found: dict[int, list[Seen]] = defaultdict(list)
    for each in seen:
        found[each.story].append(each)
    return found


@contextmanager
def running_networks(clock: Any) -> Iterator[Networks]:
    """Starts them, and ends them. ``clock`` is how far ahead of the real one their clock is."""
    with in_a_process(_serve, clock) as bases:
        yield Networks({kind: Standing(kind, base, made(kind)) for kind, base in bases.items()})


def _serve(pipe: Any, clock: Any) -> None:
    # Never at the ports of a trial that was broken off: what it left running would post here.
    anywhere = dict.fromkeys(social(), 0)
    with networks(lambda: datetime.now(UTC) + timedelta(seconds=clock.value), anywhere) as found:
        pipe.send({each.kind: each.base for each in found})
        pipe.recv()


def _story(post: Mapping[str, Any]) -> int:
    shown = f"{post['text']} {(post['card'] or {}).get('title', '')}"
    told = _TITLE.search(shown)
    assert told, f"a post that tells no story: {shown}"
    return int(told[1])
