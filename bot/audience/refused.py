"""The rows that an import refused, as files that can be corrected and imported again."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from bot.audience.csv_file import Refusal, guarded
from bot.errors import UsageError

COLUMNS = ("refused_line", "refused_reason")
"""Stand after the file's own; an import ignores them."""


class RefusedRows:
    """A file for each sheet with refused rows, beside the import or at ``file``; made with the first such row.

    ``sizes`` tells how far each was written when the progress was last kept: what stands behind that, an import that
    was killed wrote of rows which are refused once more. A file that is there already is never written over.
    """

    def __init__(self, upload: Path, file: Path | None, sizes: Mapping[str, Sequence[object]] | None = None) -> None:
        self._upload = upload
        self._file = file
        self.sizes: dict[str, list[object]] = {sheet: list(each) for sheet, each in (sizes or {}).items()}
        for path, size in self.sizes.values():
            # A file that was taken away since is begun again, without the rows that it had.
            if Path(str(path)).exists():
                os.truncate(str(path), min(int(str(size)), Path(str(path)).stat().st_size))

    @property
    def files(self) -> list[Path]:
        return [Path(str(path)) for path, _ in self.sizes.values()]

    def write(self, sheet: str, header: Sequence[str], refusals: Sequence[Refusal]) -> None:
        """Appends rows, and is through only when the disk has them. Raises ``UsageError``."""
        if not refusals:
            return
        rows = StringIO(newline="")
        writer = csv.writer(rows)
        known = self.sizes.get(sheet)
        path = Path(str(known[0])) if known else self._free(sheet)
        try:
            if not known or not path.exists():
                writer.writerow([*(guarded(cell) for cell in header), *COLUMNS])
            for refusal in refusals:
                # What has more cells than the header says keeps them: the reason stands in the last one all the same.
                cells = [*refusal.cells, *[""] * (len(header) - len(refusal.cells))]
                writer.writerow([*(guarded(cell) for cell in cells), refusal.line, refusal.reason])
            self.sizes[sheet] = [str(path), _append(path, rows.getvalue())]
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}; name another with --refused") from error

    def _free(self, sheet: str) -> Path:
        if self._file and not self.sizes:
            wanted = self._file
        else:
            beside = self._file or self._upload
            # The sheet's own name stays in front: it tells whose export it is.
            wanted = beside.with_name(f"{Path(sheet).stem}.refused.csv")
        path = wanted
        number = 1
        while path.exists():
            number += 1
            path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        return path.absolute()


def _append(path: Path, text: str) -> int:
    """The file's size now."""
    # It holds addresses: no other account of the machine has business in it.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:
        stream.write(text.encode("utf-8", "replace"))
        stream.flush()
        os.fsync(stream.fileno())
        return stream.tell()
