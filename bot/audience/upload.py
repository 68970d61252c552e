"""A file that somebody brings: one CSV, or a ZIP archive of several, looked through once before any of it is used."""

from __future__ import annotations

import codecs
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO

from bot.errors import UsageError
from bot.model import Phrase

MOST_SHEETS = 100
MOST_BYTES = 8 * 2**30
"""Of all files of an archive together, unpacked: a hundred million readers."""
MOST_TIMES = 200
"""How many times its packed size a file may be. Deflate reaches some 1,000; rows of addresses some 15."""
_PIECE = 1 << 20
_FIRST = ("cleaned", "unsubscribed", "nonsubscribed")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One CSV: its name, and how many lines it has."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Upload:
    """``digest`` (SHA-256, hexadecimal) is equal for equal content; ``sheets`` are in the order they are read in."""

    path: Path
    digest: str
    sheets: tuple[Sheet, ...]
    packed: bool

    @property
    def lines(self) -> int:
        return sum(sheet.lines for sheet in self.sheets)

    @contextmanager
    def open(self, sheet: Sheet) -> Iterator[TextIO]:
        """The text of one sheet. Raises ``UsageError`` when the file was changed since it was looked through."""
        try:
            with _raw(self.path, sheet.name if self.packed else "") as raw:
                yield TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError) as error:
            changed = Phrase("%(file)s: was changed while it was read; do it again", file=str(self.path))
            raise UsageError(changed) from error


def look_through(path: Path) -> Upload:
    """Reads the file once. Raises ``UsageError`` when it cannot be read, is not UTF-8 or no CSV, or is a ZIP bomb."""
    with _faults_told(path):
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            start = stream.read(4)
            digest.update(start)
            while piece := stream.read(_PIECE):
                digest.update(piece)
        packed = start == b"PK\x03\x04"
        names = _packed(path) if packed else [path.name]
        sheets = []
        for name in names:
            with _raw(path, name if packed else "") as raw:
                sheets.append(Sheet(name, _lines(raw, f"{path}: {name}" if packed else str(path))))
    return Upload(path, digest.hexdigest(), tuple(sheets), packed)


def _packed(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        found = archive.infolist()
        if any(each.filename.startswith(("xl/", "content.xml")) for each in found):
            raise UsageError(Phrase("%(file)s: is a spreadsheet; save it as CSV UTF-8", file=str(path)))
        sheets = [
            each
            for each in found
            if each.filename.casefold().endswith(".csv") and not each.filename.startswith("__MACOSX/")
        ]
        if not sheets or len(sheets) > MOST_SHEETS:
            raise UsageError(
                Phrase(
                    "%(file)s: a ZIP archive with %(count)s CSV files; it must have 1 to %(most)s",
                    file=str(path),
                    count=len(sheets),
                    most=MOST_SHEETS,
                )
            )
        for each in sheets:
            if each.file_size > max(_PIECE, each.compress_size * MOST_TIMES):
                raise UsageError(
                    Phrase(
                        "%(file)s: %(sheet)s is packed more than %(most)s times: no list of readers",
                        file=str(path),
                        sheet=each.filename,
                        most=MOST_TIMES,
                    )
                )
        if sum(each.file_size for each in sheets) > MOST_BYTES:
            raise UsageError(
                Phrase("%(file)s: holds more than %(most)s GiB unpacked", file=str(path), most=MOST_BYTES >> 30)
            )
    # Who must not be mailed comes first: an import that is interrupted leaves nobody subscribed who left.
    return sorted((each.filename for each in sheets), key=lambda name: (not _stem(name).startswith(_FIRST), name))


def _stem(name: str) -> str:
    return name.rpartition("/")[2].casefold()


@contextmanager
def _raw(path: Path, member: str) -> Iterator[IO[bytes]]:
    if not member:
        with path.open("rb") as stream:
            yield stream
        return
    # What is unpacked never exceeds the size that the archive tells: zipfile stops there.
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        yield stream


def _lines(stream: IO[bytes], what: str) -> int:
    """How many lines. Raises ``UsageError`` for what is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 0
    last = b""
    while piece := stream.read(_PIECE):
        if not last and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UsageError(Phrase("%(file)s: is UTF-16 (Excel's “Unicode Text”); save it as CSV UTF-8", file=what))
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            at = lines + piece[: error.start].count(b"\n") + 1
            raise UsageError(_not_utf8(what, at)) from error
        lines += piece.count(b"\n")
        last = piece
    if decoder.getstate()[0]:
        raise UsageError(_not_utf8(what, lines + 1))
    return lines + (not last.endswith(b"\n") if last else 0)


def _not_utf8(what: str, line: int) -> Phrase:
    return Phrase("%(file)s: is not UTF-8 (line %(line)s); save it as CSV UTF-8", file=what, line=str(line))


@contextmanager
def _faults_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = str(error.strerror or error)
        raise UsageError(Phrase("%(file)s: cannot be read: %(said)s", file=str(path), said=said)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        # RuntimeError: a member that is encrypted. NotImplementedError: packed in a way that zipfile does not know.
        raise UsageError(
            Phrase(
                "%(file)s: the ZIP archive cannot be unpacked: %(said)s; import its CSV files",
                file=str(path),
                said=str(error),
            )
        ) from error
