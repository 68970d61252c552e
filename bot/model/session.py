"""One browser in which somebody is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """``seen`` is right to some minutes; ``kept``: the cookie outlives the browser.

    ``browser`` is what it says of itself, foreign text; ``network`` where it logged in from.
    """

    id: int
    user: int
    created: datetime
    seen: datetime
    kept: bool
    browser: str = ""
    network: str = ""
