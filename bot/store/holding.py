"""What makes a store hold still: every edition that could go out is held or paused, and the store says why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, literal, select, update

from bot.model import EditionState, Phrase
from bot.store.flags import RESTORED, Flags, Restored
from bot.store.tables import acts, editions

PROGRAM = "broadsheet"
RESTORE = "restore"
"""The act by which an edition came to be held."""

TOUCHED = frozenset({"flags", "acts", "editions"})
"""The tables that ``hold`` writes to."""

_BEFORE = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED)


def hold(connection: Connection, backup: datetime) -> None:
    """Holds what waits, pauses what is being sent, and marks the store as one restored from a backup of ``backup``.

    A store that was restored before, and is not reconciled, keeps the earlier moment: since then nothing was said.
    Names few columns, so that it does for stores of older versions too.
    """
    flags = Flags(connection)
    earlier = Restored.parse(flags.get(RESTORED))
    restored = Restored(backup=earlier.backup if earlier else backup)
    flags.set(RESTORED, restored.text(), backup)
    note = Phrase("restored from the backup of %(time)s UTC", time=restored.backup)
    for since, to in ((_BEFORE, EditionState.HELD), ((EditionState.SENDING,), EditionState.PAUSED)):
        found = select(
            literal(backup, acts.c.at.type),
            literal(PROGRAM),
            literal(RESTORE),
            literal("edition:").concat(editions.c.id),
            editions.c.state,
            literal(to.value),
            literal(note, acts.c.note.type),
        ).where(editions.c.state.in_(list(since)))
        record = ["at", "who", "what", "thing", "before", "after", "note"]
        connection.execute(insert(acts).from_select(record, found))
        connection.execute(
            update(editions).where(editions.c.state.in_(list(since))).values(state=to, reason=note, changed=backup)
        )
