"""To how many something goes, in words."""

from __future__ import annotations

from collections.abc import Mapping

from bot.schedules.installation import Installation
from bot.settings import ScheduleTable
from bot.speech.catalog import ngettext
from bot.web.editor.desk import number


def reach_said(installation: Installation, table: ScheduleTable, readers: Mapping[str, int]) -> tuple[str, ...]:
    """To whom a schedule goes: ``12,408 readers``, ``3 channels``; ``readers`` by audience."""
    said = (readers_said(readers.get(table.audience) if table.audience else None), channels_said(installation, table))
    return tuple(each for each in said if each)


def readers_said(count: int | None) -> str:
    """``12,408 readers``; "" for None."""
    if count is None:
        return ""
    return ngettext("%(count)s reader", "%(count)s readers", count) % {"count": number(count)}


def channels_said(installation: Installation, table: ScheduleTable) -> str:
    """``3 channels``: those that post; "" without any."""
    posting = sum(installation.configured[name].medium != "email" for name in table.channels)
    return ngettext("%(count)s channel", "%(count)s channels", posting) % {"count": number(posting)} if posting else ""
