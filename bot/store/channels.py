"""What is known of channels beside their settings: limits that servers told, quotas, pauses, tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.model import ChannelState, Counting, Limits, Markup, Phrase, Quota, cut
from bot.store.attempts import storable
from bot.store.conflict import COUNTED, insert_or_ignore
from bot.store.tables import channel_states

_C = channel_states.c


class Channels:
    """One row a channel, made when there is something to know of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, channel: str) -> ChannelState:
        """What is known; of a channel that nothing is known of, an empty state."""
        row = self._connection.execute(select(channel_states).where(_C.channel == channel)).one_or_none()
        return _state(row) if row else ChannelState(channel=channel)

    def all(self) -> dict[str, ChannelState]:
        """All that is known, by channel."""
        return {row.channel: _state(row) for row in self._connection.execute(select(channel_states))}

    def learn(self, channel: str, limits: Limits, now: datetime) -> None:
        """Keeps what the channel's server told of its limits."""
        self._set(channel, limits=asdict(limits), learned=now)

    def pause(self, channel: str, reason: str, now: datetime) -> bool:
        """Stops a channel until ``resume``; False when it was paused already, whose reason stays."""
        self._make(channel)
        which = (_C.channel == channel, _C.paused == "")
        said = cut(reason if isinstance(reason, Phrase) else storable(reason), 500)
        statement = update(channel_states).where(*which).values(paused=said, paused_at=now)
        return self._connection.execute(statement, execution_options=COUNTED).rowcount == 1

    def resume(self, channel: str) -> bool:
        """Lets a channel go on, ``Jobs.wake_channel`` says so to workers; False when it was not paused."""
        statement = update(channel_states).where(_C.channel == channel, _C.paused != "")
        values = statement.values(paused="", paused_at=None)
        return self._connection.execute(values, execution_options=COUNTED).rowcount == 1

    def paused(self, among: Collection[str]) -> dict[str, str]:
        """Those of these channels that are paused, and why."""
        query = select(_C.channel, _C.paused).where(_C.channel.in_(list(among)), _C.paused != "")
        return {row.channel: row.paused for row in self._connection.execute(query.order_by(_C.channel))}

    def rest(self, channel: str, until: datetime | None) -> None:
        """Keeps until when the channel's server wants no more; None: it takes more now."""
        self._set(channel, rests_until=until)

    def told(self, channel: str, quota: Quota) -> None:
        """Keeps what the channel's server said of how much more it takes."""
        self._set(channel, quota={**asdict(quota), "resets": quota.resets.isoformat()})

    def save(
        self, channel: str, credential: str, *, account: str, expires: datetime | None, now: datetime, serial: int
    ) -> bool:
        """Keeps a credential, encrypted, in the place of the one with ``serial``; False when that is another by now.

        Commit before it is used: of a token that rotates, the old one is worth nothing any more.
        """
        self._make(channel)
        statement = (
            update(channel_states)
            .where(_C.channel == channel, _C.serial == serial)
            .values(credential=credential, account=account, expires=expires, renewed=now, serial=serial + 1)
        )
        return self._connection.execute(statement, execution_options=COUNTED).rowcount == 1

    def disconnect(self, channel: str) -> None:
        """Deletes a channel's tokens, and keeps what else is known of it."""
        values = {"credential": "", "account": "", "expires": None, "renewed": None, "serial": _C.serial + 1}
        self._connection.execute(update(channel_states).where(_C.channel == channel).values(**values))

    def _set(self, channel: str, **values: Any) -> None:
        self._make(channel)
        self._connection.execute(update(channel_states).where(_C.channel == channel).values(**values))

    def _make(self, channel: str) -> None:
        insert_or_ignore(self._connection, channel_states, {"channel": channel})


def _state(row: Row[Any]) -> ChannelState:
    return ChannelState(
        channel=row.channel,
        limits=_limits(row.limits) if row.limits else None,
        learned=row.learned,
        paused=row.paused,
        paused_at=row.paused_at,
        rests_until=row.rests_until,
        quota=_quota(row.quota) if row.quota else None,
        account=row.account,
        credential=row.credential,
        expires=row.expires,
        renewed=row.renewed,
        serial=row.serial,
    )


def _limits(content: Mapping[str, Any]) -> Limits:
    known = {name: value for name, value in content.items() if name in Limits.__dataclass_fields__}
    if "counting" in known:
        known |= {"counting": Counting(known["counting"])}
    if "markup" in known:
        known |= {"markup": Markup(known["markup"])}
    return Limits(**known)


def _quota(content: Mapping[str, Any]) -> Quota:
    resets = datetime.fromisoformat(content["resets"])
    return Quota(remaining=content["remaining"], resets=resets, limit=content.get("limit"))
