"""What one part of the settings says of another: channels, sources, audiences and templates that it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bot.model import Phrase
from bot.settings.check import nearest, wrong

if TYPE_CHECKING:
    from bot.settings.load import Settings
    from bot.settings.tables import ScheduleTable


def check_references(settings: Settings) -> None:
    """Raises ``SettingsError`` when a part names what is not there."""
    _check_alerts(settings)
    _check_signup(settings)
    for name, schedule in settings.schedules.items():
        check_schedule(settings, name, schedule, settings.file)


def check_schedule(settings: Settings, name: str, schedule: ScheduleTable, file: str) -> None:
    """Raises ``SettingsError`` when the schedule ``name`` names what is not there; ``file`` is where it stands."""
    at = f"schedules.{name}"
    for channel in schedule.channels:
        _known(channel, settings.channels, file, f"{at}.channels", "channel")
    for source in schedule.selection.sources:
        _known(source, settings.sources, file, f"{at}.selection.sources", "source")
    if schedule.audience:
        _known(schedule.audience, settings.audiences, file, f"{at}.audience", "audience")
    twice = [channel for channel in schedule.channels if schedule.channels.count(channel) > 1]
    if twice:
        said = Phrase('"%(channel)s" stands there twice; name each channel once', channel=twice[0])
        raise wrong(file, f"{at}.channels", said)
    mails = [channel for channel in schedule.channels if settings.channels[channel].get("type") == "email"]
    if mails and not schedule.audience:
        said = Phrase('is missing; channel "%(channel)s" sends mail and must know to whom', channel=mails[0])
        raise wrong(file, f"{at}.audience", said)
    if len(mails) > 1:
        said = Phrase(
            "%(channels)s both send mail: everybody would get it twice; name one of them",
            channels=" and ".join(mails),
        )
        raise wrong(file, f"{at}.channels", said)
    known = digests(settings)
    if schedule.template not in known:
        said = Phrase(
            "there is no templates/digests/%(template)s%(nearest)s; there are: %(known)s",
            template=schedule.template,
            nearest=nearest(schedule.template, known),
            known=_listed(known),
        )
        raise wrong(file, f"{at}.template", said)


def digests(settings: Settings) -> list[str]:
    """The names of the digests that a schedule may take."""
    folders = settings.template_folders()
    return sorted({path.name for folder in folders for path in (folder / "digests").glob("*") if path.is_dir()})


def _check_alerts(settings: Settings) -> None:
    file, kinds = settings.file, []
    for channel in settings.alerts.channels:
        _known(channel, settings.channels, file, "alerts.channels", "channel")
        kinds.append(settings.channels[channel].get("type"))
        if kinds[-1] not in ("email", "webhook"):
            said = f'"{channel}" speaks to the public; alerts take an email or webhook one'
            raise wrong(file, "alerts.channels", said)
    if ("email" in kinds) != bool(settings.alerts.to):
        if settings.alerts.to:
            raise wrong(file, "alerts.channels", "names no email channel for `to`?")
        raise wrong(file, "alerts.to", "is missing; who is mailed?")


def _check_signup(settings: Settings) -> None:
    channel = settings.signup.channel
    if not channel:
        return
    _known(channel, settings.channels, settings.file, "signup.channel", "channel")
    if settings.channels[channel].get("type") != "email":
        said = f'"{channel}" sends no mail; confirmations take an email channel'
        raise wrong(settings.file, "signup.channel", said)


def _known(word: str, known: Mapping[str, Any], file: str, at: str, kind: str) -> None:
    if word not in known:
        facts = {"name": word, "nearest": nearest(word, known), "known": _listed(known)}
        if kind == "channel":
            said = Phrase('there is no channel "%(name)s"%(nearest)s; there are: %(known)s', **facts)
        elif kind == "source":
            said = Phrase('there is no source "%(name)s"%(nearest)s; there are: %(known)s', **facts)
        else:
            said = Phrase('there is no audience "%(name)s"%(nearest)s; there are: %(known)s', **facts)
        raise wrong(file, at, said)


def _listed(known: Iterable[str]) -> str:
    return ", ".join(known) or Phrase("none")
