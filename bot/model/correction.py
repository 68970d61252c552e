"""A correction: what an edition said, and what is right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """To be told to the readers of ``schedule``, whose ``edition``, of the slot ``told`` (UTC), ``said`` of an article
    what is not so.

    ``right`` is what is so. ``title`` and ``url`` are the article's when it was written, ``at`` (UTC) by ``who``.
    ``carried`` is the edition that tells it, "" while none does.
    """

    article: int
    edition: str
    schedule: str
    title: str
    url: str
    said: str
    right: str
    told: datetime
    at: datetime
    who: str
    carried: str = ""
    id: int = 0
