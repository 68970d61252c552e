"""CSV (RFC 4180) as other programs write it, read record by record, and as ours, which opens safely in a spreadsheet.

Each record is parsed by itself, so that one stray quotation mark costs its own row and not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TextIO

from bot.model import Phrase

LONGEST_LINE = 65_536
"""Characters. A longer line is no row of subscribers, and is never held in memory whole."""

LONGEST_RECORD = 20
"""Lines that one quoted cell may run over."""

_DELIMITERS = ",;\t"
_SHOWN = 60
# A spreadsheet takes such a cell for a formula (OWASP, "CSV Injection", checked 2026-11-24). Apostrophes before it
# count too, so that one more of them can be taken off again without harm to an address that begins so.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be taken: the line it begins on, the cell in question (shortened), and why.

    ``cells`` are the row as it was read, so that it can be written down and corrected; () when it could not be parsed.
    """

    line: int
    value: str
    reason: str
    cells: tuple[str, ...] = ()


class Records:
    """The records of a stream: ``header`` is the first that is not empty, the others come as they are asked for.

    The delimiter is the comma, semicolon or tab that the first line uses most; Excel's ``sep=`` line and a byte order
    mark are passed over. Open files with ``newline=""``.
    """

    def __init__(self, stream: TextIO) -> None:
        self._lines = _Lines(stream)
        self.header, self.delimiter, self.header_line = self._first()
        self.backslashes = False
        """Whether a backslash in a quoted cell takes the next quotation mark's meaning, as PHP writes it."""

    @property
    def columns(self) -> list[str]:
        """The header's cells in small letters, on one line each."""
        return [clean(unguarded(cell)).casefold() for cell in self.header]

    def __iter__(self) -> Iterator[tuple[int, list[str] | str]]:
        """(line, cells), or (line, why there are none). A cell that is never closed costs the line it opens on."""
        delimiter = self.delimiter
        lines = self._lines
        while first := lines.next():
            number, text, long = first
            if long:
                yield number, Phrase("the line is longer than %(most)s characters", most=str(LONGEST_LINE))
            elif '"' not in text and "\0" not in text:
                yield number, text.split(delimiter)
            else:
                yield number, self._quoted(text)

    def _quoted(self, text: str) -> list[str] | str:
        held = [text]
        more: list[tuple[int, str, bool]] = []
        record = self._parsed(held)
        while record is None and len(held) < LONGEST_RECORD and (line := self._lines.next()):
            more.append(line)
            held.append(line[1])
            record = None if line[2] else self._parsed(held)
        if record is not None:
            return record
        self._lines.put_back(more)
        return Phrase("a quotation mark opens a cell here that is not closed")

    def _parsed(self, lines: list[str]) -> list[str] | str | None:
        """The cells of one record, what is wrong with it, or None when a quoted cell is still open."""
        whole = "\n".join(lines)
        if "\0" in whole:
            return Phrase("it holds a NUL character")
        escape = "\\" if self.backslashes else None
        try:
            reader = csv.reader(
                [whole], delimiter=self.delimiter, strict=True, skipinitialspace=True, escapechar=escape
            )
            return next(reader, [])
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
            return Phrase("it is not CSV: %(said)s", said=str(error))

    def _first(self) -> tuple[list[str], str, int]:
        delimiter = ""
        self.backslashes = False
        while line := self._lines.next():
            number, text, _ = line
            if number == 1 and (named := re.fullmatch(r'"?sep=(.)"?', text)):
                delimiter = named[1]
            elif text.strip():
                self.delimiter = delimiter or max(_DELIMITERS, key=text.count)
                cells = self._parsed([text])
                return cells if isinstance(cells, list) else [text], self.delimiter, number
        return [], ",", 0


class _Lines:
    """The lines of a stream with their numbers, none held beyond ``LONGEST_LINE``; lines can be put back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._number = 0
        self._back: list[tuple[int, str, bool]] = []

    def next(self) -> tuple[int, str, bool] | None:
        """(number, text without its end, whether it was too long); None at the end."""
        if self._back:
            return self._back.pop()
        text = self._stream.readline(LONGEST_LINE + 1)
        if not text:
            return None
        self._number += 1
        long = len(text) > LONGEST_LINE
        piece = text
        while piece and not piece.endswith(("\n", "\r")):
            piece = self._stream.readline(LONGEST_LINE)
        if self._number == 1:
            text = text.removeprefix("\ufeff")
        return self._number, text.rstrip("\r\n"), long

    def put_back(self, lines: list[tuple[int, str, bool]]) -> None:
        self._back.extend(reversed(lines))


@dataclass(frozen=True, slots=True)
class Cells:
    """One record, asked by the names of its fields. ``places`` tells where each stands; one that does not is ""."""

    places: Mapping[str, int]
    cells: Sequence[str]

    def __getitem__(self, name: str) -> str:
        place = self.places.get(name)
        if place is None or place >= len(self.cells):
            return ""
        cell = self.cells[place]
        return clean(unguarded(cell)) if cell else ""


def moment(text: str, zone: tzinfo) -> datetime | None:
    """ISO 8601 or what Go prints (listmonk), in ``zone`` where no offset is given; None for "". Raises ``ValueError``.

    A date alone is the beginning of that day there. An hour that a clock change skips or repeats is the one that the
    clock before the change tells.
    """
    if not text:
        return None
    if go := _GO.fullmatch(text):
        text = f"{go[1]}{go[2]}"
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


# `2024-03-01 09:30:00.123456789 +0000 UTC`: https://pkg.go.dev/time#Time.String, checked 2026-11-26.
_GO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4}) \S+")


def guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run; ``unguarded`` takes it off again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What ``guarded`` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def clean(cell: str) -> str:
    """The cell on one line, without control and invisible characters."""
    cell = cell.strip()
    if cell.isprintable() and "  " not in cell:
        return cell
    return " ".join("".join(sign if sign.isprintable() or sign.isspace() else "" for sign in cell).split())


def shown(cell: str) -> str:
    """The cell as an error may quote it."""
    text = clean(cell)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
