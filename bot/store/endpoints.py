"""The programs that are told of events, and what each is still to be told of what stands in the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update

from bot.model import CallState, Endpoint, EndpointCall, EndpointOff, EventType
from bot.store.tables import endpoint_calls, endpoints, outbox

_TYPES = {each.value: each for each in EventType}
_CALL = (
    *endpoint_calls.c,
    outbox.c.message,
    outbox.c.type,
    outbox.c.at,
    outbox.c.data,
)


class Endpoints:
    """Whoever tells one holds its ``lease``: in order, and by one process at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, endpoint: Endpoint) -> int:
        """Returns the id; that of ``endpoint`` does not count."""
        added: int = self._connection.execute(
            insert(endpoints)
            .values(
                name=endpoint.name,
                url=endpoint.url,
                secret=endpoint.secret,
                types=sorted(endpoint.types),
                by=endpoint.by,
                created=endpoint.created,
            )
            .returning(endpoints.c.id)
        ).scalar_one()
        return added

    def get(self, endpoint: int) -> Endpoint | None:
        row = self._connection.execute(select(endpoints).where(endpoints.c.id == endpoint)).one_or_none()
        return _endpoint(row) if row else None

    def every(self) -> list[Endpoint]:
        """All of them, the oldest first."""
        return [_endpoint(row) for row in self._connection.execute(select(endpoints).order_by(endpoints.c.id))]

    def off(self) -> list[Endpoint]:
        """Those that the program turned off."""
        query = select(endpoints).where(
            endpoints.c.disabled.is_not(None), endpoints.c.why.not_in(["", EndpointOff.BY_HAND])
        )
        return [_endpoint(row) for row in self._connection.execute(query.order_by(endpoints.c.id))]

    def change(self, endpoint: int, *, name: str, url: str, types: Iterable[EventType]) -> None:
        """Changes where it is and what it wants; what rests because of where it was is told at once."""
        self._set(endpoint, name=name, url=url, types=sorted(types), rests=None, failing=None)

    def give_secret(self, endpoint: int, secret: str, before: str, until: datetime) -> None:
        """Another secret; the one ``before`` signs too, ``until`` then. Both sealed."""
        self._set(endpoint, secret=secret, before=before, before_until=until)

    def disable(self, endpoint: int, why: EndpointOff, now: datetime) -> bool:
        """Tells it nothing more; False when it was told nothing before."""
        on = update(endpoints).where(endpoints.c.id == endpoint, endpoints.c.disabled.is_(None))
        return self._connection.execute(on.values(disabled=now, why=why)).rowcount == 1

    def enable(self, endpoint: int) -> bool:
        """Tells it again, and at once what waited; False when it was on."""
        off = update(endpoints).where(endpoints.c.id == endpoint, endpoints.c.disabled.is_not(None))
        return self._connection.execute(off.values(disabled=None, why="", failing=None, rests=None)).rowcount == 1

    def remove(self, endpoint: int) -> bool:
        """With all that it was told; False when there is none such."""
        return self._connection.execute(delete(endpoints).where(endpoints.c.id == endpoint)).rowcount == 1

    def due(self, now: datetime) -> list[int]:
        """Those that are to be told something now, and that nobody is telling."""
        waits = exists().where(endpoint_calls.c.endpoint == endpoints.c.id, endpoint_calls.c.due <= now)
        query = select(endpoints.c.id).where(*_free(now), waits).order_by(endpoints.c.id)
        return list(self._connection.execute(query).scalars())

    def claim(self, endpoint: int, lease: str, now: datetime, until: datetime) -> Endpoint | None:
        """Keeps all others from telling it until then; None when somebody was quicker, or it is told nothing now."""
        mine = (
            update(endpoints)
            .where(endpoints.c.id == endpoint, *_free(now))
            .values(lease=lease, lease_until=until)
            .returning(*endpoints.c)
        )
        row = self._connection.execute(mine).one_or_none()
        return _endpoint(row) if row else None

    def release(self, endpoint: int, lease: str) -> None:
        """Lets others tell it."""
        mine = update(endpoints).where(endpoints.c.id == endpoint, endpoints.c.lease == lease)
        self._connection.execute(mine.values(lease="", lease_until=None))

    def waiting(self, endpoint: int, now: datetime, limit: int) -> list[int]:
        """The events it is to be told now, in order."""
        query = select(endpoint_calls.c.event).where(endpoint_calls.c.endpoint == endpoint, endpoint_calls.c.due <= now)
        return list(self._connection.execute(query.order_by(endpoint_calls.c.event).limit(limit)).scalars())

    def take(self, endpoint: int, event: int, lease: str, now: datetime) -> EndpointCall | None:
        """The call, as it is now; None when it is not due, or not ours, any more."""
        query = (
            select(*_CALL)
            .join(outbox, outbox.c.id == endpoint_calls.c.event)
            .join(endpoints, endpoints.c.id == endpoint_calls.c.endpoint)
            .where(
                endpoint_calls.c.endpoint == endpoint,
                endpoint_calls.c.event == event,
                endpoint_calls.c.due <= now,
                endpoints.c.lease == lease,
                endpoints.c.disabled.is_(None),
            )
        )
        row = self._connection.execute(query).one_or_none()
        return _call(row) if row else None

    def settle(
        self, call: EndpointCall, *, state: CallState, due: datetime | None, code: int, said: str, now: datetime
    ) -> bool:
        """Keeps what came of one try; False when it does not stand as it did any more."""
        same = and_(
            endpoint_calls.c.endpoint == call.endpoint,
            endpoint_calls.c.event == call.event,
            endpoint_calls.c.state == CallState.WAITING,
            endpoint_calls.c.tries == call.tries,
        )
        values = {"state": state, "due": due, "tries": call.tries + 1, "tried": now, "code": code, "said": said}
        return self._connection.execute(update(endpoint_calls).where(same).values(**values)).rowcount == 1

    def answered(
        self, endpoint: int, *, code: int, said: str, rests: datetime | None, took: bool, now: datetime
    ) -> None:
        """Keeps what it answered last; ``took``: it is well."""
        failing = None if took else func.coalesce(endpoints.c.failing, now)
        self._set(endpoint, code=code, said=said, answered=now, rests=rests, failing=failing)

    def calls(self, endpoint: int, limit: int, before: int = 0) -> list[EndpointCall]:
        """What it was told, or is to be, the newest event first, older than ``before``."""
        query = select(*_CALL).join(outbox, outbox.c.id == endpoint_calls.c.event)
        query = query.where(endpoint_calls.c.endpoint == endpoint)
        if before:
            query = query.where(endpoint_calls.c.event < before)
        query = query.order_by(endpoint_calls.c.event.desc()).limit(limit)
        return [_call(row) for row in self._connection.execute(query)]

    def call(self, endpoint: int, message: str) -> EndpointCall | None:
        """What became of one event, by what the endpoint knows it by."""
        query = select(*_CALL).join(outbox, outbox.c.id == endpoint_calls.c.event)
        query = query.where(endpoint_calls.c.endpoint == endpoint, outbox.c.message == message)
        row = self._connection.execute(query).one_or_none()
        return _call(row) if row else None

    def again(self, call: EndpointCall, now: datetime) -> None:
        """Has it told now, from the first try on, whatever came of it before."""
        this = (endpoint_calls.c.endpoint == call.endpoint, endpoint_calls.c.event == call.event)
        self._connection.execute(update(endpoint_calls).where(*this).values(state=CallState.WAITING, tries=0, due=now))
        self._set(call.endpoint, rests=None)

    def waits(self) -> dict[int, int]:
        """How many events each endpoint is still to be told."""
        query = select(endpoint_calls.c.endpoint, func.count()).where(endpoint_calls.c.due.is_not(None))
        return {row[0]: row[1] for row in self._connection.execute(query.group_by(endpoint_calls.c.endpoint))}

    def _set(self, endpoint: int, **values: Any) -> None:
        self._connection.execute(update(endpoints).where(endpoints.c.id == endpoint).values(**values))


def _free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        endpoints.c.disabled.is_(None),
        or_(endpoints.c.rests.is_(None), endpoints.c.rests <= now),
        or_(endpoints.c.lease_until.is_(None), endpoints.c.lease_until < now),
    )


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        name=row.name,
        url=row.url,
        secret=row.secret,
        # What a newer version wanted, nobody here tells.
        types=frozenset(_TYPES[each] for each in row.types if each in _TYPES),
        by=row.by,
        created=row.created,
        before=row.before,
        before_until=row.before_until,
        disabled=row.disabled,
        why=EndpointOff(row.why) if row.why else None,
        failing=row.failing,
        rests=row.rests,
        code=row.code,
        said=row.said,
        answered=row.answered,
    )


def _call(row: Row[Any]) -> EndpointCall:
    return EndpointCall(
        endpoint=row.endpoint,
        event=row.event,
        message=row.message,
        type=EventType(row.type),
        at=row.at,
        data=row.data,
        state=CallState(row.state),
        tries=row.tries,
        due=row.due,
        tried=row.tried,
        code=row.code,
        said=row.said,
    )
