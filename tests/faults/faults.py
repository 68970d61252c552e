"""What goes wrong, how often, by a seed. A fault's name begins with the stage of the conversation it strikes at."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field

REPLIES = {
    "banner_421": "421 4.3.2 Too many connections, try again later",
    "mail_421": "421 4.3.2 Closing for a moment",
    "mail_451": "451 4.3.0 Local trouble",
    "rcpt_421": "421 4.3.2 Closing for a moment",
    "rcpt_450": "450 4.7.1 Greylisted, come back",
    "rcpt_451": "451 4.3.0 Local trouble",
    "rcpt_452": "452 4.2.2 The mailbox is full",
    "rcpt_550": "550 5.1.1 No such user",
    "rcpt_550_354": "550 5.1.1 No such user",
    "data_451": "451 4.3.0 Local trouble",
    "data_554": "554 5.7.1 Transaction refused by policy",
    "dot_421": "421 4.3.2 Closing for a moment",
    "dot_451": "451 4.3.0 Local trouble",
    "dot_452": "452 4.3.1 Out of disk space",
}
"""Answers in the place of the positive one. Nothing of such a message is taken; a 421 closes the line."""

FALSE = {
    "garbage": "\x15\x03 huh?",
    "wrong": "334 VXNlcm5hbWU6",
    "broken": "250-2.0.0 Ok\r\n451 4.3.0 and yet not",
}
"""Answers that are none: no SMTP, a code that does not belong here, lines of two codes under one answer."""

TAKEN = ("dot_drop", "dot_stall", "dot_loris", "dot_garbage", "dot_wrong", "dot_broken", "idle_421")
"""Faults behind the dot: the message is taken."""

LOST = ("body_drop", "dot_drop", "dot_stall", "dot_garbage", "dot_wrong", "dot_broken")
"""Faults after which a sender that wrote its last byte cannot know whether the message was taken."""

BLURRED = (*LOST, "dot_421", "idle_421")
"""Faults after which a sender may find the line broken with its message unanswered: a hang-up overtakes the answer."""

CUT = ("rcpt_drop", "data_drop", "body_drop", "rcpt_stall", "rcpt_loris", "data_wrong")
NAMES = frozenset(
    {*REPLIES, *TAKEN, *CUT, "rcpt_garbage", "rcpt_wrong", "rcpt_broken", "starttls_stripped", "starttls_454"}
)
OF_RECIPIENT = frozenset({"rcpt_450", "rcpt_550", "rcpt_550_354"})
"""Chosen by the recipient, not by the moment: whoever does not exist now does not exist later."""


@dataclass
class Faults:
    """What goes wrong, how often: the rates lie in 0 … 1, each stage is rolled for once."""

    rates: dict[str, float]
    seed: int = 0
    left: dict[str, int] = field(default_factory=dict)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        unknown = set(self.rates) - NAMES
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(NAMES))}")
        self._chance = random.Random(self.seed)

    @classmethod
    def parse(cls, text: str, seed: int) -> Faults:
        """``a=0.1,b=1x3``. Raises ``ValueError``."""
        rates, left = {}, {}
        for part in filter(None, text.split(",")):
            name, _, amount = part.partition("=")
            rate, _, times = amount.partition("x")
            rates[name] = float(rate)
            if times:
                left[name] = int(times)
        return cls(rates, seed, left)

    def roll(self, stage: str, recipient: str = "") -> str:
        """The fault that strikes now, "" for none."""
        moment = self._chance.random()
        person = zlib.crc32(f"{self.seed}/{recipient}".encode()) / 2**32
        passed = {True: 0.0, False: 0.0}
        for name, rate in self.rates.items():
            if not name.startswith(stage):
                continue
            personal = name in OF_RECIPIENT
            low = passed[personal]
            passed[personal] += rate
            if low <= (person if personal else moment) < low + rate and self.left.get(name, 1) > 0:
                if name in self.left:
                    self.left[name] -= 1
                return name
        return ""

    def between(self, low: float, high: float) -> float:
        return self._chance.uniform(low, high)
