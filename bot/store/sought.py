"""What is looked for in the ledger, so that most of it need not be read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, tuple_

from bot.store.tables import attempts, deliveries


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in the ledger: in ``chunks`` of which that holds.

    In those of which ``counted`` holds, too, a delivery that is wanted had one of these answers, by (code, enhanced);
    with none, all are looked at.
    """

    chunks: ColumnElement[bool]
    counted: ColumnElement[bool]
    answers: frozenset[tuple[int, str]] = frozenset()

    @property
    def answered(self) -> ColumnElement[bool]:
        had = tuple_(attempts.c.code, attempts.c.enhanced).in_(sorted(self.answers))
        return exists().where(attempts.c.delivery == deliveries.c.id, had)
