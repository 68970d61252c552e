"""What could go out now, from what the store holds: nothing is fetched, nothing kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.editions import compose
from bot.model import Edition
from bot.schedules.draft import draft
from bot.schedules.installation import Installation
from bot.schedules.run import shown_slot


@dataclass(frozen=True, slots=True)
class Possible:
    """An edition with its renditions, and its selection with reasons, as ``selection.json`` has it."""

    edition: Edition
    report: dict[str, Any]


def possible(installation: Installation, schedule: str, now: datetime) -> Possible:
    """The edition of the schedule's next slot as it would be made ``now``; without stories when there is nothing.

    Raises ``NotFound``, ``RenderError``.
    """
    slot = shown_slot(installation, schedule, now)
    with installation.store.trial() as tx:
        made = draft(tx, installation, schedule, slot, now)
    # Its links are not counted: it is no edition that went out.
    frame = replace(installation.frame(schedule, slot, made.edition.corrections), clicks=False)
    renditions = compose.render(frame, made.edition.stories) if made.edition.stories else ()
    return Possible(replace(made.edition, renditions=renditions), made.report)
