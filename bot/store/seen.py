"""What was seen before, however much it is: on the disk and not in memory, gone with the last look."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Self


class Seen:
    """A set of texts in a database of its own that SQLite takes away when it is closed, or the process dies."""

    def __init__(self) -> None:
        # The empty name is a temporary file: https://www.sqlite.org/inmemorydb.html, "Temporary Databases".
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("CREATE TABLE seen (mark TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def first(self, marks: Sequence[str]) -> list[bool]:
        """Whether each mark is seen for the first time; "" always is."""
        self._connection.execute("BEGIN")
        insert = "INSERT OR IGNORE INTO seen VALUES (?)"
        fresh = [not mark or self._connection.execute(insert, (mark,)).rowcount == 1 for mark in marks]
        self._connection.execute("COMMIT")
        return fresh
