"""What a reader chooses: topics, which schedules, their own hour and time zone, language, a pause."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.audience.links import ReaderLink
from bot.audience.subscriptions import READER, standing
from bot.audience.words import languages
from bot.clock import Clock
from bot.model import Act, Newsroom, Preferences
from bot.settings import Settings
from bot.store import Store
from bot.store.chosen import preferences_json

LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Offer:
    """What readers of one audience may choose among: topics, and the ids of its schedules."""

    topics: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()

    def topics_of(self, wanted: Collection[str]) -> tuple[str, ...]:
        """The offered ones among ``wanted``; () for all: who chooses none or each of them gets all."""
        chosen = tuple(each for each in self.topics if each in wanted)
        return () if len(chosen) == len(self.topics) else chosen

    def schedules_of(self, wanted: Collection[str]) -> tuple[str, ...] | None:
        """The offered ones among ``wanted``; None for all, so that a schedule that is added later is among them."""
        chosen = tuple(each for each in self.schedules if each in wanted)
        return None if len(chosen) == len(self.schedules) else chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asked for, as a form sends it: unchecked text.

    ``topics`` and ``schedules`` are by audience; an audience that is left out keeps what it has. The rest is the
    reader's own and holds for all of their audiences: "" is as the newsroom has it.
    """

    topics: Mapping[str, Collection[str]] = field(default_factory=dict)
    schedules: Mapping[str, Collection[str]] = field(default_factory=dict)
    hour: str = ""
    timezone: str = ""
    language: str = ""
    paused_until: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of it. ``wrong`` names the fields that were refused (``schedules`` by ``schedules:AUDIENCE``): then
    nothing was saved. ``changed`` are the audiences whose preferences are other than before.
    """

    wrong: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()


def offer(settings: Settings, audience: str) -> Offer:
    """What the settings offer to readers of ``audience``."""
    table = settings.audiences.get(audience)
    schedules = (name for name, each in settings.schedules.items() if each.audience == audience and each.enabled)
    return Offer(table.topics if table else (), tuple(schedules))


def prefer(
    store: Store, link: ReaderLink, asked: Asked, *, offers: Mapping[str, Offer], newsroom: Newsroom, clock: Clock
) -> Saved:
    """Keeps what the reader of ``link`` asked for, in each audience they are subscribed to; all of it, or nothing.

    Topics and schedules that are not offered (any more) are passed over. The act is on record, before and after.
    """
    now = clock()
    own, wrong = _own(asked, newsroom, now)
    with store.write() as tx:
        current = {each.audience: each for each in standing(tx, link).current}
        wanted: dict[str, Preferences] = {}
        for audience, subscription in current.items():
            offered = offers.get(audience, Offer())
            kept = replace(own, topics=subscription.preferences.topics, schedules=subscription.preferences.schedules)
            if audience in asked.topics:
                kept = replace(kept, topics=offered.topics_of(asked.topics[audience]))
            if audience in asked.schedules:
                kept = replace(kept, schedules=offered.schedules_of(asked.schedules[audience]))
                if kept.schedules == ():
                    wrong.add(f"schedules:{audience}")
            wanted[audience] = kept
        if wrong:
            return Saved(frozenset(wrong))
        changed = tuple(each for each in wanted if _text(wanted[each]) != _text(current[each].preferences))
        for audience in changed:
            tx.subscribers.prefer(link.subscriber, audience, wanted[audience])
            before, after = _text(current[audience].preferences), _text(wanted[audience])
            thing = f"subscriber:{link.subscriber}"
            tx.acts.add(Act(at=now, who=READER, what="prefer", thing=thing, before=before, after=after, note=audience))
    return Saved(changed=changed)


def pause_bounds(timezone: str, now: datetime) -> tuple[date, date]:
    """The first and the last day until which a reader in ``timezone`` may pause: tomorrow, and a year from today."""
    today = now.astimezone(ZoneInfo(timezone or "UTC")).date()
    return today + timedelta(days=1), today + LONGEST_PAUSE


def _own(asked: Asked, newsroom: Newsroom, now: datetime) -> tuple[Preferences, set[str]]:
    """What holds for all audiences of a reader, and the fields that are wrong."""
    wrong = set()
    hour = int(asked.hour) if asked.hour in _HOURS else None
    if asked.hour and hour is None:
        wrong.add("hour")
    timezone = asked.timezone if asked.timezone != newsroom.timezone else ""
    if timezone and not is_timezone(timezone):
        wrong.add("timezone")
        timezone = ""
    # As the newsroom's, whatever its dialect: readers who chose nothing else must not become a variant of their own.
    language = asked.language if asked.language != newsroom.language.split("-")[0].lower() else ""
    if language and language not in languages():
        wrong.add("language")
        language = ""
    paused_until = None
    if asked.paused_until:
        paused_until = _day(asked.paused_until)
        first, last = pause_bounds(timezone or newsroom.timezone, now)
        if paused_until is None or not first <= paused_until <= last:
            wrong.add("paused_until")
    return Preferences(hour=hour, timezone=timezone, language=language, paused_until=paused_until), wrong


_HOURS = frozenset(str(hour) for hour in range(24))


def is_timezone(name: str) -> bool:
    """Whether ``name`` is an IANA zone: of foreign text, so that it can name no other file."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _text(preferences: Preferences) -> str:
    return json.dumps(preferences_json(preferences) or {}, ensure_ascii=False, sort_keys=True)


def paused(preferences: Preferences, newsroom: Newsroom, now: datetime) -> date | None:
    """Until when a reader is paused now; None when they are not (any more)."""
    until = preferences.paused_until
    zone = preferences.timezone if is_timezone(preferences.timezone) else newsroom.timezone
    return until if until and now.astimezone(ZoneInfo(zone)).date() < until else None
