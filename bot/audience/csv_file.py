"""Subscribers as CSV (RFC 4180): what other programs write is read row by row, and what we write opens safely.

Each record is parsed by itself, so that one stray quotation mark costs its own row and not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from bot.errors import UsageError
from bot.settings import is_address

LONGEST_LINE = 65_536
"""Characters. A longer line is no row of subscribers, and is never held in memory whole."""

LONGEST_RECORD = 20
"""Lines that one quoted cell may run over."""

_ADDRESS = ("email", "e-mail", "email address", "e-mail address", "address")
_NAME = ("name",)
_SUBSCRIBED = ("subscribed",)
_DELIMITERS = ",;\t"
_SHOWN = 60
# A spreadsheet takes such a cell for a formula (OWASP, "CSV Injection", checked 2026-11-24). Apostrophes before it
# count too, so that one more of them can be taken off again without harm to an address that begins so.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Row:
    """One subscriber of a file. ``line`` counts from 1; ``subscribed`` is in UTC, None where the file says nothing."""

    line: int
    address: str
    name: str = ""
    subscribed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be taken: the line it begins on, the cell in question (shortened), and why."""

    line: int
    value: str
    reason: str


class SubscriberFile(Iterator["Row | Refusal"]):
    """The rows of a file, as they are asked for. ``ignored`` names the columns that are not read."""

    def __init__(self, stream: TextIO, now: datetime) -> None:
        self._lines = _Lines(stream)
        self._now = now
        header, self._delimiter = _header(self._lines)
        self._address, self._name, self._subscribed = (
            _column(header, names) for names in (_ADDRESS, _NAME, _SUBSCRIBED)
        )
        if self._address is None:
            named = ", ".join(_shown(cell) for cell in header if cell and "@" not in cell) or "none"
            raise UsageError(
                "the file has no column for addresses: its first line must name one `email` or `address` "
                f"(and may name `name` and `subscribed`); the columns it names: {named}"
            )
        known = {self._address, self._name, self._subscribed}
        self._width = len(header)
        self.ignored = tuple(cell for place, cell in enumerate(header) if place not in known and cell)
        self._found = self._read()

    def __next__(self) -> Row | Refusal:
        return next(self._found)

    def _read(self) -> Iterator[Row | Refusal]:
        for line, record in _records(self._lines, self._delimiter):
            if isinstance(record, str):
                yield Refusal(line, "", record)
            elif any(cell.strip() for cell in record):
                yield self._row(line, record)

    def _row(self, line: int, cells: list[str]) -> Row | Refusal:
        if any(cell.strip() for cell in cells[self._width :]):
            return Refusal(line, _shown(cells[self._width]), f"{len(cells)} cells, but the header names {self._width}")
        written = self._cell(cells, self._address)
        local, at, domain = written.rpartition("@")
        address = f"{local}{at}{domain.lower()}"
        if not address:
            return Refusal(line, "", "no address")
        if not is_address(address):
            return Refusal(line, _shown(written), "not a mail address")
        subscribed = self._cell(cells, self._subscribed)
        try:
            moment = _moment(subscribed)
        except (ValueError, OverflowError):
            return Refusal(line, _shown(subscribed), "not a date such as 2026-11-24 or 2026-11-24T07:00+01:00")
        if moment and moment > self._now:
            # It would outdo every unsubscription until then.
            return Refusal(line, _shown(subscribed), "a date in the future: nobody can have agreed by then")
        return Row(line, address, self._cell(cells, self._name), moment)

    def _cell(self, cells: list[str], place: int | None) -> str:
        return _clean(_unguarded(cells[place])) if place is not None and place < len(cells) else ""


def read_subscribers(stream: TextIO, *, now: datetime) -> SubscriberFile:
    """The subscribers of a CSV file with a header; lazily, a ``Refusal`` for each row that cannot be taken.

    The header names ``email`` or ``address``, and may name ``name`` and ``subscribed`` (ISO 8601; UTC where no offset
    is given; not after ``now``). The delimiter is the comma, semicolon or tab that the header uses; a byte order mark
    is passed over. Open files with ``newline=""``. Raises ``UsageError`` when the header names no address column.
    """
    return SubscriberFile(stream, now)


def write_subscribers(rows: Iterable[Row], stream: TextIO) -> int:
    """Writes a header and the rows, and says how many; what a spreadsheet would run is made text by an apostrophe.

    ``read_subscribers`` takes that apostrophe off again. Open files with ``newline=""``.
    """
    writer = csv.writer(stream)
    writer.writerow(("email", "name", "subscribed"))
    count = 0
    for row in rows:
        subscribed = row.subscribed.astimezone(UTC).isoformat(timespec="seconds") if row.subscribed else ""
        writer.writerow(_guarded(cell) for cell in (row.address, row.name, subscribed))
        count += 1
    return count


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


def _header(lines: _Lines) -> tuple[list[str], str]:
    delimiter = ""
    while line := lines.next():
        number, text, _ = line
        if number == 1 and (named := re.fullmatch(r'"?sep=(.)"?', text)):
            delimiter = named[1]
        elif text.strip():
            delimiter = delimiter or max(_DELIMITERS, key=text.count)
            cells = _parsed([text], delimiter)
            return [_clean(_unguarded(cell)) for cell in cells] if isinstance(cells, list) else [text], delimiter
    return [], ","


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    written = [cell.casefold() for cell in header]
    return next((written.index(name) for name in names if name in written), None)


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """(line, cells), or (line, why there are none). A cell that is never closed costs the line it opens on."""
    while first := lines.next():
        number, text, long = first
        if long:
            yield number, f"the line is longer than {LONGEST_LINE} characters"
            continue
        held = [text]
        more: list[tuple[int, str, bool]] = []
        record = _parsed(held, delimiter)
        while record is None and len(held) < LONGEST_RECORD and (line := lines.next()):
            more.append(line)
            held.append(line[1])
            record = None if line[2] else _parsed(held, delimiter)
        if record is None:
            lines.put_back(more)
            record = "a quotation mark opens a cell here that is not closed"
        yield number, record


def _parsed(lines: list[str], delimiter: str) -> list[str] | str | None:
    """The cells of one record, what is wrong with it, or None when a quoted cell is still open."""
    whole = "\n".join(lines)
    if "\0" in whole:
        return "it holds a NUL character"
    try:
        return next(csv.reader([whole], delimiter=delimiter, strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        return None if "unexpected end of data" in str(error) else f"it is not CSV: {error}"


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _clean(cell: str) -> str:
    """The cell on one line, without control and invisible characters."""
    return " ".join("".join(sign if sign.isprintable() or sign.isspace() else "" for sign in cell).split())


def _shown(cell: str) -> str:
    text = _clean(cell)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
