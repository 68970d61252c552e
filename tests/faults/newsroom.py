"""A newsroom in a folder, driven as its owner would: files, commands and what they print with ``--json``."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Select, func, select

from bot.errors import StoreError
from bot.store import Store
from bot.store.tables import deliveries, editions
from bot.testing import ENVIRONMENT, KEYS, NEWSROOM
from tests.faults.program import Program, Result, call

CONNECTIONS = 4
OPEN = ("pending", "leased", "attempting", "deferred")

CONFIG = """
[web]
port = 0

[delivery]
retry_after = "1s"
unknown = "{unknown}"

[sources.articles]
type = "folder"
path = "articles"

[channels.mail]
type = "email"
from = "The Record <briefing@newsroom.test>"
host = "127.0.0.1"
port = {port}
security = "{security}"
timeout = "{timeout}"
connections = {connections}
{channel}

[schedules.morning]
name = "Morning briefing"
cron = "0 7 1 1 *"
audience = "readers"
channels = ["mail"]
approval = {approval}

[schedules.morning.selection]
window = "last 24h"
maximum = 1
{schedules}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery, as ``deliveries --json`` shows it."""

    id: int
    destination: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Books:
    """An edition, as ``editions ID --json`` shows it."""

    edition: str
    state: str
    reason: str
    snapshot: int
    balanced: bool
    states: Mapping[str, int]

    @property
    def open(self) -> int:
        return sum(self.states.get(state, 0) for state in OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What differs between the newsrooms of tests. ``channel`` and ``schedules`` are TOML, added as it is."""

    unknown: str = "ask"
    connections: int = CONNECTIONS
    security: str = "none"
    timeout: str = "20s"
    approval: bool = True
    channel: str = ""
    schedules: str = ""

    def toml(self, port: int) -> str:
        return NEWSROOM + CONFIG.format(
            port=port,
            unknown=self.unknown,
            connections=self.connections,
            security=self.security,
            timeout=self.timeout,
            channel=self.channel,
            approval=str(self.approval).lower(),
            schedules=self.schedules,
        )


@dataclass
class Newsroom:
    """One installation with ``readers`` subscribers, the first of whom is suppressed, and no slot that comes by itself.

    ``database`` is a URL; "" for the SQLite file in the folder.
    """

    folder: Path
    readers: int
    setting: Setting = Setting()
    database: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    stories: int = 0
    editions: int = 0
    clock: Any = None
    """How far wrong the clock of all its processes is (``program.new_clock``)."""

    def make(self, port: int) -> Newsroom:
        """Writes the folder for a mail server on ``port``, and imports the readers."""
        (self.folder / "articles").mkdir(parents=True)
        self.mail_through(port)
        addresses = "".join(f"{address}\n" for address in self.addresses())
        (self.folder / "readers.csv").write_text(f"address\n{addresses}")
        imported = self.ask("subscribers", "import", str(self.folder / "readers.csv"), "--consent", "the trial")
        assert imported["accepted"] == self.readers, imported
        assert self.call("suppressions", "add", self.addresses()[0]).code == 0
        return self

    def mail_through(self, port: int) -> None:
        """From the next start of a process on, mail goes to the server on ``port``."""
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "broadsheet.toml").write_text(self.setting.toml(port))

    def addresses(self) -> list[str]:
        return [f"reader{number:05d}@readers.test" for number in range(self.readers)]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BROADSHEET_", "PYTEST_"))}
        kept.pop("DATABASE_URL", None)
        return {**kept, **ENVIRONMENT, **self.secrets, **({"DATABASE_URL": self.database} if self.database else {})}

    # --- commands

    def call(self, *arguments: str) -> Result:
        return call(arguments, folder=self.folder, environment=self.environment, clock=self.clock)

    def ask(self, *arguments: str) -> Any:
        """What the command answers with ``--json``."""
        return self.call(*arguments, "--json").value

    def start(self, *arguments: str, clock: Any = None, cold: bool = False) -> Program:
        """Starts a command that runs until it is ended."""
        log, clock = self.folder / f"{arguments[0]}.log", clock or self.clock
        return Program.start(
            arguments, folder=self.folder, environment=self.environment, log=log, clock=clock, cold=cold
        )

    @contextmanager
    def running(self, *arguments: str, clock: Any = None) -> Iterator[Program]:
        """A command that runs, and is ended with SIGTERM unless it was killed."""
        program = self.start(*arguments, clock=clock)
        try:
            yield program
        except BaseException:
            program.kill()
            raise
        if program.runs:
            program.end()

    # --- editions

    def write_story(self) -> str:
        """A new article; returns its title, which is the subject of the edition that takes it."""
        self.stories += 1
        title = f"Trial number {self.stories} of the harbour"
        text = f"---\ntitle: {title}\nlang: en\n---\nThe harbour's trial number {self.stories} began.\n"
        (self.folder / "articles" / f"story-{self.stories}.md").write_text(text)
        return title

    def extra_edition(self) -> tuple[str, str]:
        """Makes an edition outside the timetable: it waits for approval, or is sent at once as far as it goes.

        Returns its id and its subject.
        """
        subject = self.write_story()
        while True:
            made = self.call("run", "morning", "--extra", "--json")
            if made.code != 3:
                break
            # One a second: the slot's key is the second.
            time.sleep(0.2)
        self.editions += 1
        return made.value["edition"], subject

    def approved_edition(self) -> tuple[str, str]:
        """Makes an edition outside the timetable and approves it; returns its id and its subject."""
        edition, subject = self.extra_edition()
        assert self.ask("approve", edition)["state"] == "approved"
        return edition, subject

    def books(self, edition: str) -> Books:
        shown = self.ask("editions", edition)
        return Books(
            edition=edition,
            state=shown["state"],
            reason=shown["reason"] or "",
            snapshot=shown["snapshot"] or 0,
            balanced=shown["balanced"],
            states=Counter(shown["deliveries"]),
        )

    def rows(self, edition: str) -> list[Row]:
        return [
            Row(each["id"], each["destination"], each["state"], each["reason"] or each["text"] or "")
            for each in self.ask("deliveries", "--edition", edition, "--limit", "1000000")
        ]

    def slots(self) -> list[tuple[str, str]]:
        """Schedule and slot of each edition."""
        return [(each["schedule"], each["slot"]) for each in self.ask("editions", "--limit", "1000000")]

    def resolve(self, rows: list[Row], *, sent: bool) -> None:
        if rows:
            self.ask("resolve", *(str(row.id) for row in rows), "--as", "sent" if sent else "unsent")

    def settled(self, edition: str, *, patience: float = 120) -> Books:
        """Waits until nothing of the edition is under way; it may have been sent, or stopped for an editor."""
        settled = ("sent", "paused", "cancelled", "held", "expired")
        wait(
            lambda: self.states().get(edition, ""),
            lambda state: state in settled,
            f"edition {edition} to settle",
            patience,
            pause=0.2,
        )
        return self.books(edition)

    def states(self) -> dict[str, str]:
        """Those of all editions; none while the store cannot be read."""
        return dict(self._read(select(editions.c.id, editions.c.state)))

    def count(self, edition: str, state: str) -> int:
        """How many deliveries of an edition are in a state; 0 while the store cannot be read."""
        these = (deliveries.c.edition == edition, deliveries.c.state == state)
        return sum(number for (number,) in self._read(select(func.count()).select_from(deliveries).where(*these)))

    def _read(self, query: Select[Any]) -> list[Any]:
        # From the store: to look by a command would work more than what is waited for, and miss what is soon over.
        try:
            store = Store.open(self.database or f"sqlite:///{self.folder}/var/broadsheet.db", KEYS.address_key)
        except StoreError:
            return []
        try:
            with store.read() as tx:
                return [tuple(row) for row in tx.connection.execute(query)]
        except StoreError:
            return []
        finally:
            store.close()


Seen = TypeVar("Seen")


def wait(
    look: Callable[[], Seen], good: Callable[[Seen], bool], what: str, patience: float, pause: float = 0.002
) -> Seen:
    """Looks until what it sees is good. A deadline only ends a test that hangs."""
    deadline = time.monotonic() + patience
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"waited {patience} s for {what}; last seen: {seen}"
        time.sleep(pause)
    return seen
