"""Brings a backup back. The store holds still afterwards, until an editor has said what was sent since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, insert

from bot.errors import StoreError
from bot.model import plural
from bot.store import copying, schema
from bot.store.address import FINGERPRINT, AddressHash, key_hashes, need_key
from bot.store.backup import Backup, keyed_by, upgraded, verify, write_backup
from bot.store.copying import Watch, unwatched
from bot.store.departures import depart, departures_since
from bot.store.engine import faults_told, need_alone, open_engine, shown
from bot.store.flags import RESTORED, Flags, Restored
from bot.store.holding import RESTORE
from bot.store.tables import acts, metadata

AHEAD = 1_000_000
"""So many ids are left out after a restore: those given since the backup stand in logs and in providers' records."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """``kept`` is a backup of what was replaced, None when nothing was.

    ``departed`` is how many readers were carried over from it who left, or were suppressed, since the backup.
    """

    backup: Backup
    kept: Path | None
    departed: int


def restore(
    file: Path,
    url: str,
    *,
    replace: bool,
    who: str,
    now: datetime,
    keep: Path | None = None,
    address_key: bytes = b"",
    watch: Watch = unwatched,
) -> Restoration:
    """Fills the store at ``url`` from the backup ``file``, wholly or not at all. Raises ``StoreError``.

    A store that is not empty is refused without ``replace``; with it, what is there is backed up first, into ``keep``
    (without it, beside ``file``). A store that another process has open is refused, and so is a backup whose
    suppressed addresses were hashed by another ``address_key``.
    """
    backup = verify(file)
    hashed = AddressHash(address_key)
    need_key(keyed_by(backup) or hashed.fingerprint, hashed, f"the backup {file}")
    engine = open_engine(url, alone=True)
    try:
        with faults_told(engine, "cannot be restored into"):
            need_alone(engine)
            schema.prepare(engine)
            with engine.connect() as connection:
                need_key(Flags(connection).get(FINGERPRINT) or hashed.fingerprint, hashed, f"the store {shown(engine)}")
                filled = copying.rows(connection, metadata.sorted_tables)
            kept = None
            if filled:
                if not replace:
                    raise StoreError(
                        f"the store {shown(engine)} is not empty ({filled} rows): `--replace` puts the backup in its "
                        "place, after a backup of what is there"
                    )
                kept = keep or file.with_name(f"before-restore-{now:%Y%m%dT%H%M%SZ}.db")
                write_backup(engine, kept, now=now)
            with upgraded(backup, file.parent) as source:
                return _fill(source, engine, backup, kept, who, now, watch, hashed)
    finally:
        engine.dispose()


def _fill(
    source: Engine,
    engine: Engine,
    backup: Backup,
    kept: Path | None,
    who: str,
    now: datetime,
    watch: Watch,
    hashed: AddressHash,
) -> Restoration:
    tables = metadata.sorted_tables
    with (
        source.connect() as reader,
        engine.connect().execution_options(writes=True) as target,
        target.begin(),
    ):
        # What is carried over is known by its hash: in what is replaced, and in what takes its place.
        key_hashes(target, hashed)
        later = departures_since(target, backup.made)
        given = copying.last_ids(target, tables)
        copying.clear(target, tables)
        sums = copying.copy(reader, target, tables, watch=watch)
        copying.need_same(sums, copying.sums(target, tables), shown(engine))
        copying.set_last_ids(target, tables, given, ahead=AHEAD)
        # A backup of an older version knows addresses by hashes without a key.
        key_hashes(target, hashed)
        departed = depart(target, later, now)
        _mark(target, backup, who, now)
    return Restoration(backup, kept, departed)


def _mark(target: Connection, backup: Backup, who: str, now: datetime) -> None:
    flags = Flags(target)
    restored = Restored.parse(flags.get(RESTORED)) or Restored(backup=backup.made)
    flags.set(RESTORED, Restored(backup=restored.backup, at=now).text(), now)
    note = plural(
        backup.rows,
        "%(file)s, made %(time)s UTC, %(count)s row",
        "%(file)s, made %(time)s UTC, %(count)s rows",
        file=backup.file.name,
        time=backup.made.astimezone(UTC),
    )
    target.execute(insert(acts).values(at=now, who=who, what=RESTORE, thing="installation", note=note))
