"""A part of the settings that was made on the desk, and not in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What would stand in ``broadsheet.toml`` as ``[KIND.KEY]``, or as ``[KIND]`` where the key is "".

    ``content`` is that table, in TOML's types. ``made`` and ``changed`` are in UTC, ``who`` changed it last (the name
    that stands on record). ``version`` counts the changes from 1.
    """

    kind: str
    key: str
    content: Mapping[str, Any]
    made: datetime
    changed: datetime
    who: str
    version: int = 1

    @property
    def at(self) -> str:
        """Its place in the settings: ``schedules.morning``, ``brand``."""
        return f"{self.kind}.{self.key}" if self.key else self.kind
