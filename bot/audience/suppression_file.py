"""A file of addresses that must not be mailed: a plain list, a CSV with a header, or an export of ours."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import chain
from typing import TextIO

from bot.audience.csv_file import Cells, Records, Refusal, clean, guarded, shown, unguarded
from bot.audience.row import Passed, Said, Wrong, read_address, read_departure
from bot.errors import UsageError
from bot.model import Phrase, Several, Suppression
from bot.settings import is_address

COLUMNS = ("email", "hash", "audience", "reason", "date", "source", "note")
"""The header of an export. ``hash`` stands for an address that was erased: which key made it, and the keyed hash."""

LONGEST_REASON = 20

_KNOWN = {
    "email": ("email", "e-mail", "email address", "e-mail address", "mail", "address"),
    "hash": ("hash",),
    "audience": ("audience",),
    "reason": ("reason", "type", "status"),
    "date": ("date", "at", "since", "created", "created_at", "time"),
    "source": ("source",),
    "note": ("note",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an import of suppressions was asked for. ``reason`` and ``audience`` hold for rows that name none.

    ``fingerprint`` tells the key of this store's hashes: a hash of another key is of no use here. Dates without an
    offset are of ``zone``.
    """

    reason: str
    audience: str
    audiences: Collection[str]
    now: datetime
    zone: tzinfo
    source: str
    fingerprint: str


class SuppressionFile(Iterator[Said]):
    """The rows of a file, as they are asked for. Raises ``UsageError`` when they hold no addresses."""

    def __init__(self, stream: TextIO, listing: Listing) -> None:
        self._listing = listing
        records = Records(stream)
        columns = records.columns
        self._records: Iterable[tuple[int, list[str] | str]] = records
        self.header: list[str] = records.header
        found = {
            name: next(columns.index(each) for each in names if each in columns)
            for name, names in _KNOWN.items()
            if set(names) & set(columns)
        }
        if not found.keys() & {"email", "hash"}:
            if not columns or not is_address(clean(unguarded(records.header[0]))):
                raise UsageError(
                    Phrase(
                        "the file has no column for addresses: its first line must name one `email`, or be an address "
                        "itself, as in a plain list of one address a line"
                    )
                )
            # A plain list has no header: its first line is a row.
            self._records = chain([(records.header_line, records.header)], records)
            self.header = ["email"]
            found = {"email": 0}
        self._places = found
        self._next = self._read()

    def __next__(self) -> Said:
        return next(self._next)

    def _read(self) -> Iterator[Said]:
        for line, record in self._records:
            if isinstance(record, str):
                yield Refusal(line, "", record)
            elif any(cell.strip() for cell in record):
                try:
                    yield self._row(line, Cells(self._places, record))
                except Wrong as wrong:
                    yield Refusal(line, shown(wrong.value), wrong.reason, tuple(record))

    def _row(self, line: int, cells: Cells) -> Said:
        listing = self._listing
        audience = cells["audience"] if "audience" in self._places else listing.audience
        if listing.audience and audience != listing.audience:
            return Passed(line, "elsewhere")
        if audience and audience not in listing.audiences:
            there = Several(tuple(listing.audiences))
            raise Wrong(audience, Phrase("no such audience; there are: %(audiences)s", audiences=there))
        reason = read_reason(cells["reason"] or listing.reason)
        hashed = self._hash(cells["hash"]) if not cells["email"] and cells["hash"] else ""
        return Suppression(
            address="" if hashed else read_address(cells["email"]),
            hashed=hashed,
            reason=reason,
            at=read_departure(cells["date"], listing.now, listing.zone) or listing.now,
            audience=audience,
            source=cells["source"] or listing.source,
            note=cells["note"],
        )

    def _hash(self, cell: str) -> str:
        fingerprint, _, hashed = cell.rpartition(":")
        if not re.fullmatch("[0-9a-f]{64}", hashed):
            raise Wrong(cell, Phrase("not a hash such as an export holds"))
        if fingerprint != self._listing.fingerprint:
            raise Wrong(cell, Phrase("a hash made by the key of another newsroom: nobody is known by it here"))
        return hashed


def read_reason(cell: str) -> str:
    """A reason in small letters. Raises ``Wrong`` for none, and for one that is too long."""
    reason = cell.casefold()
    if not reason:
        raise Wrong("", Phrase("no reason: neither in a column `reason` nor named with --reason"))
    if len(reason) > LONGEST_REASON:
        raise Wrong(cell, Phrase("a reason has at most %(most)s letters", most=LONGEST_REASON))
    return reason


def write_suppressions(rows: Iterable[Suppression], stream: TextIO, fingerprint: str) -> int:
    """Writes a header and the rows, and says how many; guarded against spreadsheets as ``write_subscribers`` does."""
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        hashed = "" if row.address else f"{fingerprint}:{row.hashed}"
        date = row.at.astimezone(UTC).isoformat()
        cells = (row.address, hashed, row.audience, row.reason, date, row.source, row.note)
        writer.writerow(guarded(cell) for cell in cells)
        count += 1
    return count
