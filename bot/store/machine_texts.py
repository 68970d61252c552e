"""What a language model wrote, kept by the revision it was written about: nothing is asked, and paid, twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, case, delete, func, select

from bot.model import TextKind, Written
from bot.store.conflict import insert_or_replace
from bot.store.tables import machine_texts


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

    def put(self, written: Sequence[Written], maker: str, now: datetime) -> None:
        """Keeps them, in the place of what was known of the same; what is settled stays."""
        known = self.of({each.fingerprint for each in written}, maker)
        for each in written:
            before = known.get(each.fingerprint, {}).get(each.kind)
            if before and before.settled and not each.settled:
                continue
            values = {
                "fingerprint": each.fingerprint,
                "kind": each.kind.value,
                "maker": maker,
                "text": each.text,
                "reason": each.reason,
                "settled": each.settled,
                "at": now,
            }
            insert_or_replace(self._connection, machine_texts, values)

    def outcomes(self, since: datetime) -> Mapping[str, int]:
        """How many texts were ``written``, ``refused`` by the gate, or not to be had (``missing``)."""
        row = machine_texts.c
        outcome = case((row.text != "", "written"), (row.settled, "refused"), else_="missing").label("outcome")
        query = select(outcome, func.count().label("number")).where(row.at >= since).group_by("outcome")
        return {each.outcome: each.number for each in self._connection.execute(query)}

    def prune(self, before: datetime) -> int:
        """Deletes what was written earlier; returns how many."""
        return self._connection.execute(delete(machine_texts).where(machine_texts.c.at < before)).rowcount
