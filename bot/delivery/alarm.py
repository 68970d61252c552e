"""When so many destinations are refused for good that the fault is hardly theirs: the edition pauses.

One server that refuses everybody under a code that blames the reader would turn a whole audience into dead addresses.

How the threshold was chosen. A list that is mailed every week refuses below 2 %. An old list, imported once, has 5–20 %
dead addresses, and its worst stretch is worse than that, because the oldest come first. Relays count
over days, and some stop an account at 10 % (Amazon SES; from memory). So below a third the newsroom's list may be what
is wrong, and an edition need not stop at once; above it every further message harms the sender. With 10 % dead
addresses, evenly spread, more than 30 of 100 come about once in 100 million windows, with 15 % once in 20,000, with
20 % once in 160. When all are refused, it costs 31 readers at most, and 20 at the beginning.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from bot.model import Phrase

WINDOW = 100
"""So many outcomes are looked at: the last ones of an edition on one channel."""
LEAST = 20
"""Fewer refusals never raise the alarm: a small audience may have a few dead addresses."""


def alarming(refused: int, outcomes: int, *, share: int) -> bool:
    """Whether ``refused`` of ``outcomes`` are at least 20 and more than ``share`` per cent."""
    return refused >= LEAST and refused * 100 > share * outcomes


@dataclass(slots=True)
class Streak:
    """The last outcomes of one edition on one channel. A new one begins when an editor resumes the edition.

    ``share`` is ``delivery.refused_share``, in per cent; at 100 there is never an alarm.
    """

    share: int
    _seen: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def accepted(self, delivery: int) -> None:
        """The server took it."""
        self._seen.append((delivery, ""))

    def refused(self, delivery: int, code: str) -> str:
        """It was refused for good, with ``code`` (``550 5.1.1``); returns why the edition must pause, or ""."""
        self._seen.append((delivery, code or "no code"))
        suspects = self.suspects
        if not alarming(len(suspects), len(self._seen), share=self.share):
            return ""
        often, times = Counter(each for _, each in self._seen if each).most_common(1)[0]
        return Phrase(
            "%(refused)s of the last %(readers)s readers were refused for good (%(times)s × %(often)s): look at the "
            "answers; resume when it is the list, or raise delivery.refused_share",
            refused=len(suspects),
            readers=len(self._seen),
            times=times,
            often=often,
        )

    @property
    def suspects(self) -> tuple[int, ...]:
        """The refused deliveries among the last, by id: until somebody has looked, their addresses may be good."""
        return tuple(delivery for delivery, code in self._seen if code)
