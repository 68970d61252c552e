"""Enrolments by the thousand: what a file says of its addresses, taken in with a few statements a batch."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from bot.model import UNSUBSCRIBED, Enrolment, Suppression
from bot.store.address import AddressHash, address_key
from bot.store.among import among, among_texts, integers, texts
from bot.store.bulk import insert_rows
from bot.store.chosen import evidence_json, preferences_json
from bot.store.subscribers import LARGEST_ID, past_consent
from bot.store.tables import past_consents, subscribers, subscriptions, suppressions

OUTCOMES = ("new", "returned", "known", "repeated", "left", "ended", "kept", "suppressed", "listed", "standing")
"""What becomes of an entry.

Of an enrolment: ``new``, ``returned`` (had left), ``known`` (nothing changed), ``repeated`` (nothing changed:
an earlier row of the same import subscribed them), ``left`` (had left, and stays so),
``ended`` (recorded as unsubscribed), ``kept`` (stays subscribed by a newer consent), ``suppressed`` (must not be
mailed). Of a suppression: ``listed``, ``standing`` (was listed), ``kept``.
"""

_Entry = tuple[int, str, str, Enrolment | Suppression]
"""Place, key ("" where only the hash is known), hash, what it says."""


class Enrolments:
    """Takes in batches. Statements are made for a batch, not for a row: a million rows need hundreds."""

    def __init__(self, connection: Connection, hashed: AddressHash) -> None:
        self._connection = connection
        self._hashed = hashed
        self._dialect = connection.dialect.name

    def take(self, entries: Sequence[Enrolment | Suppression]) -> list[str]:
        """Takes the entries in, in their order; for each one of ``OUTCOMES``."""
        outcomes = [""] * len(entries)
        rest = [self._known_by(place, entry) for place, entry in enumerate(entries)]
        while rest:
            # A mailbox that stands twice in a batch is taken in turns, as if each row were a batch of its own.
            turn: dict[str, _Entry] = {}
            later = [each for each in rest if turn.setdefault(each[2], each) is not each]
            self._turn(list(turn.values()), outcomes)
            rest = later
        return outcomes

    def _known_by(self, place: int, entry: Enrolment | Suppression) -> _Entry:
        if not entry.address and isinstance(entry, Suppression):
            return place, "", entry.hashed, entry
        key = address_key(entry.address)
        return place, key, self._hashed.of_key(key), entry

    def _turn(self, entries: list[_Entry], outcomes: list[str]) -> None:
        listed = self._listed([each[2] for each in entries])
        ids = self._ids([each[1] for each in entries if each[1]])
        standing = self._standing(ids.values(), {each[3].audience for each in entries})
        changes = _Changes()
        for place, key, hashed, entry in entries:
            subscriber = ids.get(key, 0)
            old = standing.get((subscriber, entry.audience)) if subscriber else None
            lists = listed.get(hashed, ())
            if isinstance(entry, Suppression):
                outcomes[place] = changes.suppress(entry, hashed, lists, old)
            elif "" in lists or entry.audience in lists:
                outcomes[place] = "suppressed"
            else:
                outcomes[place] = changes.enrol(entry, key, hashed, subscriber, old)
        self._write(changes)

    def _listed(self, hashes: list[str]) -> dict[str, set[str]]:
        query = select(suppressions.c.address_hash, suppressions.c.audience).where(
            among_texts(self._dialect, suppressions.c.address_hash, "hashes")
        )
        found: dict[str, set[str]] = {}
        for row in self._connection.execute(query, {"hashes": texts(self._dialect, hashes)}):
            found.setdefault(row.address_hash, set()).add(row.audience)
        return found

    def _ids(self, keys: list[str]) -> dict[str, int]:
        query = select(subscribers.c.address_key, subscribers.c.id).where(
            among_texts(self._dialect, subscribers.c.address_key, "keys")
        )
        rows = self._connection.execute(query, {"keys": texts(self._dialect, keys)})
        return {row.address_key: row.id for row in rows}

    def _standing(self, ids: Iterable[int], audiences: set[str]) -> dict[tuple[int, str], Row[Any]]:
        wanted = list(ids)
        if not wanted:
            return {}
        this = subscriptions.c
        query = (
            # Without what a reader chose: it stays as it is.
            select(
                this.subscriber,
                this.audience,
                this.state,
                this.consent_at,
                this.consent_via,
                this.consent_note,
                this.evidence,
                this.ended,
                this.ended_via,
            )
            .where(among(self._dialect, subscriptions.c.subscriber, "ids"), subscriptions.c.audience.in_(audiences))
            # In one order, so that two imports never wait for each other.
            .order_by(subscriptions.c.subscriber, subscriptions.c.audience)
            .with_for_update()
        )
        rows: Any = self._connection.execute(query, {"ids": integers(self._dialect, wanted)})
        return {(row.subscriber, row.audience): row for row in rows}

    def _write(self, changes: _Changes) -> None:
        made = self._make(changes.subscribers)
        for key, row in changes.subscriptions:
            if key:
                row["subscriber"] = made[key]
        # In one order, as above: a row that another import has just made is waited for.
        made_now = sorted((row for _, row in changes.subscriptions), key=itemgetter("subscriber", "audience"))
        insert_rows(self._connection, subscriptions, made_now)
        if changes.past:
            self._connection.execute(insert(past_consents), changes.past)
        if changes.returned:
            self._connection.execute(_TAKE_BACK, changes.returned)
        if changes.ended:
            self._connection.execute(_END, changes.ended)
        insert_rows(
            self._connection, suppressions, sorted(changes.suppressions, key=itemgetter("address_hash", "audience"))
        )

    def _make(self, rows: dict[str, dict[str, Any]]) -> dict[str, int]:
        """The ids of new subscribers by their keys."""
        found = {key: row["id"] for key, row in rows.items()}
        missing = sorted(rows)
        while missing:
            if insert_rows(self._connection, subscribers, [rows[key] for key in missing]) == len(missing):
                break
            # Another process has added some just now, or an id was taken: those are made with another one.
            there = self._ids(missing)
            found.update(there)
            missing = [key for key in missing if key not in there]
            for key in missing:
                rows[key]["id"] = found[key] = _random_id()
        return found


@dataclass
class _Changes:
    """What a batch changes, as rows."""

    subscribers: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    past: list[dict[str, Any]] = field(default_factory=list)
    returned: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    suppressions: list[dict[str, Any]] = field(default_factory=list)

    def enrol(self, entry: Enrolment, key: str, hashed: str, subscriber: int, old: Row[Any] | None) -> str:
        leaves = entry.state == UNSUBSCRIBED
        if old is None:
            if not subscriber:
                self.subscribers[key] = _subscriber(entry, key, hashed)
            self.subscriptions.append(("" if subscriber else key, _subscription(entry, subscriber)))
            return "ended" if leaves else "new"
        if leaves:
            if old.state != "subscribed":
                return "known"
            return self._end(old, entry.unsubscribed or entry.consent.at, entry.via)
        if old.state == "subscribed":
            return "repeated" if _same_import(old, entry) else "known"
        if not entry.takes_back or (old.ended and entry.consent.at <= old.ended):
            return "left"
        self.past.append(past_consent(old))
        self.returned.append(_this(old) | _consent(entry))
        return "returned"

    def suppress(self, entry: Suppression, hashed: str, lists: Iterable[str], old: Row[Any] | None) -> str:
        if entry.audience in lists:
            return "standing"
        left = entry.reason == UNSUBSCRIBED and old is not None and old.state == "subscribed"
        if left and old is not None and self._end(old, entry.at, entry.source) == "kept":
            return "kept"
        self.suppressions.append(
            {
                "address_hash": hashed,
                "audience": entry.audience,
                "address": entry.address,
                "reason": entry.reason,
                "note": entry.note,
                "source": entry.source,
                "at": entry.at,
            }
        )
        return "listed"

    def _end(self, old: Row[Any], at: datetime, via: str) -> str:
        if old.consent_at > at:
            return "kept"
        self.ended.append({**_this(old), "ended": at, "ended_via": via})
        return "ended"


def _same_import(old: Row[Any], entry: Enrolment) -> bool:
    # What stands there tells by itself: of a million rows, none has to be kept in mind.
    if entry.imported is None or old.consent_via != entry.consent.via:
        return False
    told = (old.evidence or {}).get("imported")
    return bool(told == entry.imported.isoformat() if told else old.consent_at == entry.imported)


def _this(old: Row[Any]) -> dict[str, Any]:
    return {"of": old.subscriber, "in": old.audience}


_THIS = (subscriptions.c.subscriber == bindparam("of"), subscriptions.c.audience == bindparam("in"))
_TAKE_BACK = (
    update(subscriptions)
    .where(*_THIS)
    .values(
        {name: bindparam(name) for name in ("consent_at", "consent_via", "consent_note", "evidence")}
        | {"state": "subscribed", "ended": None, "ended_via": ""}
    )
)
_END = (
    update(subscriptions)
    .where(*_THIS)
    .values(state=UNSUBSCRIBED, ended=bindparam("ended"), ended_via=bindparam("ended_via"))
)


def _consent(entry: Enrolment) -> dict[str, Any]:
    consent = entry.consent
    return {
        "consent_at": consent.at,
        "consent_via": consent.via,
        "consent_note": consent.note,
        "evidence": evidence_json(consent.evidence),
    }


def _subscriber(entry: Enrolment, key: str, hashed: str) -> dict[str, Any]:
    return {
        "id": _random_id(),
        "address": entry.address,
        "address_key": key,
        "address_hash": hashed,
        "name": entry.name,
        "created": entry.consent.at,
    }


def _subscription(entry: Enrolment, subscriber: int) -> dict[str, Any]:
    leaves = entry.state == UNSUBSCRIBED
    return {
        "audience": entry.audience,
        "subscriber": subscriber,
        "state": entry.state,
        **_consent(entry),
        "ended": (entry.unsubscribed or entry.consent.at) if leaves else None,
        "ended_via": entry.via if leaves else "",
        "preferences": preferences_json(entry.preferences) if entry.preferences else None,
    }


def _random_id() -> int:
    # Not counted up: a link in an old mail must never name somebody else, not after a restored backup.
    return secrets.randbits(LARGEST_ID.bit_length()) or 1
