"""A channel whose network refuses us pauses, and it alone: its posts wait, and what else an edition has goes on.

It stays so until somebody mended the cause and said ``broadsheet channels resume NAME``.
"""

from __future__ import annotations

from datetime import datetime

from bot.delivery.sending import PROGRAM
from bot.errors import NothingToDo
from bot.model import Act, EditionState, Phrase, cut
from bot.store import Store, Transaction

PAUSE, RESUME = "pause channel", "resume channel"
CONNECT = "connect"
POSTING, PAUSED = "posting", "paused"


def thing(channel: str) -> str:
    """How the record of acts names a channel."""
    return f"channel:{channel}"


def pause_channel(tx: Transaction, channel: str, reason: str, now: datetime, who: str = PROGRAM) -> bool:
    """Stops a channel; False when it is stopped already."""
    if not tx.channels.pause(channel, reason, now):
        return False
    said = {"before": POSTING, "after": PAUSED, "note": cut(reason, 500)}
    tx.acts.add(Act(at=now, who=who, what=PAUSE, thing=thing(channel), **said))
    return True


def resume_channel(store: Store, channel: str, who: str, now: datetime, note: str = "") -> None:
    """Lets a channel post again what waits. Raises ``NothingToDo`` when it is not paused, ``StoreError``."""
    with store.write() as tx:
        if not tx.channels.resume(channel):
            raise NothingToDo(Phrase("channel %(name)s is not paused", name=channel))
        said = {"before": PAUSED, "after": POSTING, "note": cut(note, 500)}
        tx.acts.add(Act(at=now, who=who, what=RESUME, thing=thing(channel), **said))
        tx.jobs.wake_channel(channel, now)


def resumed_at(tx: Transaction, channel: str) -> datetime | None:
    """When somebody let it go on last; None: nobody had to."""
    return next((act.at for act in tx.acts.newest(thing=thing(channel)) if act.what == RESUME), None)


def let_go_at(tx: Transaction, channel: str, edition: str) -> datetime | None:
    """When somebody let the channel, or the edition, go on last; None: nobody had to."""
    acts = tx.acts.newest(thing=f"edition:{edition}")
    paused, sending = EditionState.PAUSED, EditionState.SENDING
    resumed = next((act.at for act in acts if (act.before, act.after) == (paused, sending)), None)
    return max(filter(None, (resumed, resumed_at(tx, channel))), default=None)


def moved_at(tx: Transaction, channel: str) -> datetime | None:
    """When it was last connected as another account than before; None: it never was."""
    acts = (act for act in tx.acts.newest(thing=thing(channel)) if act.what == CONNECT)
    return next((act.at for act in acts if act.before and act.before != act.after), None)


def waits_for(tx: Transaction, edition: str) -> dict[str, str]:
    """The paused channels for which an edition that is being sent has posts left, and why each is paused."""
    return tx.channels.paused(tx.deliveries.open_channels(edition))
