"""What an editor is told of a burst of bounces, to say whether its addresses are dead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.channels.email.providers import provider_of
from bot.model import Answer, Event, Hit, Suspects
from bot.store.reasons import without_reader

ALL = "*"
"""In the place of a mailbox provider: all of the edition's mail."""
NAMED = 5
"""Providers, and answers, that are told each: those of most."""
_KIND = re.compile(r"^smtp;\s*", re.IGNORECASE)


def summed_up(held: Sequence[tuple[Event, str]], tried: Mapping[str, int]) -> Suspects | None:
    """The suspects of an edition by the events that wait, each with its reader's address; None for none.

    ``tried`` is by provider how many mails of the edition went there, where that was counted.
    """
    # A reader of whom two servers report is one.
    by_reader = {event.subscriber: (event, address) for event, address in held}
    if not by_reader:
        return None
    providers: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for event, address in by_reader.values():
        providers[provider_of(address.rpartition("@")[2])] += 1
        answers[said_of(event, address)] += 1
    answers.pop("", None)
    return Suspects(
        number=len(by_reader),
        last=max(event.id for event, _ in held),
        since=min(event.at for event, _ in held),
        tried=tried.get(ALL, 0),
        providers=tuple(Hit(name, many, tried.get(name, 0)) for name, many in _most(providers)),
        answers=tuple(Answer(said, many) for said, many in _most(answers)),
    )


def said_of(event: Event, address: str) -> str:
    """What the reader's server said, without the reader."""
    # A report says first of what kind the words are (RFC 3464, 2.3.6), which tells an editor nothing.
    return without_reader(_KIND.sub("", event.evidence), 0, address)


def _most(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:NAMED]
