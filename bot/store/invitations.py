"""Links that let somebody in, and the mails by which they go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bot.model import Invitation, Purpose, Role
from bot.store.address import address_key
from bot.store.tables import invitations


class Invitations:
    """Open ones, and those that were used or are over until they are pruned."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, invitation: Invitation) -> None:
        self._connection.execute(
            insert(invitations).values(
                id=invitation.id,
                purpose=invitation.purpose,
                address=invitation.address,
                address_key=address_key(invitation.address),
                name=invitation.name,
                role=invitation.role or "",
                language=invitation.language,
                by=invitation.by,
                created=invitation.created,
                ends=invitation.ends,
                due=invitation.due,
            )
        )

    def get(self, invitation: str) -> Invitation | None:
        row = self._connection.execute(select(invitations).where(invitations.c.id == invitation)).one_or_none()
        return _invitation(row) if row else None

    def open(self, purpose: Purpose, now: datetime, limit: int = 200) -> list[Invitation]:
        """Those whose link still works, the newest first."""
        query = (
            select(invitations)
            .where(invitations.c.purpose == purpose, invitations.c.used.is_(None), invitations.c.ends > now)
            .order_by(invitations.c.created.desc(), invitations.c.id)
            .limit(limit)
        )
        return [_invitation(row) for row in self._connection.execute(query)]

    def use(self, invitation: str, now: datetime) -> bool:
        """Keeps that the link was used; False when it was before, or its time is over."""
        still = (invitations.c.id == invitation, invitations.c.used.is_(None), invitations.c.ends > now)
        return self._connection.execute(update(invitations).where(*still).values(used=now, due=None)).rowcount == 1

    def withdraw(self, invitation: str) -> bool:
        """Deletes one that was not used; False when there is none such."""
        query = delete(invitations).where(invitations.c.id == invitation, invitations.c.used.is_(None))
        return self._connection.execute(query).rowcount == 1

    def withdraw_all(self, address: str, purpose: Purpose) -> int:
        """Deletes those of an address that were not used; returns how many."""
        query = delete(invitations).where(
            invitations.c.address_key == address_key(address),
            invitations.c.purpose == purpose,
            invitations.c.used.is_(None),
        )
        return self._connection.execute(query).rowcount

    def due(self, now: datetime, limit: int) -> list[Invitation]:
        """Those whose mail is to go out now, who waits longest first."""
        query = select(invitations).where(invitations.c.due <= now).order_by(invitations.c.due, invitations.c.id)
        return [_invitation(row) for row in self._connection.execute(query.limit(limit))]

    def claim(self, invitation: Invitation, until: datetime) -> bool:
        """Keeps everybody else from sending its mail until then; False when somebody was quicker."""
        return self._when_due(invitation, due=until)

    def mailed(self, invitation: str, now: datetime) -> None:
        self._set(invitation, mailed=now, due=None, fault="")

    def put_off(self, invitation: str, until: datetime, fault: str) -> None:
        """Its mail did not go out, and is tried again then."""
        self._set(invitation, due=until, fault=fault)

    def no_mail(self, invitation: str, fault: str) -> None:
        """Its mail is not tried any more."""
        self._set(invitation, due=None, fault=fault)

    def prune(self, before: datetime) -> int:
        """Deletes what was made earlier; returns how many."""
        return self._connection.execute(delete(invitations).where(invitations.c.created < before)).rowcount

    def _when_due(self, invitation: Invitation, **values: Any) -> bool:
        same = (invitations.c.id == invitation.id, invitations.c.due == invitation.due)
        return self._connection.execute(update(invitations).where(*same).values(**values)).rowcount == 1

    def _set(self, invitation: str, **values: Any) -> None:
        unused: Sequence[Any] = (invitations.c.id == invitation, invitations.c.used.is_(None))
        self._connection.execute(update(invitations).where(*unused).values(**values))


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        purpose=Purpose(row.purpose),
        address=row.address,
        by=row.by,
        created=row.created,
        ends=row.ends,
        role=Role(row.role) if row.role else None,
        name=row.name,
        language=row.language,
        due=row.due,
        mailed=row.mailed,
        fault=row.fault,
        used=row.used,
    )
