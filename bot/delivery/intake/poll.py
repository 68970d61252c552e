"""One look into all mailboxes that are set, and what follows from what is there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.clock import Clock
from bot.delivery.intake.imap import read_imap
from bot.delivery.intake.maildir import read_maildir
from bot.delivery.intake.message import Box, Intake, count
from bot.delivery.returns import Returns
from bot.delivery.settling import Settled, settle
from bot.errors import BroadsheetError, StoreError
from bot.settings import Settings
from bot.store import Store
from bot.tokens import KeyRing

log = logging.getLogger(__name__)

Stop = Callable[[], bool]
Watch = Callable[[int], None]


class Around(Protocol):
    """What of an installation is needed."""

    @property
    def settings(self) -> Settings: ...

    @property
    def store(self) -> Store: ...

    @property
    def keys(self) -> KeyRing: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(slots=True)
class Polled:
    """What was read, what followed, and which mailboxes could not be read (by name, with the reason)."""

    box: Box = field(default_factory=Box)
    settled: Settled = field(default_factory=Settled)
    failed: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.box.messages or self.box.left or self.settled.suppressed or self.settled.held or self.failed)


def returns_of(around: Around) -> Returns:
    """Takes reports for an installation."""
    audiences: Mapping[str, str] = {
        name: each.audience for name, each in around.settings.schedules.items() if each.audience
    }
    return Returns(around.keys, audiences)


def poll(around: Around, *, stop: Stop = lambda: False, watch: Watch = lambda _: None) -> Polled:
    """Reads the mailboxes that are set, and settles what waits. Raises ``StoreError``; what was committed stays.

    A mailbox that cannot be read does not keep the others from being read.
    """
    done, rules = Polled(), around.settings.bounces
    returns = returns_of(around)

    def intake(source: str) -> Intake:
        return Intake(around.store, returns, around.clock, source)

    boxes: dict[str, Callable[[], Box]] = {}
    if rules.maildir:
        folder = rules.maildir
        boxes["maildir"] = lambda: read_maildir(folder, intake("maildir"), stop=stop, watch=watch)
    if rules.imap:
        table = rules.imap
        boxes["imap"] = lambda: read_imap(table, intake("imap"), stop=stop, watch=watch)
    for name, read in boxes.items():
        try:
            done.box.add(read())
        except StoreError:
            raise
        except BroadsheetError as error:
            log.error("%s", error)
            done.failed[name] = str(error)
    done.settled = settle(around.store, rules, around.clock())
    return done


def take_one(around: Around, message: bytes) -> Polled:
    """Takes one message that was given to us, as by a mail server's pipe. Raises ``StoreError``."""
    done = Polled()
    count(done.box, "the message", message, Intake(around.store, returns_of(around), around.clock, "stdin"))
    if not done.box.left:
        done.settled = settle(around.store, around.settings.bounces, around.clock())
    return done
