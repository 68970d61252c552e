"""What a reader may subscribe to on the public page: the schedules that mail an open audience."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.model import Preferences
from bot.settings import ScheduleTable, Settings


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A schedule as readers choose it. ``key`` is its id, ``audience`` the list behind it, ``channel`` who mails it."""

    key: str
    audience: str
    channel: str
    schedule: ScheduleTable

    @property
    def name(self) -> str:
        return self.schedule.name

    @property
    def description(self) -> str:
        return self.schedule.description


def newsletters(settings: Settings) -> tuple[Newsletter, ...]:
    """Those open to everybody, in the order of the settings."""
    found = []
    for key, schedule in settings.schedules.items():
        audience = settings.audiences.get(schedule.audience)
        channel = next((each for each in schedule.channels if _mails(settings, each)), "")
        if audience and audience.open and schedule.enabled and channel:
            found.append(Newsletter(key, schedule.audience, channel, schedule))
    return tuple(found)


def letter_channel(settings: Settings) -> str:
    """Which channel mails a reader what is of no newsletter: ``signup.channel``, else the first that mails readers.

    "" when none does.
    """
    used = (
        channel
        for schedule in settings.schedules.values()
        for channel in schedule.channels
        if schedule.audience and _mails(settings, channel)
    )
    return settings.signup.channel or next(used, "")


def _mails(settings: Settings, channel: str) -> bool:
    # Editions frozen before a channel left the settings still go their way.
    return settings.channels.get(channel, {}).get("type") == "email"


def choices(
    offered: Sequence[Newsletter], chosen: Iterable[str], topics: Mapping[str, Sequence[str]], language: str = ""
) -> dict[str, Preferences]:
    """What was chosen of each audience: the newsletters with the keys ``chosen``, of them only ``topics``.

    Who takes all newsletters of an audience takes it as it is, and whatever it becomes; else they get what they named.
    """
    keys = set(chosen)
    found = {}
    for audience in dict.fromkeys(each.audience for each in offered if each.key in keys):
        all_of_it = {each.key for each in offered if each.audience == audience}
        named = all_of_it & keys
        found[audience] = Preferences(
            topics=tuple(topics.get(audience, ())),
            schedules=None if named == all_of_it else tuple(sorted(named)),
            language=language,
        )
    return found


def chosen_of(offered: Sequence[Newsletter], made: Mapping[str, Preferences]) -> tuple[Newsletter, ...]:
    """The newsletters that ``made`` speaks of, as they are offered now."""
    return tuple(
        each
        for each in offered
        if each.audience in made and ((schedules := made[each.audience].schedules) is None or each.key in schedules)
    )
