"""Where the sends of one run take place: a folder, a sink, the size of a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from tests.bench import readers
from tests.bench.newsroom import Newsroom, Sent
from tests.bench.signing import DkimKey
from tests.bench.sink import Sink, arrived


@dataclass(frozen=True, slots=True)
class Workbench:
    """Makes newsrooms, and sends from them into the sink."""

    folder: Path
    sink: Sink
    message: bytes
    """One message, as it is sent."""
    connections: int = 50

    @property
    def size(self) -> int:
        """Bytes of a message."""
        return len(self.message)

    @contextmanager
    def newsroom(
        self,
        count: int,
        *,
        port: int = 0,
        connections: int = 0,
        key: DkimKey | None = None,
    ) -> Iterator[Newsroom]:
        """A fresh newsroom with ``count`` readers on SQLite; its store is removed at the end."""
        newsroom = Newsroom(
            self.folder / f"newsroom-{token_hex(4)}",
            port or self.sink.port,
            connections=connections or self.connections,
            key=key,
        )
        readers.place(count, newsroom.database)
        yield newsroom
        for file in newsroom.database.parent.glob("broadsheet.db*"):
            file.unlink()

    def send(self, newsroom: Newsroom, count: int) -> Sent:
        """Sends to ``count`` readers; the sink must have counted each once."""
        before = self.sink.count()
        sent = newsroom.send()
        self.counted(sent, before, count)
        return sent

    def counted(self, sent: Sent, before: int, count: int) -> None:
        """Raises ``RuntimeError`` unless ledger and sink both say ``count``."""
        arrived(self.sink, before, count, "broadsheet")
        if sent.deliveries != count:
            raise RuntimeError(f"the ledger holds {sent.deliveries} deliveries, not {count}")
