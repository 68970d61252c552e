"""When the permission to post as an account ends, and from when on an editor is told.

Tokens that a program may renew are renewed long before (``bot.channels.credentials.AHEAD``), so whoever is warned must
do something: connect the account again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.delivery.alert import Alert, Command
from bot.delivery.alerts import may_tell
from bot.model import Phrase, plural
from bot.settings.tables import AlertsTable
from bot.store import Transaction

DAYS = (1, 7, 14)
"""So many days ahead it is told of, each once."""
_LAST = 30
"""Of a permission that ended longer ago, everybody knows."""


def stage(expires: datetime | None, now: datetime) -> int | None:
    """The least of ``DAYS`` that is left, 0 when it has ended; None: nothing is to be told yet."""
    if expires is None:
        return None
    if expires <= now:
        return 0
    return next((days for days in DAYS if expires - now <= timedelta(days=days)), None)


def headline(name: str, expires: datetime, now: datetime) -> Phrase:
    """``linkedin stops in 6 days``, ``linkedin stops in 5 hours``: never more than there is."""
    if expires <= now:
        return Phrase("%(name)s has stopped: its permission has ended", name=name)
    seconds = (expires - now).total_seconds()
    days, hours = int(seconds // 86400), int(seconds // 3600)
    if days >= 2:
        return plural(days, "%(name)s stops in %(count)s day", "%(name)s stops in %(count)s days", name=name)
    if hours >= 2:
        return plural(hours, "%(name)s stops in %(count)s hour", "%(name)s stops in %(count)s hours", name=name)
    return Phrase("%(name)s stops within two hours", name=name)


def consequence(expires: datetime, now: datetime, timezone: str) -> tuple[Phrase, Phrase]:
    """What that means, and when: two sentences."""
    moment = expires.astimezone(ZoneInfo(timezone))
    if expires <= now:
        return (
            Phrase("It ended on %(moment)s.", moment=moment),
            Phrase("Its posts wait; nothing is lost. Connecting it again takes a minute."),
        )
    return (
        Phrase("Its permission ends on %(moment)s.", moment=moment),
        Phrase("Connecting it again takes a minute; nothing is lost meanwhile."),
    )


def permissions_due(
    tx: Transaction, rules: AlertsTable, channels: Collection[str], timezone: str, now: datetime
) -> list[Alert]:
    """The alerts of ``channels`` whose permission ends, each once 14, 7 and 1 days ahead and when it has ended."""
    found = []
    for name, state in sorted(tx.channels.all().items()):
        reached = stage(state.expires, now)
        if name not in channels or state.expires is None or reached is None:
            continue
        since = state.expires - timedelta(days=reached)
        if now - since > timedelta(days=_LAST):
            continue
        # A flag's name has 100 characters.
        flag = f"alert:permission:{reached}:{name}"[:100]
        if may_tell(tx.flags.seen(flag), since, rules.quiet, now):
            found.append(_alert(flag, since, name, state.account, state.expires, timezone, now))
    return found


def _alert(
    flag: str, since: datetime, name: str, account: str, expires: datetime, timezone: str, now: datetime
) -> Alert:
    over = expires <= now
    facts = (
        (Phrase("Channel"), name),
        (Phrase("Account"), account),
        (Phrase("Ended") if over else Phrase("Ends"), expires.astimezone(ZoneInfo(timezone))),
    )
    return Alert(
        flag=flag,
        at=since,
        edition=None,
        status=Phrase("Permission ended") if over else Phrase("Permission ends"),
        title=headline(name, expires, now),
        said=consequence(expires, now, timezone),
        facts=tuple((key, value) for key, value in facts if value),
        do=(
            Command(f"broadsheet channels connect {name}", Phrase("asks for a new permission")),
            Command("broadsheet channels", Phrase("shows how long each permission lasts")),
        ),
        page=f"channels/{name}",
    )
