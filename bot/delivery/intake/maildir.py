"""A Maildir that the mail server delivers bounces to (https://cr.yp.to/proto/maildir.html, Maildir++ for folders).

Nothing is deleted. A message that is on record is moved to the folder ``.Processed`` within the Maildir, one that
reports nothing to ``.Other``, where a person should look at it. A crash in between leaves it where it was; then it is
read again, and known.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.delivery.intake.message import LARGEST, Box, Take, count
from bot.errors import SettingsError

PROCESSED, OTHER = ".Processed", ".Other"
_FLAGS = ":2,"


def read_maildir(
    folder: Path,
    take: Take,
    *,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[int], None] = lambda _: None,
) -> Box:
    """Takes all that lies in ``new`` and ``cur`` of ``folder``, the oldest first.

    ``stop`` is asked before each message, ``watch`` told how many there are, then of each one. Raises
    ``SettingsError`` when ``folder`` is no Maildir that may be read, ``StoreError`` when nothing can be put on record.
    """
    box = Box()
    try:
        files = sorted(_messages(folder))
        for name in (PROCESSED, OTHER):
            for part in ("tmp", "new", "cur"):
                (folder / name / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"bounces.maildir: {folder} is no Maildir that this account may read and write: {error.strerror}"
        ) from error
    watch(len(files))
    for _, file in files:
        if stop():
            break
        try:
            message = _content(file)
            said = None if message is None else count(box, file.name, message, take)
            if message is None:
                box.leave(file.name, "is not a plain file")
            elif said is not None:
                _move(file, folder / (PROCESSED if said else OTHER) / "cur")
        except FileNotFoundError:
            # Another process was quicker, or its owner has moved it.
            continue
        except OSError as error:
            box.leave(file.name, error.strerror or str(error))
        finally:
            watch(-1)
    return box


def _messages(folder: Path) -> Iterator[tuple[str, Path]]:
    for part in ("new", "cur"):
        with os.scandir(folder / part) as entries:
            for entry in entries:
                base, _, flags = entry.name.partition(_FLAGS)
                # What its owner has marked as trashed is theirs to delete.
                if not entry.name.startswith(".") and "T" not in flags:
                    yield base, Path(entry.path)


def _content(file: Path) -> bytes | None:
    """The message's beginning; None for what is no plain file: a link would lead anywhere."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return stream.read(LARGEST)


def _move(file: Path, to: Path) -> None:
    base, _, flags = file.name.partition(_FLAGS)
    name = f"{base}{_FLAGS}{''.join(sorted(set(flags) | {'S'}))}"
    number = 0
    while (to / name).exists():
        number += 1
        name = f"{base}-{number}{_FLAGS}S"
    file.rename(to / name)
