"""``[desk]``: how editors work together."""

from __future__ import annotations

from pydantic import Field, StrictBool

from bot.settings.kinds import OptionalUrl, Table


class DeskTable(Table):
    """How editors work on the desk."""

    four_eyes: StrictBool = Field(
        False,
        description="Who changed an edition since it was approved last cannot approve it: another approver must say "
        "yes. Mind that somebody must be there for that.",
    )
    note: str = Field(
        "", description="One line at the head of each page of the desk, e.g. that it is there for trying things out."
    )
    note_url: OptionalUrl = Field("", description="Where that line leads.")
