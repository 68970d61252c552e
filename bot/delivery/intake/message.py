"""One message that came back, put on record: the step that all mailboxes share."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.audience.bounces import read_reports
from bot.clock import Clock
from bot.delivery.rates import watch
from bot.delivery.returns import Returns, Taken
from bot.errors import StoreError
from bot.model import Effect, Verdict
from bot.store import Store

LARGEST = 1 << 20
"""Bytes of a message that are read: no reader of reports looks further."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Box:
    """What was read of a mailbox: ``events`` by verdict that are new, messages ``known`` before, and those left.

    ``unproven`` of the events show nothing that speaks of a mail of ours. ``other`` messages report nothing. ``left``
    says of each message that stays where it is why.
    """

    messages: int = 0
    known: int = 0
    other: int = 0
    unproven: int = 0
    events: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)

    def add(self, box: Box) -> None:
        """Adds what was read of another one."""
        self.messages += box.messages
        self.known += box.known
        self.other += box.other
        self.unproven += box.unproven
        self.events.update(box.events)
        self.left += box.left

    def leave(self, name: str, why: str) -> None:
        """Tells of a message that stays where it is."""
        log.error("%s stays where it is: %s", name, why)
        self.left.append(f"{name}: {why}")


@dataclass(frozen=True, slots=True)
class Intake:
    """Puts messages of one ``source`` on record, each in a transaction."""

    store: Store
    returns: Returns
    clock: Clock
    source: str

    def __call__(self, message: bytes) -> list[Taken]:
        """What became of each report in ``message``, once all of them are committed. Raises ``StoreError``."""
        reports = read_reports(message[:LARGEST])
        now = self.clock()
        with self.store.write() as tx:
            taken = [self.returns.take(tx, each, source=self.source, now=now) for each in reports]
            complained = {each.event.edition for each in taken if each.event.verdict is Verdict.COMPLAINT}
            for edition in sorted(complained - {""}):
                watch(tx, edition, now)
        return taken


Take = Callable[[bytes], list[Taken]]


def count(box: Box, name: str, message: bytes, take: Take) -> bool | None:
    """Takes ``message`` and counts it; whether it reported something, None when it must stay where it is.

    Raises ``StoreError``: then it must stay, and all others too.
    """
    try:
        taken = take(message)
    except StoreError:
        raise
    except Exception as error:
        # One message that nobody foresaw must not hold up the others, nor get lost.
        log.exception("%s cannot be read", name)
        box.leave(name, f"a fault in the program ({type(error).__name__}); please report it")
        return None
    box.messages += 1
    new = [each.event for each in taken if each.new]
    box.known += not new
    box.events.update(str(each.verdict) for each in new)
    box.unproven += sum(each.effect is Effect.UNPROVEN for each in new)
    said = any(each.event.verdict is not Verdict.NONE for each in taken)
    box.other += not said
    return said
