"""What the API did under an ``Idempotency-Key``: the same call again is answered as before, and done once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.store.conflict import insert_or_ignore
from bot.store.tables import api_calls


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call that was begun. ``digest`` is of the request; ``status`` is the answer's, 0 while there is none yet."""

    digest: str
    began: datetime
    status: int = 0
    kind: str = ""
    body: bytes = b""


class ApiCalls:
    """By token and key: two tokens may use the same key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, token: int, key: str, digest: str, now: datetime) -> ApiCall | None:
        """None when the call is the caller's to do; else the one that was begun under this key, maybe just now."""
        row = {"token": token, "key": key, "digest": digest, "began": now, "body": b""}
        if insert_or_ignore(self._connection, api_calls, row):
            return None
        return self.get(token, key)

    def get(self, token: int, key: str) -> ApiCall | None:
        found = self._connection.execute(
            select(api_calls).where(api_calls.c.token == token, api_calls.c.key == key)
        ).one_or_none()
        return ApiCall(found.digest, found.began, found.status, found.kind, found.body) if found else None

    def end(self, token: int, key: str, status: int, kind: str, body: bytes) -> None:
        """Keeps the answer; ``kind`` is its content type."""
        self._connection.execute(
            update(api_calls)
            .where(api_calls.c.token == token, api_calls.c.key == key)
            .values(status=status, kind=kind[:100], body=body)
        )

    def drop(self, token: int, key: str) -> None:
        """Nothing was done under this key: it may be used for another call."""
        self._connection.execute(delete(api_calls).where(api_calls.c.token == token, api_calls.c.key == key))

    def prune(self, before: datetime) -> int:
        """Deletes those that were begun earlier; returns how many."""
        return self._connection.execute(delete(api_calls).where(api_calls.c.began < before)).rowcount
