"""Who asked to subscribe: kept until the time to confirm is over, and a mail to each is due until it went ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, select, update

from bot.model import Signup, SignupOutcome
from bot.store.address import AddressHash
from bot.store.chosen import evidence_json, preferences_json, read_evidence, read_preferences
from bot.store.tables import signups


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Of so many mails that went out in a span of time, so many were confirmed."""

    mailed: int = 0
    confirmed: int = 0

    @property
    def unconfirmed(self) -> int:
        return self.mailed - self.confirmed


_OPEN = (SignupOutcome.WAITING, SignupOutcome.CONFIRM, SignupOutcome.REFUSED, SignupOutcome.LATE)
"""Not those who are told something else, and not a second request beside the one whose mail stands."""


class Signups:
    """The requests of those who are not subscribed yet."""

    def __init__(self, connection: Connection, hashed: AddressHash) -> None:
        self._connection = connection
        self._hashed = hashed

    def add(self, signup: Signup) -> None:
        """Keeps a request; its mail is due at once."""
        self._connection.execute(
            insert(signups).values(
                id=signup.id,
                address=signup.address,
                address_hash=self._hashed(signup.address),
                choices={audience: preferences_json(chosen) for audience, chosen in signup.choices.items()},
                language=signup.language,
                evidence=evidence_json(signup.evidence) or {},
                requested=signup.requested,
                due=signup.requested,
            )
        )

    def get(self, signup: str) -> Signup | None:
        row = self._connection.execute(select(signups).where(signups.c.id == signup)).one_or_none()
        return _signup(row) if row else None

    def of(self, address: str) -> list[Signup]:
        """What was asked for with an address, the newest first."""
        query = select(signups).where(signups.c.address_hash == self._hashed(address))
        return [_signup(row) for row in self._connection.execute(query.order_by(signups.c.requested.desc()).limit(20))]

    def unconfirmed(self, limit: int = 50, before: datetime | None = None) -> list[Signup]:
        """Those that ask to subscribe and are not confirmed, the newest first, requested earlier than ``before``."""
        query = select(signups).where(signups.c.confirmed.is_(None), signups.c.outcome.in_(_OPEN))
        if before:
            query = query.where(signups.c.requested < before)
        query = query.order_by(signups.c.requested.desc(), signups.c.id).limit(limit)
        return [_signup(row) for row in self._connection.execute(query)]

    def due(self, now: datetime, limit: int) -> list[Signup]:
        """Those whose mail is due, the newest first: who asked just now is looking into the inbox."""
        query = select(signups).where(signups.c.due <= now).order_by(signups.c.requested.desc(), signups.c.id)
        return [_signup(row) for row in self._connection.execute(query.limit(limit))]

    def went_ahead(self, signup: str, outcome: SignupOutcome, now: datetime) -> bool:
        """Keeps that the mail goes out now; False when another process sent it, or it is not due any more."""
        return self._changed(signup, mailed=now, due=None, outcome=outcome)

    def wait(self, signup: str, until: datetime) -> bool:
        """Its mail is due then, and not now; False when none is due."""
        return self._changed(signup, due=until)

    def put_off(self, signup: str, until: datetime) -> bool:
        """The mail that went ahead surely did not go out: it is due again then. False when it was confirmed."""
        changed = (
            update(signups)
            .where(signups.c.id == signup, signups.c.confirmed.is_(None))
            .values(due=until, mailed=None, outcome="")
        )
        return self._connection.execute(changed).rowcount == 1

    def end(self, signup: str, outcome: SignupOutcome) -> bool:
        """No mail is due any more; False when none was."""
        return self._changed(signup, due=None, outcome=outcome)

    def replaced(self, signup: str) -> None:
        """A newer request stands for it; the link of a mail that went out works on."""
        self._connection.execute(
            update(signups).where(signups.c.id == signup).values(outcome=SignupOutcome.REPEATED, due=None)
        )

    def refused(self, signup: str) -> None:
        """The server refused the address for good: the mail is not tried again."""
        self._connection.execute(
            update(signups).where(signups.c.id == signup).values(outcome=SignupOutcome.REFUSED, due=None)
        )

    def confirm(self, signup: str, now: datetime) -> bool:
        """Keeps that the link was confirmed; False when it had been."""
        changed = (
            update(signups).where(signups.c.id == signup, signups.c.confirmed.is_(None)).values(confirmed=now, due=None)
        )
        return self._connection.execute(changed).rowcount == 1

    def confirmed(self, since: datetime, until: datetime) -> Confirmed:
        """Of the mails after ``since`` and up to ``until`` that ask to be confirmed, or could, how many were by now."""
        row = self._connection.execute(
            select(
                func.count(), func.coalesce(func.sum(case((signups.c.confirmed.is_not(None), 1), else_=0)), 0)
            ).where(signups.c.mailed > since, signups.c.mailed <= until, signups.c.outcome != SignupOutcome.DATA)
        ).one()
        return Confirmed(int(row[0]), int(row[1]))

    def first(self) -> datetime | None:
        """When the oldest mail that is still on record went out."""
        return self._connection.execute(select(func.min(signups.c.mailed))).scalar()

    def prune(self, before: datetime) -> int:
        """Deletes what was requested earlier, address and all; returns how many."""
        return self._connection.execute(delete(signups).where(signups.c.requested < before)).rowcount

    def _changed(self, signup: str, **values: Any) -> bool:
        still = and_(signups.c.id == signup, signups.c.due.is_not(None))
        return self._connection.execute(update(signups).where(still).values(**values)).rowcount == 1


def _signup(row: Row[Any]) -> Signup:
    evidence = read_evidence(row.evidence)
    assert evidence is not None
    return Signup(
        id=row.id,
        address=row.address,
        choices={audience: read_preferences(chosen) for audience, chosen in row.choices.items()},
        language=row.language,
        evidence=evidence,
        requested=row.requested,
        mailed=row.mailed,
        outcome=SignupOutcome(row.outcome),
        confirmed=row.confirmed,
    )
