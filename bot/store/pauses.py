"""Whether a channel is paused, as a condition of those who look for work."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists

from bot.store.tables import channel_states


def paused(channel: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Of the channel that is named, or of the one of each row."""
    return exists().where(channel_states.c.channel == channel, channel_states.c.paused != "")
