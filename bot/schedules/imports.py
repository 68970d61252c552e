"""The background of imports at the desk: what is due is tried or imported, and gone on with after a stop."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bot.audience.importing import Imported, run_import, try_import
from bot.audience.reader_import import job, laid_out, refused_row
from bot.audience.reader_import import sweep as sweep_uploads
from bot.errors import BroadsheetError, StateError, StoreError
from bot.model import ImportStage, Phrase, ReaderImport, said_by
from bot.schedules.figures import count_readers
from bot.schedules.installation import Installation

SECONDS = 1
"""How often it is looked whether an editor waits for an import."""
SWEEP_HOURS = 1
DEAD = timedelta(minutes=2)
"""Whoever works on an import says so at each batch; who said nothing for so long is gone."""
OURS = Phrase("could not be read: the program is at fault, and whoever runs it finds the reason in its log")


def import_due(installation: Installation, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Tries and imports what is due, one file after the other; returns how many it was at.

    What ``stop`` ends, or an editor pauses, goes on at the next row later. Raises ``StoreError``.
    """
    owner = secrets.token_hex(8)
    worked = 0
    while not stop():
        now = installation.clock()
        with installation.store.read() as tx:
            # Most of the time nobody waits: no need to write for that.
            if not tx.reader_imports.is_due(dead=now - DEAD):
                return worked
        with installation.store.write() as tx:
            made = tx.reader_imports.claim(owner, now, dead=now - DEAD)
        if made:
            worked += 1
            _work(installation, made, owner, stop)
            if made.stage is ImportStage.IMPORTING:
                # An hour is too long to wait for the number that somebody has just changed.
                count_readers(installation, installation.clock())
    return worked


def sweep(installation: Installation) -> int:
    """Deletes uploads that are over; returns how many."""
    return sweep_uploads(installation.store, installation.clock())


def _work(installation: Installation, made: ReaderImport, owner: str, stop: Callable[[], bool]) -> None:
    store = installation.store
    act = _try if made.stage == ImportStage.TRYING else _import
    try:
        with laid_out(store, made) as file:
            act(installation, made, owner, file, stop)
    except StoreError:
        raise
    except BroadsheetError as error:
        with store.write() as tx:
            tx.reader_imports.failed(made.id, owner, made.stage, said_by(error))
    except Exception:
        with store.write() as tx:
            said = Phrase("%(file)s: %(what)s", file=made.file, what=OURS)
            tx.reader_imports.failed(made.id, owner, made.stage, said)
        raise
    finally:
        with suppress(BroadsheetError), store.write() as tx:
            tx.reader_imports.let_go(made.id, owner)


class _Progress:
    """Says how far it came, and hears whether to go on."""

    def __init__(self, installation: Installation, made: ReaderImport, owner: str, stop: Callable[[], bool]) -> None:
        self._installation = installation
        self._made = made
        self._owner = owner
        self._stop = stop
        self._wanted = True

    def advance(self, rows: int, lines: int) -> None:  # noqa: ARG002
        """Trial and import alike: the numbers of the import itself are kept with its rows."""
        trial = self._made.stage == ImportStage.TRYING
        with self._installation.store.write() as tx:
            state = None if trial else tx.imports.get(self._made.id)
            counts = {"rows": rows} if state is None else _counts(dict(state.counts))
            now = self._installation.clock()
            self._wanted = tx.reader_imports.beat(self._made.id, self._owner, now, counts, trial=trial)

    def going(self) -> bool:
        return self._wanted and not self._stop()


def _try(installation: Installation, made: ReaderImport, owner: str, file: Path, stop: Callable[[], bool]) -> None:
    progress = _Progress(installation, made, owner, stop)
    asked = job(made, file, installation.settings)
    result = try_import(
        installation.store, asked, clock=installation.clock, advance=progress.advance, going=progress.going
    )
    if result.stopped:
        return
    told = {**result.counts(), "samples": result.samples, "ignored": result.ignored}
    with installation.store.write() as tx:
        if tx.reader_imports.tried(made.id, owner, told):
            rows = [refused_row("", each) for each in result.refusals]
            tx.reader_imports.refuse(made.id, rows, trial=True)


def _import(installation: Installation, made: ReaderImport, owner: str, file: Path, stop: Callable[[], bool]) -> None:
    with installation.store.read() as tx:
        state = tx.imports.get(made.id)
    # Killed after its last row and before it said so: begun again, everybody would count as known.
    if state is None or not state.ended:
        progress = _Progress(installation, made, owner, stop)
        asked = job(made, file, installation.settings)
        with suppress(StateError):
            # Another process took it over: it goes on there.
            result: Imported = run_import(
                installation.store, asked, clock=installation.clock, advance=progress.advance, going=progress.going
            )
            if result.stopped:
                return
    with installation.store.write() as tx:
        state = tx.imports.get(made.id)
        if state and state.ended:
            tx.reader_imports.done(made.id, owner, _counts(dict(state.counts)), installation.clock())


def _counts(kept: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in kept.items() if isinstance(value, int)}
