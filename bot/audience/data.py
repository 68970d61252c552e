"""What is held about one reader: to be shown to them, and to be erased."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from bot.audience.enrolment import forget
from bot.model import Consent
from bot.store import Store, Transaction
from bot.store.chosen import preferences_json


def personal_data(tx: Transaction, subscriber: int) -> dict[str, Any] | None:
    """All of it, as JSON types; None when nobody is known by this id."""
    page = tx.subscribers.page(after=subscriber - 1, limit=200)
    found = [each for each in page if each.id == subscriber]
    if not found:
        return None
    return {
        "address": found[0].address,
        "name": found[0].name,
        "subscriptions": [
            {
                "audience": each.audience,
                "state": each.state,
                "consent": _consent(each.consent),
                "unsubscribed": each.unsubscribed.isoformat() if each.unsubscribed else None,
                "preferences": preferences_json(each.preferences) or {},
            }
            for each in found
        ],
        "past_consents": [
            {"audience": audience, "consent": _consent(consent), "ended": ended.isoformat() if ended else None}
            for audience, consent, ended in tx.subscribers.past_consents(subscriber)
        ],
    }


def forget_reader(store: Store, subscriber: int, *, who: str, now: datetime) -> bool:
    """Erases a reader everywhere; False when nobody is known by this id."""
    with store.read() as tx:
        found = personal_data(tx, subscriber)
    return found is not None and forget(store, found["address"], who=who, now=now)


def _consent(consent: Consent) -> dict[str, Any]:
    return {name: _json(value) for name, value in asdict(consent).items() if value}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items() if each}
    return value.isoformat() if isinstance(value, date | datetime) else value
