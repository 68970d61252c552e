"""Evidence and preferences as the store keeps them: JSON with the same text for the same choice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bot.model import Evidence, Preferences


def preferences_json(preferences: Preferences) -> dict[str, Any] | None:
    """None for a reader who chose nothing; keys in one order and topics sorted, so that equal choices are equal."""
    found: dict[str, Any] = {}
    if preferences.topics:
        found["topics"] = sorted(set(preferences.topics))
    if preferences.schedules is not None:
        found["schedules"] = sorted(set(preferences.schedules))
    if preferences.language:
        found["language"] = preferences.language
    if preferences.hour is not None:
        found["hour"] = preferences.hour
    if preferences.timezone:
        found["timezone"] = preferences.timezone
    if preferences.paused_until:
        found["paused_until"] = preferences.paused_until.isoformat()
    return found or None


def read_preferences(found: Mapping[str, Any] | None) -> Preferences:
    """What ``preferences_json`` made."""
    if not found:
        return Preferences()
    until = found.get("paused_until")
    schedules = found.get("schedules")
    return Preferences(
        topics=tuple(found.get("topics", ())),
        schedules=None if schedules is None else tuple(schedules),
        language=found.get("language", ""),
        hour=found.get("hour"),
        timezone=found.get("timezone", ""),
        paused_until=date.fromisoformat(until) if until else None,
    )


_MOMENTS = ("requested", "confirmed", "imported")
_TEXTS = ("form", "wording", "page", "ip", "source", "written")


def evidence_json(evidence: Evidence | None) -> dict[str, str] | None:
    """Without what is empty; None when nothing is left."""
    if evidence is None:
        return None
    found = {name: str(getattr(evidence, name)) for name in _TEXTS if getattr(evidence, name)}
    for name in _MOMENTS:
        moment: datetime | None = getattr(evidence, name)
        if moment:
            found[name] = moment.isoformat()
    return found or None


def read_evidence(found: Mapping[str, str] | None) -> Evidence | None:
    """What ``evidence_json`` made."""
    if not found:
        return None
    texts = {name: found[name] for name in _TEXTS if name in found}
    moments = {name: datetime.fromisoformat(found[name]) for name in _MOMENTS if name in found}
    return Evidence(**texts, **moments)  # type: ignore[arg-type]
