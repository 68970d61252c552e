"""The alert that a channel was paused: its network refuses us, and its posts wait for somebody."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.delivery.alert import Alert, Command
from bot.delivery.alerts import LOOKBACK, may_tell
from bot.delivery.pausing import PAUSED, thing
from bot.delivery.sending import PROGRAM
from bot.model import ChannelState, Phrase, plural
from bot.settings.tables import AlertsTable
from bot.store import Transaction


def paused_due(tx: Transaction, rules: AlertsTable, timezone: str, now: datetime) -> list[Alert]:
    """One for each channel that the program paused and that still is, and that was not told yet."""
    zone = ZoneInfo(timezone)
    return [
        _alert(tx, name, state, state.paused_at, zone)
        for name, state in sorted(tx.channels.all().items())
        if state.paused
        and state.paused_at
        and now - state.paused_at < LOOKBACK
        and _by_program(tx, name)
        and may_tell(tx.flags.seen(_flag(name)), state.paused_at, rules.quiet, now)
    ]


def _by_program(tx: Transaction, channel: str) -> bool:
    """What somebody paused themselves is no news to them."""
    act = next((each for each in tx.acts.newest(thing=thing(channel)) if each.after == PAUSED), None)
    return act is not None and act.who == PROGRAM


def _flag(channel: str) -> str:
    return f"alert:{thing(channel)}"[:100]


def _alert(tx: Transaction, name: str, state: ChannelState, at: datetime, zone: ZoneInfo) -> Alert:
    waiting = tx.deliveries.open_posts([name])[name]
    return Alert(
        flag=_flag(name),
        at=at,
        edition=None,
        status=Phrase("Channel paused"),
        title=Phrase("Channel %(name)s is paused: its network refuses us", name=name),
        said=(
            Phrase("Broadsheet stopped posting on %(name)s at %(time)s.", name=name, time=at.astimezone(zone).time()),
            plural(
                waiting,
                "%(count)s post of it waits until you resume it; mail and the other channels go on.",
                "%(count)s posts of it wait until you resume it; mail and the other channels go on.",
            ),
            Phrase("Nothing was lost, nothing is posted twice."),
        ),
        facts=(
            (Phrase("Channel"), name),
            (Phrase("Reason"), state.paused),
            (Phrase("Waiting"), plural(waiting, "%(count)s post", "%(count)s posts")),
        ),
        do=(
            Command("broadsheet check", Phrase("asks %(name)s again, and says what is wrong", name=name)),
            Command(f"broadsheet channels resume {name}", Phrase("posts what waits, once the cause is mended")),
            Command("broadsheet cancel EDITION", Phrase("for an edition that is no news any more")),
        ),
        page=f"channels/{name}",
    )
