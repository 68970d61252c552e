"""Looks at every part of an installation as a user would meet it: for real, sending nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot.channels import base as channels
from bot.editions import compose
from bot.errors import BroadsheetError
from bot.model import Article, EditionStory, Summary
from bot.schedules.installation import Connected, Installation, opened
from bot.schedules.plan import Slot, slots_after
from bot.schedules.tick import held
from bot.sources.base import Source, Visit

SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Checked:
    """``grade`` is ``ok``, ``warning`` or ``fault``; ``said`` is one line, with the fix where one is needed."""

    grade: str
    what: str
    said: str


def checkup(folder: Path) -> list[Checked]:
    """All checks of the installation configured in ``folder``; settings that do not load are the only one then."""
    try:
        with opened(folder) as installation:
            return [
                Checked("ok", "settings", f"{installation.settings.file} is valid"),
                Checked("ok", "store", f"{installation.store.shown} is open and of this version"),
                *_held(installation),
                *_public_url(installation),
                *_address(installation),
                *_templates(installation),
                *asyncio.run(_outside(installation)),
            ]
    except BroadsheetError as error:
        return [Checked("fault", "settings", str(error))]


def _held(installation: Installation) -> Iterator[Checked]:
    said = held(installation)
    if said:
        yield Checked("fault", "store", said)


def _public_url(installation: Installation) -> Iterator[Checked]:
    parts = urlsplit(installation.newsroom.public_url)
    if parts.scheme == "https":
        yield Checked("ok", "public_url", installation.newsroom.public_url)
    elif parts.hostname in ("127.0.0.1", "localhost", "::1"):
        yield Checked(
            "warning",
            "public_url",
            "subscribers cannot reach this machine's own address; "
            "set newsroom.public_url to an https:// one before mail leaves it",
        )
    else:
        yield Checked("fault", "public_url", "one-click unsubscribe needs https:// (RFC 8058); set newsroom.public_url")


def _address(installation: Installation) -> Iterator[Checked]:
    if not installation.newsroom.address:
        yield Checked("warning", "address", "many laws ask for a postal address in each mail; set newsroom.address")


def _templates(installation: Installation) -> Iterator[Checked]:
    for schedule in installation.settings.schedules:
        try:
            compose.render(installation.frame(schedule, _slot(installation, schedule)), [_sample(installation)])
        except BroadsheetError as error:
            yield Checked("fault", f"schedule {schedule}", str(error))
        else:
            slot = _slot(installation, schedule)
            yield Checked("ok", f"schedule {schedule}", f"its templates render; next slot {slot.key}")


def _slot(installation: Installation, schedule: str) -> Slot:
    cron = installation.settings.schedules[schedule].cron
    return slots_after(schedule, cron, installation.timezone(schedule), installation.clock(), count=1)[0]


def _sample(installation: Installation) -> EditionStory:
    article = Article(
        source="check",
        guid="check",
        url=f"{installation.newsroom.url}/check",
        title="A sample headline",
        published=installation.clock(),
        body="<p>A sample paragraph.</p>",
        id=1,
    )
    return EditionStory(position=1, article=article, summary=Summary("A sample summary."), article_ids=(1,))


async def _outside(installation: Installation) -> list[Checked]:
    async with installation.connected() as connected:
        asked = [
            *(_source(connected, name, source) for name, source in installation.sources.items()),
            *(_channel(name, channel) for name, channel in connected.channels.items()),
            _clock(connected),
        ]
        return [result for result in await asyncio.gather(*asked) if result]


async def _source(connected: Connected, name: str, source: Source) -> Checked:
    try:
        found = await source.collect(connected.http, Visit(now=connected.installation.clock()))
    except BroadsheetError as error:
        return Checked("fault", f"source {name}", str(error))
    grade = "warning" if found.warnings or not found.articles else "ok"
    said = f"answers, {len(found.articles)} articles" + (f"; {found.warnings[0]}" if found.warnings else "")
    return Checked(grade, f"source {name}", said)


async def _channel(name: str, channel: channels.Channel) -> Checked:
    try:
        return Checked("ok", f"channel {name}", await channel.check())
    except BroadsheetError as error:
        return Checked("fault", f"channel {name}", str(error))


async def _clock(connected: Connected) -> Checked | None:
    """Holds this machine's clock against the newsroom's own web server."""
    try:
        answer = await connected.http.get(connected.installation.newsroom.url)
        theirs = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (BroadsheetError, KeyError, ValueError):
        return None
    off = abs(theirs - connected.installation.clock())
    if off > SKEW:
        return Checked(
            "warning", "clock", f"{off.total_seconds():.0f} s off {connected.installation.newsroom.url}; set it by NTP"
        )
    return Checked("ok", "clock", f"agrees with {connected.installation.newsroom.url}")
