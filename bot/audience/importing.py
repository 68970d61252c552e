"""An import under way: batch by batch, each with its progress in one transaction, so that it can be gone on with."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TextIO

from bot.audience.csv_file import Refusal
from bot.audience.refused import RefusedRows
from bot.audience.row import Passed, Said
from bot.audience.upload import Sheet, Upload, look_through
from bot.clock import Clock
from bot.errors import StateError, UsageError
from bot.model import Act, Enrolment, Phrase, Suppression, plural, said_by, several
from bot.store import Store, Transaction
from bot.store.seen import Seen

BATCH = 10_000
"""Rows a transaction takes. Larger ones wait less for the disk; the memory of one is all that an import needs."""

TOLD = 1000
"""Refusals an import names one by one; of a file that is wrong altogether, the rest is counted."""

SAMPLES = 5
"""Addresses that a trial run names of each outcome."""


def unstopped() -> bool:
    """Nobody stops the import."""
    return True


@dataclass
class Imported:
    """What an import did, row by row: all counts together are ``rows``, those of the file.

    Of subscriptions: ``accepted``, ``known`` (were readers before), ``repeated`` (subscribed by an earlier row of the
    same file), ``left`` (left before and stay so), ``suppressed`` (must not be mailed),
    ``ended`` (recorded as unsubscribed), ``kept`` (the file says they left, but they came back since). Of suppressions:
    ``listed``, ``standing`` (were listed before). Rows that are not taken: ``unconfirmed``, ``elsewhere`` (of another
    audience), ``refused``. ``refusals`` are the first ``TOLD`` of this run, ``files`` hold all of them. ``samples`` are
    the first addresses of each outcome in a trial. ``stopped``: there are rows left.
    """

    rows: int = 0
    accepted: int = 0
    known: int = 0
    repeated: int = 0
    left: int = 0
    suppressed: int = 0
    ended: int = 0
    kept: int = 0
    listed: int = 0
    standing: int = 0
    unconfirmed: int = 0
    elsewhere: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    resumed: int = 0
    dry_run: bool = False
    stopped: bool = False
    samples: dict[str, list[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """The numbers that are kept with the progress."""
        return {name: value for name, value in vars(self).items() if name in _COUNTED}

    def add(self, outcomes: Counter[str]) -> None:
        """Counts what became of rows, by ``_BECAME``."""
        for outcome, count in outcomes.items():
            name = _BECAME.get(outcome, outcome)
            setattr(self, name, getattr(self, name) + count)

    @property
    def fruitless(self) -> bool:
        """Whether there were rows, and all were refused."""
        return bool(self.refused) and self.refused == self.rows


_COUNTED = (
    "rows", "accepted", "known", "repeated", "left", "suppressed", "ended", "kept", "listed", "standing", "unconfirmed",
    "elsewhere", "refused",
)  # fmt: skip
_BECAME = {"new": "accepted", "returned": "accepted"}


def _said(name: str, count: int) -> Phrase:
    return {
        "accepted": plural(count, "%(count)s accepted", "%(count)s accepted"),
        "known": plural(count, "%(count)s known", "%(count)s known"),
        "repeated": plural(count, "%(count)s repeated", "%(count)s repeated"),
        "left": plural(count, "%(count)s left", "%(count)s left"),
        "suppressed": plural(count, "%(count)s suppressed", "%(count)s suppressed"),
        "ended": plural(count, "%(count)s ended", "%(count)s ended"),
        "kept": plural(count, "%(count)s kept", "%(count)s kept"),
        "listed": plural(count, "%(count)s listed", "%(count)s listed"),
        "standing": plural(count, "%(count)s standing", "%(count)s standing"),
        "unconfirmed": plural(count, "%(count)s unconfirmed", "%(count)s unconfirmed"),
        "elsewhere": plural(count, "%(count)s elsewhere", "%(count)s elsewhere"),
        "refused": plural(count, "%(count)s refused", "%(count)s refused"),
    }[name]


class ReadSheet(Protocol):
    """One CSV, read row by row."""

    header: list[str]

    def __iter__(self) -> Iterator[Said]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What is imported, and how it is read. ``what`` and ``thing`` name it on record.

    ``options`` are all that changes what a row means: the same file with others is another import, unless ``id`` says
    which it is. ``read`` is given a sheet's text, its name and the moment the import began. Refused rows go to files,
    or to ``keep``, which is given the transaction of their batch, the sheet's name and header. A batch has ``batch``
    rows, ``BATCH`` for 0.
    """

    file: Path
    audience: str
    by: str
    what: str
    thing: str
    options: dict[str, Any]
    read: Callable[[TextIO, str, datetime], ReadSheet]
    refused: Path | None = None
    id: str = ""
    keep: Callable[[Transaction, str, list[str], list[Refusal]], None] | None = None
    batch: int = 0


def run_import(
    store: Store,
    job: Import,
    *,
    clock: Clock,
    advance: Callable[[int, int], None],
    going: Callable[[], bool] = unstopped,
) -> Imported:
    """Imports a file, or goes on with it where it stopped, however that was; a second time nothing changes any more.

    ``advance`` is told after each batch how many rows were dealt with, and of how many lines; ``going`` is asked then
    whether to go on. Raises ``UsageError``, and ``StateError`` while another process imports the same.
    """
    upload = look_through(job.file)
    id = job.id or _id(job, upload)
    with store.write() as tx:
        state = tx.imports.get(id)
        if state is None or state.ended:
            began, counts = clock(), Imported().counts()
            tx.imports.begin(id, job.audience, job.file.name, counts, began)
            refused = RefusedRows(job.file, job.refused)
        else:
            began, counts = state.began, {name: state.counts.get(name, 0) for name in _COUNTED}
            refused = RefusedRows(job.file, job.refused, state.counts.get("files"))
    result = Imported()
    result.add(Counter(counts))
    result.resumed = done = result.rows
    for sheet, said in _batches(upload, job, began, result, skip=done):
        with store.write(bulk=True) as tx:
            refusals = _deal_with(tx, said, result)
            if job.keep:
                job.keep(tx, sheet.name, sheet.header, refusals)
            else:
                refused.write(sheet.name, sheet.header, refusals)
            _advance(tx, id, result, refused, clock(), before=done)
        done = result.rows
        advance(done, upload.lines)
        if not going():
            result.stopped = True
            return result
    with store.write() as tx:
        _advance(tx, id, result, refused, clock(), before=done, ended=True)
        told = tuple(_said(name, count) for name, count in result.counts().items() if count and name != "rows")
        note = several(told) if told else Phrase("no rows")
        tx.acts.add(Act(at=clock(), who=job.by, what=job.what, thing=job.thing, note=note))
    result.files = refused.files
    return result


def try_import(
    store: Store,
    job: Import,
    *,
    clock: Clock,
    advance: Callable[[int, int], None],
    going: Callable[[], bool] = unstopped,
) -> Imported:
    """What ``run_import`` would do with the whole file; nothing is stored, and no file is written.

    The rows of a batch see what those before them did; of earlier batches only the addresses are remembered.
    """
    upload = look_through(job.file)
    result = Imported(dry_run=True)
    with Seen() as seen:
        for _, said in _batches(upload, job, clock(), result, skip=0):
            with store.trial() as tx:
                fresh = seen.first([_mark(tx, each) for each in said])
                _deal_with(tx, said, result, [each for each, first in zip(said, fresh, strict=True) if not first])
            advance(result.rows, upload.lines)
            if not going():
                result.stopped = True
                break
    return result


def _mark(tx: Transaction, said: Said) -> str:
    if isinstance(said, Suppression) and not said.address:
        return f"{said.hashed}/{said.audience}"
    return f"{tx.hashed(said.address)}/{said.audience}" if isinstance(said, Enrolment | Suppression) else ""


def _id(job: Import, upload: Upload) -> str:
    asked = json.dumps([upload.digest, job.what, job.audience, job.options], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


@dataclass
class _Open:
    """The sheet that a batch is of."""

    name: str
    header: list[str]


def _batches(
    upload: Upload, job: Import, began: datetime, result: Imported, *, skip: int
) -> Iterator[tuple[_Open, list[Said]]]:
    """The rows of all sheets after the first ``skip``, at most ``batch`` of one sheet at a time."""
    for sheet in upload.sheets:
        with upload.open(sheet) as stream:
            rows = _opened(job, stream, sheet, began, upload)
            origin = getattr(rows, "origin", "")
            if origin and origin not in result.origins:
                result.origins.append(origin)
            result.ignored += [each for each in getattr(rows, "ignored", ()) if each not in result.ignored]
            opened = _Open(sheet.name, rows.header)
            reading = iter(rows)
            while skip and (passed := sum(1 for _ in islice(reading, skip))):
                skip -= passed
            while batch := list(islice(reading, job.batch or BATCH)):
                yield opened, batch


def _opened(job: Import, stream: TextIO, sheet: Sheet, began: datetime, upload: Upload) -> ReadSheet:
    try:
        return job.read(stream, sheet.name, began)
    except UsageError as error:
        file = f"{job.file}: {sheet.name}" if upload.packed else str(job.file)
        raise UsageError(Phrase("%(file)s: %(what)s", file=file, what=said_by(error))) from error


def _deal_with(tx: Transaction, said: list[Said], result: Imported, again: Sequence[Said] = ()) -> list[Refusal]:
    """Takes the rows in, counts them, and returns those that were refused.

    ``again`` are those of them, in a trial, whose address stood in the file before.
    """
    entries: list[Enrolment | Suppression] = []
    refusals: list[Refusal] = []
    outcomes: Counter[str] = Counter()
    for each in said:
        if isinstance(each, Refusal):
            refusals.append(each)
        elif isinstance(each, Passed):
            outcomes[each.why] += 1
        else:
            entries.append(each)
    outcomes["refused"] += len(refusals)
    outcomes["rows"] += len(said)
    became = tx.enrolments.take(entries)
    if again:
        once_more = {id(each) for each in again}
        became = [
            _again(each, outcome) if id(each) in once_more else outcome
            for each, outcome in zip(entries, became, strict=True)
        ]
    outcomes.update(became)
    result.add(outcomes)
    if result.dry_run:
        _sample(result, entries, became)
    result.refusals += refusals[: max(0, TOLD - len(result.refusals))]
    return refusals


def _again(entry: Enrolment | Suppression, outcome: str) -> str:
    """What becomes of a row when an earlier one had the same outcome, which a trial takes back after each batch."""
    if isinstance(entry, Suppression):
        return "standing" if outcome == "listed" else outcome
    if outcome == "ended":
        return "known"
    if outcome in ("new", "returned"):
        return "repeated" if entry.imported else "known"
    return outcome


def _sample(result: Imported, entries: list[Enrolment | Suppression], became: list[str]) -> None:
    for entry, outcome in zip(entries, became, strict=True):
        named = result.samples.setdefault(_BECAME.get(outcome, outcome), [])
        if len(named) < SAMPLES:
            named.append(entry.address)


def _advance(
    tx: Transaction, id: str, result: Imported, refused: RefusedRows, now: datetime, *, before: int, ended: bool = False
) -> None:
    counts = {**result.counts(), "files": refused.sizes}
    if not tx.imports.advance(id, counts, now, before=before, rows=result.rows, ended=ended):
        raise StateError(Phrase("the same file is being imported by another process; wait until it is through"))
