"""The holes of a compiled mail that each subscriber's own values fill."""

from __future__ import annotations

from enum import StrEnum


class MergeField(StrEnum):
    """What differs from subscriber to subscriber. Values are plain text or URLs."""

    UNSUBSCRIBE_URL = "unsubscribe_url"
    PREFERENCES_URL = "preferences_url"
    ADDRESS = "address"
    SUBSCRIBED = "subscribed"

    def hole(self, edition_id: str) -> str:
        """The placeholder in an edition's HTML and text. The edition's id keeps foreign text from forging one."""
        return f"__S{list(MergeField).index(self)}_{edition_id}__"
