"""What a language model wrote, kept by the revision it was written about: nothing is asked, and paid, twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, select

from bot.model import TextKind, Written
from bot.store.attempts import storable
from bot.store.conflict import insert_or_replace
from bot.store.tables import machine_texts

ASKED = "the model is being asked"
"""The reason why there is no text yet, while one process asks for it."""


class MachineTexts:
    """Texts by fingerprint, kind and ``maker``: what says which model wrote them, and how it was asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, fingerprints: Collection[str], maker: str) -> Mapping[str, Mapping[TextKind, Written]]:
        """All that is known of articles, by fingerprint."""
        row = machine_texts.c
        found: dict[str, dict[TextKind, Written]] = {}
        query = select(machine_texts).where(row.fingerprint.in_(list(fingerprints)), row.maker == maker)
        for each in self._connection.execute(query):
            written = Written(
                fingerprint=each.fingerprint,
                kind=TextKind(each.kind),
                text=each.text,
                reason=each.reason,
                settled=each.settled,
                at=each.at,
            )
            found.setdefault(each.fingerprint, {})[written.kind] = written
        return found

    def claim(self, fingerprint: str, kind: TextKind, maker: str, now: datetime, *, before: datetime) -> bool:
        """Whether the caller shall ask for a text: nobody has, or it came to nothing ``before``. One caller only."""
        claimed = Written(fingerprint=fingerprint, kind=kind, reason=ASKED, settled=False)
        free = and_(machine_texts.c.settled.is_(False), machine_texts.c.at <= before)
        return insert_or_replace(self._connection, machine_texts, _row(claimed, maker, now), free)

    def put(self, written: Sequence[Written], maker: str, now: datetime) -> None:
        """Keeps them, in the place of what was known of the same; what is settled stays."""
        unsettled = machine_texts.c.settled.is_(False)
        for each in written:
            insert_or_replace(self._connection, machine_texts, _row(each, maker, now), unsettled)

    def outcomes(self, since: datetime) -> Mapping[str, int]:
        """How many texts were ``written``, ``refused`` by the gate, or not to be had (``missing``)."""
        row = machine_texts.c
        outcome = case((row.text != "", "written"), (row.settled, "refused"), else_="missing").label("outcome")
        query = select(outcome, func.count().label("number")).where(row.at >= since).group_by("outcome")
        return {each.outcome: each.number for each in self._connection.execute(query)}

    def prune(self, before: datetime) -> int:
        """Deletes what was written earlier; returns how many."""
        return self._connection.execute(delete(machine_texts).where(machine_texts.c.at < before)).rowcount


def _row(written: Written, maker: str, now: datetime) -> dict[str, Any]:
    return {
        "fingerprint": written.fingerprint,
        "kind": written.kind.value,
        "maker": maker,
        "text": storable(written.text),
        "reason": storable(written.reason),
        "settled": written.settled,
        "at": now,
    }
