"""``[desk]``: how editors work together."""

from __future__ import annotations

from pydantic import Field, StrictBool

from bot.settings.kinds import Table


class DeskTable(Table):
    """How editors work on the desk."""

    four_eyes: StrictBool = Field(
        False,
        description="Who changed an edition since it was approved last cannot approve it: another approver must say "
        "yes. Mind that somebody must be there for that.",
    )
