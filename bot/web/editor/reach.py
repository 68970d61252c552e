"""To how many something goes, in words."""

from __future__ import annotations

from collections.abc import Collection

from bot.schedules.installation import Installation
from bot.settings import ScheduleTable
from bot.store import Transaction
from bot.web.editor.desk import number
from bot.web.editor.speech import ngettext


def readers_of(tx: Transaction, table: ScheduleTable) -> int | None:
    """The readers of a schedule's audience, as they were last counted; None where it sends no mail."""
    return readers_by(tx, [table.audience])[table.audience] if table.audience else None


def readers_by(tx: Transaction, audiences: Collection[str]) -> dict[str, int]:
    """The readers of each audience, as they were last counted: a million are not counted for a page."""
    found = {}
    for audience in sorted({each for each in audiences if each}):
        day = tx.reader_days.last(audience)
        found[audience] = day.readers if day else tx.subscribers.count(audience)
    return found


def readers_said(count: int | None) -> str:
    """``12,408 readers``; "" for None."""
    if count is None:
        return ""
    return ngettext("%(count)s reader", "%(count)s readers", count) % {"count": number(count)}


def channels_said(installation: Installation, table: ScheduleTable) -> str:
    """``3 channels``: those that post; "" without any."""
    posting = sum(installation.configured[name].medium != "email" for name in table.channels)
    return ngettext("%(count)s channel", "%(count)s channels", posting) % {"count": number(posting)} if posting else ""
