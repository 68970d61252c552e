"""What was changed in an edition: since it was approved, or made, and version by version."""

from __future__ import annotations

from dataclasses import dataclass

from bot.editions.comparison import Compared, compared
from bot.editions.told import told_of
from bot.model import Edition, EditionVersion
from bot.store import Transaction


@dataclass(frozen=True, slots=True)
class Since:
    """What differs from ``version``: the one that was approved last, else the first; None: nobody changed anything.

    ``approved``: ``version`` was approved.
    """

    version: EditionVersion | None
    differences: tuple[Compared, ...] = ()

    @property
    def approved(self) -> bool:
        return self.version is not None and self.version.approved is not None


@dataclass(frozen=True, slots=True)
class Step:
    """A version, and what it changed of the one before; () of the first."""

    version: EditionVersion
    differences: tuple[Compared, ...]


def compare(tx: Transaction, edition: Edition) -> Since:
    """What readers are told by now that they were not in the version that was approved, or in the first."""
    version = tx.versions.approved(edition.id) or tx.versions.first(edition.id)
    return Since(version, compared(version.told, told_of(edition)) if version else ())


def steps(tx: Transaction, edition: str, *, before: int = 0, limit: int = 20) -> list[Step]:
    """The edition's versions, newest first; ``before``: those of a smaller number."""
    found = tx.versions.of(edition, before=before, limit=limit + 1)
    older = [*found, None][1:]
    made = [Step(each, compared(than.told, each.told) if than else ()) for each, than in zip(found, older, strict=True)]
    return made[:limit]
