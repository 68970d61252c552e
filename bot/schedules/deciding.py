"""What an editor decides about an edition, from the desk or the terminal, beyond what ``lifecycle`` moves.

All take the version that was seen where what is decided depends on the words, and raise ``NotFound``, ``StateError``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.model import Edition, EditionVersion, Receipt
from bot.schedules.installation import Installation


def approve(
    installation: Installation,
    edition: str,
    *,
    version: int | None,
    who: str,
    now: datetime,
    note: str = "",
    overrule: Collection[str] | None = (),
) -> Edition:
    """awaiting (or held for want of approval) → approved, and what was approved is kept.

    You approve what you saw: another ``version`` than the newest is refused with ``ConflictError``; None is the newest.
    A finding that is to fix stands in the way, unless its key is in ``overrule`` (None: all): then ``note`` must say
    why, and both are on the record under the approver's name; the editor has the last word, and says so.
    With ``[desk] four_eyes``, who changed the edition since it was approved last is refused.
    """
    raise NotImplementedError


def return_(
    installation: Installation, edition: str, *, version: int | None, who: str, now: datetime, note: str
) -> Edition:
    """awaiting or approved → drafted, with a note that says what to change: it does not go out until it was asked for
    again and approved. ``note`` may not be empty.
    """
    raise NotImplementedError


def ask(installation: Installation, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """drafted → awaiting: those who may approve are told. From then on it goes out only when somebody said yes."""
    raise NotImplementedError


def take_back(installation: Installation, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """approved → awaiting."""
    raise NotImplementedError


def send_now(
    installation: Installation, edition: str, *, version: int | None, who: str, now: datetime, note: str = ""
) -> Edition:
    """Lets an edition begin to go out at once, ahead of its slot or late: approves it where it waits for that.

    Raises ``StateError`` when it has to be approved for its findings first, is held, or nothing may go out.
    """
    raise NotImplementedError


async def send_test(installation: Installation, edition: str, to: str) -> list[Receipt]:
    """Sends the edition's mail as it is by now to one address, its subject marked ``[Test]``. No ledger knows of it.

    Raises ``DeliveryError``, ``SettingsError`` (no address), ``NothingToDo`` (it sends no mail).
    """
    raise NotImplementedError


def editors_since_approval(installation: Installation, edition: str) -> tuple[str, ...]:
    """Who changed the edition since it was approved last, each once: whom ``four_eyes`` keeps from approving."""
    raise NotImplementedError


def versions(installation: Installation, edition: str) -> list[EditionVersion]:
    """The edition's versions, newest first; of one that nobody changed or approved, none."""
    raise NotImplementedError
