"""A reader's own data: all that is held on them, to be handed over (GDPR, articles 15 and 20) or erased (17)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from bot.audience import enrolment
from bot.audience.signup import DATA_FORM, new_id
from bot.model import Evidence, Signup
from bot.store import Store, Transaction

FORMAT = "broadsheet/personal-data/2"
"""Changes when a key of ``personal_data`` does."""


def personal_data(tx: Transaction, subscriber: int) -> dict[str, Any] | None:
    """All that is held on a reader, as JSON types: times are ISO 8601 in UTC. None when there is no such reader.

    Keys: ``format``, ``address``, ``name``, ``known_since``; ``subscriptions`` (each with its consent, the evidence of
    it and the reader's choices), ``past_consents``, ``requests`` (to subscribe), ``suppressions``, ``deliveries`` (of
    each edition that is still kept), ``events`` (bounces, complaints, replies), ``told`` (to other
    programs, by webhook).
    """
    reader = tx.dossier.reader(subscriber)
    if reader is None:
        return None
    return _held(tx, reader["address"], subscriber, name=reader["name"], since=reader["created"])


def personal_data_of(tx: Transaction, address: str) -> dict[str, Any] | None:
    """The same of an address, also of one that is on a list, or asked to subscribe, and is no subscriber."""
    subscriber = tx.subscribers.id_of(address)
    if subscriber is not None:
        return personal_data(tx, subscriber)
    held = _held(tx, address, None, name="", since=None)
    return held if any(isinstance(each, list) and each for each in held.values()) else None


def ask_for_data(store: Store, subscriber: int, *, language: str, now: datetime) -> bool:
    """Has a link to their data mailed to a reader, once in 24 hours; False when they asked before, or are not known.

    The links in editions do not open the data: a reader passes an edition on, and with it what its links may do.
    """
    with store.write() as tx:
        reader = tx.dossier.reader(subscriber)
        if reader is None:
            return False
        key = f"data:asked:{tx.hashed(reader['address'])}"
        if not tx.allowances.reserve(key, {timedelta(hours=24): 1}, 1, now).granted:
            return False
        tx.signups.add(
            Signup(
                id=new_id(),
                address=reader["address"],
                choices={},
                language=language,
                evidence=Evidence(form=DATA_FORM, requested=now),
                requested=now,
            )
        )
    return True


def forget_reader(store: Store, subscriber: int, *, who: str, now: datetime) -> bool:
    """Erases a reader everywhere, as ``enrolment.forget`` does an address; False when there is none.

    A keyed hash stays on the list of those who must not be mailed, so that no import revives the address.
    """
    with store.read() as tx:
        reader = tx.dossier.reader(subscriber)
    return reader is not None and enrolment.forget(store, reader["address"], who=who, now=now)


def _held(
    tx: Transaction, address: str, subscriber: int | None, *, name: str, since: datetime | None
) -> dict[str, Any]:
    dossier = tx.dossier
    return {
        "format": FORMAT,
        "address": address,
        "name": name,
        "known_since": _plain(since),
        "subscriptions": [] if subscriber is None else _all(dossier.subscriptions(subscriber)),
        "past_consents": [] if subscriber is None else _all(dossier.past_consents(subscriber)),
        "requests": _all(dossier.signups(address)),
        "suppressions": _all(dossier.suppressions(address)),
        "deliveries": [] if subscriber is None else _all(dossier.deliveries(subscriber)),
        "events": _all(dossier.events(address, subscriber)),
        "told": _all(dossier.told(address)),
    }


def _all(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
