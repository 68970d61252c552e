"""The alert that confirmations were stopped: somebody types addresses into the sign-up form that are not theirs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.delivery.alerts import LOOKBACK, Alert, may_tell
from bot.delivery.flood import FLAG, REST, STOPPED, THING
from bot.model import Phrase
from bot.settings.tables import AlertsTable
from bot.store import Transaction

_ALERT = f"alert:{STOPPED}:{THING}"


def flood_due(tx: Transaction, rules: AlertsTable, timezone: str, now: datetime) -> list[Alert]:
    """The alert, while they are stopped and it was not told yet, or long enough ago."""
    if tx.flags.get(FLAG) != STOPPED:
        return []
    stopped = (act for act in tx.acts.newest(since=now - LOOKBACK, thing=THING) if act.after == STOPPED)
    act = next(stopped, None)
    if act is None or not may_tell(tx.flags.seen(_ALERT), act.at, rules.quiet, now):
        return []
    zone = ZoneInfo(timezone)
    return [
        Alert(
            flag=_ALERT,
            at=act.at,
            edition=None,
            status="Sign-ups on hold",
            title=Phrase("Hardly anybody confirms: confirmations are stopped"),
            said=f"Broadsheet stopped confirmation mails at {act.at.astimezone(zone):%H:%M}. Editions go out as ever. "
            f"It tries a few again at {(act.at + REST).astimezone(zone):%H:%M}, and goes on by itself when it is over.",
            facts=(("Last hour", act.note),),
            do=(
                "[signup] per_network, per_domain, mails: lower limits, if it comes back",
                "[audiences.NAME] open = false: takes the form away meanwhile",
                "broadsheet acts: shows when it stopped and went on",
            ),
        )
    ]
