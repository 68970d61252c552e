"""What is known of a channel beside its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.model.limits import Limits
from bot.model.posting import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """What the store keeps of a channel; times in UTC.

    ``limits`` are those that its server told (None: not asked yet), ``learned`` when. ``paused`` is why nothing is
    posted until somebody mended it ("": it is not paused), ``paused_at`` since when. ``rests_until``: its server asked
    for that. ``quota`` is what the server said last. ``account`` is who posts, ``credential`` its tokens, encrypted
    ("" without), ``expires`` when they end for good (None: not, or nobody knows), ``renewed`` when they were saved
    last, ``serial`` counts how often.
    """

    channel: str
    limits: Limits | None = None
    learned: datetime | None = None
    paused: str = ""
    paused_at: datetime | None = None
    rests_until: datetime | None = None
    quota: Quota | None = None
    account: str = ""
    credential: str = field(default="", repr=False)
    expires: datetime | None = None
    renewed: datetime | None = None
    serial: int = 0
