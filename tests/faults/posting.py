"""A trial of posting: stories go to all networks at once, ``up`` is killed at moments drawn from a seed, books checked.

The clock of all processes, networks' and newsroom's, is one that the trial moves: what the program waits for (a network
is asked after half a minute what became of a post) is over at once.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from bot.channels.base import Recalling, kinds
from bot.clock import system_clock
from bot.model import Post
from bot.schedules.installation import opened
from bot.store import Store
from bot.testing import ENVIRONMENT
from tests.faults.networks import Networks, Seen, by_story
from tests.faults.newsroom import OPEN, Books, Newsroom, Setting

STORIES = 4
PATIENCE = 150.0
STALLED = 6.0
"""Seconds without the awaited post, after which the kill comes anyway."""
STEP = 31.0
"""Seconds that the clock is put forward when nothing moves: the longest that a network is not asked at first."""
NEVER = timedelta(hours=12)
"""A network that is asked again only after so long has told that it does not know."""
SLIP = 0.15
"""How often an editor is wrong, and says that a post is missing which is there: then it stands there twice."""
FAULTS = (
    {"status": 503},
    {"status": 429, "headers": {"Retry-After": "2"}},
    {"how": "close"},
    {"status": 504, "when": "after"},
    {"when": "after", "how": "close"},
    {"when": "after", "how": "hang"},
)
_WORDS = ("ferry", "budget", "school", "bridge", "pear", "tram", "library", "sluice", "clinic", "harvest", "orchestra")
_SCHEDULE = """
[schedules.{name}]
name = "{name}"
cron = "0 7 1 1 *"
channels = {channels}
posts = "{posts}"
approval = true

[schedules.{name}.selection]
window = "last 24h"
maximum = {stories}
"""


@dataclass
class Figures:
    """What came of trials. ``doubled`` and ``lost`` are faults; ``resent`` stands twice because an editor said so."""

    kills: int = 0
    between: int = 0
    posts: int = 0
    unknown: int = 0
    recalled: int = 0
    resent: int = 0
    doubled: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)

    def __iadd__(self, other: Figures) -> Figures:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery, and the number of the story that it tells."""

    id: int
    kind: str
    state: str
    story: int
    text: str
    name: str
    """What the network calls the post; "" where only an editor, or a network that shows no replies, told of it."""
    asked: datetime | None = None
    """When the network is asked next what became of it (UTC)."""


def posting_newsroom(folder: Path, networks: Networks, clock: object, *, stories: int = STORIES) -> Newsroom:
    """A newsroom whose channels are all the networks. Schedule ``each`` posts stories, ``thread`` threads of them."""
    blocks = ['[http]\nallow_loopback = true\ntimeout = "1s"\n']
    secrets: dict[str, str] = {}
    for kind, each in networks.standing.items():
        told = {"type": kind, **each.options(), "gap": "0s"}
        blocks.append("\n".join([f"[channels.{kind}]", *(f'{key} = "{value}"' for key, value in told.items()), ""]))
        secrets |= each.secrets()
    names = str(list(networks.standing)).replace("'", '"')
    blocks += [_SCHEDULE.format(name=name, channels=names, posts=name, stories=stories) for name in ("each", "thread")]
    setting = Setting(schedules="\n".join(blocks))
    newsroom = Newsroom(folder, 1, setting, secrets=secrets, clock=clock).make(port=1)
    environment = "".join(f"{name}={value}\n" for name, value in {**ENVIRONMENT, **secrets}.items())
    (folder / "config" / ".env").write_text(environment)
    with opened(folder / "config") as installation:
        for standing in networks.standing.values():
            standing.connect(installation.store, installation.keys, system_clock())
    return newsroom


def posting_trial(
    newsroom: Newsroom,
    networks: Networks,
    chance: random.Random,
    *,
    kills: int,
    posts: str,
    faulty: bool,
    stories: int = STORIES,
) -> Figures:
    """One edition, its sender killed ``kills`` times, settled by an editor who errs now and then, and checked."""
    figures = Figures()
    edition = _edition(newsroom, posts, stories)
    before = {kind: {each.id for each in networks.seen(kind)} for kind in networks.standing}
    with opened(newsroom.folder / "config") as installation:
        _Trial(newsroom, installation.store, networks, chance, edition, before, figures).run(kills, faulty)
    return figures


@dataclass
class _Trial:
    newsroom: Newsroom
    store: Store
    networks: Networks
    chance: random.Random
    edition: str
    before: dict[str, set[str]]
    figures: Figures
    resent: Counter[tuple[str, int]] = field(default_factory=Counter)
    doubtful: set[int] = field(default_factory=set)
    settled: set[int] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    states: Counter[tuple[int, str]] = field(default_factory=Counter)

    def run(self, kills: int, faulty: bool) -> None:
        up = self.newsroom.start("up")
        try:
            for _ in range(kills):
                self._moment(faulty)
                up.kill()
                self.figures.kills += 1
                if self._books().state == "sent":
                    self.figures.kills -= 1
                    up = self.newsroom.start("up")
                    break
                self._look("after a kill")
                up = self.newsroom.start("up")
            self.networks.clear()
            self._settle()
        finally:
            if up.runs:
                up.kill()
        self._finish()

    def _moment(self, faulty: bool) -> None:
        """Waits for the kill's moment. Half of them come between a request and its answer."""
        begun = self._cared_for()
        waiting = sorted({row.kind for row in begun if row.state in OPEN}) or list(self.networks.standing)
        if faulty:
            for each in self.chance.sample(list(self.networks.standing), 3):
                self.networks.fail(each, self.chance.choice(FAULTS))
        if self.chance.random() < 0.5:
            kind = self.chance.choice(waiting)
            was = len(self.networks.seen(kind))
            self.networks.hang(kind)
            self._until(lambda: len(self.networks.seen(kind)) > was)
            self.figures.between += len(self.networks.seen(kind)) > was
            return
        goal = self.networks.count() + self.chance.randrange(0 if begun else 1, 6)
        self._until(lambda: self.networks.count() >= goal)
        time.sleep(self.chance.uniform(0.0, 0.05))

    def _until(self, come: Callable[[], bool]) -> None:
        until, care = time.monotonic() + STALLED, time.monotonic() + 1
        while not come() and time.monotonic() < until:
            if time.monotonic() > care:
                self._cared_for()
                care = time.monotonic() + 1
            time.sleep(0.01)

    def _settle(self) -> None:
        """An editor settles what no network tells, the clock goes on, until nothing is left to be done."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self._look("while it is settled")
            rows = self._cared_for()
            if self._books().state == "sent" and not [row for row in rows if row.state == "unknown"]:
                return
            time.sleep(0.5)
        self.figures.broken.append(f"it did not settle: {Counter((row.kind, row.state, row.text) for row in rows)}")

    def _cared_for(self) -> list[Row]:
        """The deliveries; an editor has settled what no network tells, the clock goes on where nothing else does."""
        rows = self.rows()
        unknown = [row for row in rows if row.state == "unknown"]
        self.doubtful |= {row.id for row in unknown}
        for row in unknown:
            if not issubclass(kinds()[row.kind], Recalling) or self._untold(row):
                self._resolve(row)
                self.settled.add(row.id)
        states = Counter((row.id, row.state) for row in rows)
        if states == self.states and rows:
            self.newsroom.clock.value += STEP
        self.states = states
        return rows

    def _untold(self, row: Row) -> bool:
        """The network was asked, and cannot tell: ntfy keeps no message at all of that time."""
        now = system_clock() + timedelta(seconds=self.newsroom.clock.value)
        return row.asked is not None and row.asked - now > NEVER

    def _resolve(self, row: Row) -> None:
        there = self._posts(row.kind).get(row.story, [])
        slip = bool(there) and self.chance.random() < SLIP
        told = self.newsroom.call("resolve", str(row.id), "--as", "sent" if there and not slip else "unsent")
        if told.code == 0 and slip:
            self.resent[row.kind, row.story] += 1

    def _posts(self, kind: str) -> dict[int, list[Seen]]:
        return by_story([each for each in self.networks.seen(kind) if each.id not in self.before[kind]])

    def _books(self) -> Books:
        with self.store.read() as tx:
            edition, balance = tx.editions.get(self.edition), tx.deliveries.balance(self.edition)
        assert edition is not None
        return Books(
            edition=self.edition,
            state=str(edition.state),
            reason=edition.reason or "",
            snapshot=balance.snapshot or 0,
            balanced=balance.balanced,
            states={str(state): count for state, count in balance.states.items()},
        )

    def rows(self) -> list[Row]:
        """The edition's deliveries as the ledger has them now, the parts of threads in their order."""
        with self.store.read() as tx:
            found = tx.editions.get(self.edition)
            assert found is not None
            order = {(each.channel, each.subject): each.post for each in found.renditions}
            rows = {(each.channel, each.subject): each for each in tx.deliveries.page(edition=self.edition, limit=1000)}
        return [
            Row(
                rows[key].id,
                key[0],
                str(rows[key].state),
                _story(post),
                rows[key].reason or rows[key].text,
                rows[key].provider_id,
                rows[key].not_before,
            )
            for key, post in sorted(order.items(), key=lambda each: (each[0][0], each[1].part if each[1] else 0))
            if post and key in rows
        ]

    def _look(self, when: str) -> None:
        """What holds at any moment: the books balance, and nothing stands twice that no editor asked for."""
        books = self._books()
        if books.snapshot and (not books.balanced or sum(books.states.values()) != books.snapshot):
            self.figures.broken.append(f"{when}: {dict(books.states)} of {books.snapshot}")
        self.figures.broken += [f"{when}: {said}" for said in self._doubled() if said not in self.said]
        self.said |= set(self._doubled())

    def _doubled(self) -> Iterator[str]:
        for kind in self.networks.standing:
            for story, seen in self._posts(kind).items():
                if len(seen) > 1 + self.resent[kind, story]:
                    yield f"story {story} stands {len(seen)} times on {kind} ({kinds()[kind].idempotency})"  # type: ignore[attr-defined]

    def _finish(self) -> None:
        rows = self.rows()
        self._look("in the end")
        self.figures.broken += list(self._unfinished(rows))
        for kind in self.networks.standing:
            posts = self._posts(kind)
            told = [row.story for row in rows if row.kind == kind and row.state == "accepted"]
            self.figures.posts += sum(map(len, posts.values()))
            missing, stray = set(told) - posts.keys(), posts.keys() - set(told)
            self.figures.lost += len(missing)
            self.figures.doubled += sum(
                max(0, len(seen) - 1 - self.resent[kind, story]) for story, seen in posts.items()
            )
            if missing or stray:
                self.figures.broken.append(f"{kind}: {missing} accepted and not there, {stray} there and not accepted")
            self.figures.broken += list(self._gaps(kind, posts, rows))
        self.figures.resent += sum(self.resent.values())
        self.figures.unknown += len(self.doubtful)
        self.figures.recalled += len(
            [row for row in rows if row.id in self.doubtful - self.settled and issubclass(kinds()[row.kind], Recalling)]
        )

    def _gaps(self, kind: str, posts: Mapping[int, Sequence[Seen]], rows: Sequence[Row]) -> Iterator[str]:
        """What speaks against: the parts of a thread stand in its order, each as an answer to the one before."""
        parts = [row for row in rows if row.kind == kind]
        if len(parts) < 2 or not any(each.reply_to for row in parts for each in posts.get(row.story, ())):
            return
        for before, row in pairwise(parts):
            # Slack's threads have one level. What has no name cannot be answered: the next part stands on its own.
            answered = [before, *(parts[:1] if kind == "slack" else [])]
            good = {each.id for other in answered for each in posts.get(other.story, ())} | (
                set() if before.name else {""}
            )
            for each in posts.get(row.story, ()):
                if each.reply_to not in good:
                    yield f"{kind}: story {row.story} answers {each.reply_to!r}, not one of {sorted(good)}"

    def _unfinished(self, rows: Sequence[Row]) -> Iterator[str]:
        books = self._books()
        if not books.balanced or sum(books.states.values()) != books.snapshot or len(rows) != books.snapshot:
            yield f"the books: {dict(books.states)}, {len(rows)} rows, {books.snapshot} in the snapshot"
        if books.state != "sent":
            yield f"the edition is {books.state} ({books.reason})"
        for row in rows:
            if row.state != "accepted":
                yield f"story {row.story} on {row.kind} is {row.state}: {row.text}"


def _story(post: Post) -> int:
    shown = f"{post.text} {post.card.title if post.card else ''}"
    return int(shown.partition("Trial number ")[2].partition(" ")[0])


def _edition(newsroom: Newsroom, schedule: str, stories: int) -> str:
    for _ in range(stories):
        newsroom.stories += 1
        number = newsroom.stories
        own = random.Random(number)
        title = f"Trial number {number} of the {own.choice(_WORDS)}"
        body = " ".join(f"The {each} of case {own.randrange(10_000)} waits." for each in own.sample(_WORDS, 6))
        text = f"---\ntitle: {title}\nurl: https://record.example/story-{number}\nlang: en\n---\n{body}\n"
        (newsroom.folder / "articles" / f"story-{number}.md").write_text(text)
    made = newsroom.call("run", schedule, "--extra", "--json")
    assert made.code == 0, (made.out, made.errors)
    edition = str(made.value["edition"])
    assert newsroom.ask("approve", edition)["state"] == "approved"
    return edition
