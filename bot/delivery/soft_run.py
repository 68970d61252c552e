"""When soft bounces are so many in a row that a reader gets no more mail: a pure rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

OURS = frozenset(
    {
        *("policy", "content", "authentication", "reputation", "quota/rate", "sender", "relay", "too large"),
        *("protocol", "loop"),
    }
)
"""Reasons that blame the newsroom or its message: they say nothing of the reader, however often they come."""


def run_of(
    editions: Sequence[str], bounced: Mapping[str, datetime], *, least: int, over: timedelta
) -> tuple[int, timedelta] | None:
    """How many editions in a row came back, and over what time; None when the run is too short, or too quick.

    ``editions`` are those that were sent to the reader, the newest first; ``bounced`` says when one came back. The run
    ends with the newest that did, so that the report on a later one, which may still come, is not waited for.
    """
    first = next((place for place, edition in enumerate(editions) if edition in bounced), len(editions))
    run = []
    for edition in editions[first:]:
        if edition not in bounced:
            break
        run.append(bounced[edition])
    if len(run) < least:
        return None
    spread = max(run) - min(run)
    return (len(run), spread) if spread >= over else None
