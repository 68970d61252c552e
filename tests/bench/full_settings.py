"""How much is put into a full store, and the settings of its newsroom and of an install in which nothing happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

SCHEDULES = {"morning": 7, "business": 8, "noon": 12, "sport": 16, "evening": 18}
"""Each with its hour: five editions a day."""
HOUR = 9
"""The hour at which the desk is looked at: two slots of the day have passed, three are to come."""
SOURCES = 30


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. ``acts``, ``suppressions`` and ``events`` follow from it."""

    articles: int
    editions: int
    readers: int

    @property
    def acts(self) -> int:
        return 20 * self.editions

    @property
    def suppressions(self) -> int:
        return max(20, self.readers // 100)

    @property
    def span(self) -> timedelta:
        """How far back the newsroom's work goes."""
        return self.editions / len(SCHEDULES) * timedelta(days=1)


SMALL = Size(articles=200, editions=20, readers=20)
"""Twenty editions and readers: something on each page, and nothing that grew."""

_NEWSROOM = """
[newsroom]
name = "The Port Alder Record"
url = "https://record.example"
timezone = "UTC"
address = "14 Quay Street, Port Alder 40217"
public_url = "https://news.record.example"

[tracking]
clicks = true

[audiences.readers]
name = "Morning briefing"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"
"""

_AROUND = """
[audiences.weekend]
name = "The Weekend"

[channels.town]
type = "mastodon"
instance = "https://social.example"

[channels.phones]
type = "ntfy"
server = "https://push.example"
topic = "record"
""" + "".join(
    f'\n[sources.s{each}]\ntype = "feed"\nurl = "https://record.example/feed/{each}"\n' for each in range(SOURCES)
)


def _schedule(name: str) -> str:
    return f"""
[schedules.{name}]
name = "{name.title()} briefing"
times = ["{SCHEDULES[name]:02}:00"]
audience = "readers"
channels = ["mail", "town", "phones"]
approval = {"true" if name == "noon" else "false"}
"""


FULL = _NEWSROOM + _AROUND + "".join(_schedule(name) for name in SCHEDULES)
"""The settings of the newsroom whose store is filled."""
EMPTY = _NEWSROOM + _AROUND + _schedule("morning")
"""The same of an install in which nothing happened yet: one schedule, and the same sources, audiences and channels."""
