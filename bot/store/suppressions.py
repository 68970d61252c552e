"""Addresses that must not be mailed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, literal, or_, select, tuple_, update

from bot.model import Suppression
from bot.store.address import AddressHash
from bot.store.conflict import insert_or_ignore
from bot.store.outbox import Outbox
from bot.store.tables import suppressions

WALK = 10_000
"""Entries that one page of a search goes through."""


class Suppressions:
    """Kept by hash; the address itself is kept only while it was not erased."""

    def __init__(self, connection: Connection, hashed: AddressHash) -> None:
        self._connection = connection
        self._hashed = hashed

    def add(self, suppression: Suppression, *, keep_address: bool = True) -> bool:
        """False when the address was suppressed for that audience already."""
        hashed = suppression.hashed or self._hashed(suppression.address)
        added = insert_or_ignore(
            self._connection,
            suppressions,
            {
                "address_hash": hashed,
                "audience": suppression.audience,
                "address": suppression.address if keep_address else "",
                "reason": suppression.reason,
                "source": suppression.source,
                "note": suppression.note,
                "at": suppression.at,
            },
        )
        # Of who is erased another event tells, by the id alone.
        if added and keep_address and suppression.address:
            Outbox(self._connection).suppressed(
                suppression.at,
                suppression.address,
                hashed,
                audience=suppression.audience,
                reason=suppression.reason,
            )
        return added

    def forget(self, address: str) -> bool:
        """Keeps the hash alone of an address, in whatever audience it is suppressed; False when none named it."""
        return self.forget_hashed(self._hashed(address))

    def forget_hashed(self, hashed: str) -> bool:
        """``forget`` of an address by its hash."""
        forgotten = (
            update(suppressions)
            .where(suppressions.c.address_hash == hashed, suppressions.c.address != "")
            # The note may hold what a server said of the address.
            .values(address="", note="")
        )
        return self._connection.execute(forgotten).rowcount > 0

    def remove(self, address: str, audience: str = "") -> bool:
        """False when it was not suppressed."""
        return (
            self._connection.execute(
                delete(suppressions).where(
                    suppressions.c.address_hash == self._hashed(address), suppressions.c.audience == audience
                )
            ).rowcount
            > 0
        )

    def of(self, address: str, audience: str = "") -> Suppression | None:
        """Why ``address`` must not be mailed (by ``audience``, or at all); None when it may."""
        row = self._connection.execute(
            select(suppressions).where(
                suppressions.c.address_hash == self._hashed(address),
                or_(suppressions.c.audience == "", suppressions.c.audience == audience),
            )
        ).first()
        if row is None:
            return None
        return _suppression(row, address)

    def against(self, address: str) -> list[Suppression]:
        """All that stands against an address, of whatever audience."""
        query = select(suppressions).where(suppressions.c.address_hash == self._hashed(address))
        return [_suppression(row, address) for row in self._connection.execute(query)]

    def newest(self, limit: int = 200, after: datetime | None = None) -> list[Suppression]:
        """The newest first."""
        query = select(suppressions).order_by(suppressions.c.at.desc()).limit(limit)
        if after:
            query = query.where(suppressions.c.at >= after)
        return [_suppression(row, row.address) for row in self._connection.execute(query)]

    def page(self, *, words: str = "", limit: int = 50, after: str = "") -> tuple[list[Suppression], str]:
        """The newest first, only those whose address has ``words`` in it; and the next page's cursor, "" at the end.

        With ``words`` one page goes through ``WALK`` of them at most: the next goes on there, and may find more.
        """
        this = suppressions.c
        place = tuple_(this.at, this.address_hash, this.audience)
        order = (this.at.desc(), this.address_hash.desc(), this.audience.desc())
        bounds: list[ColumnElement[bool]] = []
        if (edge := _edge(after)) is not None:
            bounds.append(place < edge)
        end = ""
        if words:
            last = select(this.at, this.address_hash, this.audience).where(*bounds).order_by(*order)
            row = self._connection.execute(last.limit(1).offset(WALK)).one_or_none()
            if row is not None:
                end = _cursor(row)
                bounds.append(place >= tuple_(literal(row.at, this.at.type), row.address_hash, row.audience))
            find = func.instr if self._connection.dialect.name == "sqlite" else func.strpos
            bounds.append(find(func.lower(this.address), words.lower()) > 0)
        rows = list(self._connection.execute(select(suppressions).where(*bounds).order_by(*order).limit(limit + 1)))
        if len(rows) > limit:
            rows = rows[:limit]
            end = _cursor(rows[-1])
        return [_suppression(row, row.address) for row in rows], end

    def some(self, most: int) -> int:
        """How many there are, ``most`` when there are that many or more."""
        this = select(suppressions.c.at).limit(most).subquery()
        return self._connection.execute(select(func.count()).select_from(this)).scalar() or 0

    def size(self, audience: str | None = None) -> int:
        """How many ``every`` would give."""
        query = select(func.count()).select_from(suppressions)
        if audience is not None:
            query = query.where(suppressions.c.audience == audience)
        return self._connection.execute(query).scalar() or 0

    def every(self, audience: str | None = None) -> Iterator[Suppression]:
        """All, streamed, by hash; of one audience ("": those that hold for all), or of any."""
        query = select(suppressions).order_by(suppressions.c.address_hash, suppressions.c.audience)
        if audience is not None:
            query = query.where(suppressions.c.audience == audience)
        for row in self._connection.execution_options(yield_per=500).execute(query):
            yield _suppression(row, row.address)


def _cursor(row: Any) -> str:
    return f"{row.at.isoformat()}|{row.address_hash}|{row.audience}"


def _edge(cursor: str) -> Any:
    """The place that a cursor names; None for what is none."""
    moment, _, rest = cursor.replace("\0", "").partition("|")
    hashed, _, audience = rest.partition("|")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return tuple_(literal(at, suppressions.c.at.type), hashed, audience) if at.tzinfo else None


def _suppression(row: Row[Any], address: str) -> Suppression:
    return Suppression(
        address=address,
        reason=row.reason,
        at=row.at,
        audience=row.audience,
        note=row.note,
        source=row.source,
        hashed="" if address else row.address_hash,
    )
