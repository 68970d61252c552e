"""Files that are whole or not there, and that outlive a power cut."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4


def write_new(path: Path, data: bytes) -> None:
    """Writes ``path`` whole and synced to disk. Raises ``FileExistsError``, and leaves the old file, if it is there."""
    part = _synced_part(path, data)
    try:
        # A hard link, unlike a rename, never replaces what another process wrote under that name meanwhile.
        path.hardlink_to(part)
    finally:
        part.unlink()
    _sync_folder(path.parent)


def write_over(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Writes ``path`` whole and synced to disk in place of what was there."""
    _synced_part(path, data, mode).replace(path)
    _sync_folder(path.parent)


def _synced_part(path: Path, data: bytes, mode: int = 0o644) -> Path:
    part = path.with_name(f".{uuid4().hex}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return part


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows opens no folders, and syncs the entry with the file.
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
