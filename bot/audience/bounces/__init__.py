"""Mail that comes back: from the bytes of one message to what it says. Pure: no network, no store, no clock."""

from bot.audience.bounces.judging import judge
from bot.audience.bounces.reading import read_reports

__all__ = ["judge", "read_reports"]
