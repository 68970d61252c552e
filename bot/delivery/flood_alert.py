"""The alert that confirmations were stopped: somebody types addresses into the sign-up form that are not theirs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.delivery.alert import Alert, Command
from bot.delivery.alerts import LOOKBACK, may_tell
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
            status=Phrase("Sign-ups on hold"),
            title=Phrase("Hardly anybody confirms: confirmations are stopped"),
            said=(
                Phrase("Broadsheet stopped confirmation mails at %(time)s.", time=act.at.astimezone(zone).time()),
                Phrase("Editions go out as ever."),
                Phrase(
                    "It tries a few again at %(time)s, and goes on by itself when it is over.",
                    time=(act.at + REST).astimezone(zone).time(),
                ),
            ),
            facts=((Phrase("Last hour"), act.note),),
            do=(
                Command("[signup] per_network, per_domain, mails", Phrase("lower limits, if it comes back")),
                Command("[audiences.NAME] open = false", Phrase("takes the form away meanwhile")),
                Command("broadsheet acts", Phrase("shows when it stopped and went on")),
            ),
            page="audience/waiting",
        )
    ]
