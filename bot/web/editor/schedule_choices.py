"""What a schedule's form begins with, and what may be chosen in it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.schedules.installation import Installation
from bot.settings.references import digests
from bot.speech.catalog import _
from bot.web.editor.schedule_form import ScheduleForm

SECTIONS = 12
"""Sections that are offered as boxes, the most frequent of the ``NEWEST`` articles; others are written."""
NEWEST = 200


def of_file(installation: Installation, key: str) -> Mapping[str, Any]:
    """The table as the file has it."""
    found: Mapping[str, Any] = tomllib.loads(installation.files.text).get("schedules", {}).get(key, {})
    return found


def copied(installation: Installation, key: str) -> Mapping[str, Any] | None:
    """The table of a schedule under another name; None when there is none."""
    table = installation.settings.schedules.get(key)
    if table is None:
        return None
    declared = installation.settings.declared.get(f"schedules.{key}")
    content = dict(declared.content if declared else of_file(installation, key))
    content.pop("enabled", None)
    return {**content, "name": _("%(name)s, copy") % {"name": table.name}}


def blank(installation: Installation) -> Mapping[str, Any]:
    """What a new schedule begins as: at the next full hour, with all that there is only one of."""
    settings = installation.settings
    hour = installation.clock().astimezone(ZoneInfo(installation.newsroom.timezone)) + timedelta(hours=1)
    mails = [name for name, table in settings.channels.items() if table.get("type") == "email"]
    audience = next(iter(settings.audiences), "")
    whole: dict[str, Any] = {"name": "", "times": [f"{hour:%H}:00"], "approval": True}
    if mails and audience:
        return {**whole, "channels": mails[:1], "audience": audience}
    return {**whole, "channels": list(settings.channels)[:1]}


def choices(installation: Installation, form: ScheduleForm) -> dict[str, Any]:
    """What may be chosen: of each, what it is called, and of sections how many of the newest articles are of it."""
    settings = installation.settings
    with installation.store.read() as tx:
        counted = Counter(section for of_one in tx.articles.sections(limit=NEWEST) for section in of_one)
    most = [section for section, _count in counted.most_common(SECTIONS)]
    known = list(dict.fromkeys([*form.exclude_sections, *form.sections, *most]))
    mails = {name for name, table in settings.channels.items() if table.get("type") == "email"}
    return {
        "sources": list(settings.sources),
        "sections": [(each, counted[each]) for each in known],
        "audiences": [(key, table.name) for key, table in settings.audiences.items()],
        "templates": digests(settings),
        "mails": sorted(mails),
        "posts": [name for name in settings.channels if name not in mails],
    }
