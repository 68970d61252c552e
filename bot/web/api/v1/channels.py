"""``/channels``: whether we can publish, and what is done about it. Connecting one stays with people, on the desk."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from bot.delivery.pausing import pause_channel, resume_channel
from bot.errors import NothingToDo, UsageError
from bot.model import Idempotency, Phrase
from bot.schedules.channel_status import ChannelStatus, Condition, statuses
from bot.schedules.connection import known
from bot.schedules.trying import try_out
from bot.web.api.v1.api import Api, Name, Said
from bot.web.api.v1.caller import Approving, Reading, Writing
from bot.web.api.v1.fault import missing
from bot.web.api.v1.page import Page, whole


class ChannelShown(BaseModel):
    """``expires``: when its permission ends. ``left`` of ``limit`` posts may go until ``resets``; null: not known."""

    name: str
    type: str
    medium: str
    condition: Condition
    why: str
    account: str
    expires: datetime | None
    idempotency: Idempotency | None
    limit: int | None
    left: int | None
    resets: datetime | None
    schedules: list[str]

    @classmethod
    def of(cls, found: ChannelStatus, now: datetime) -> ChannelShown:
        quota = found.state.quota
        still = quota if quota is not None and quota.resets > now else None
        return cls(
            name=found.name,
            type=found.type,
            medium=found.medium,
            condition=found.condition,
            why=found.why,
            account=found.state.account,
            expires=found.state.expires,
            idempotency=found.idempotency,
            limit=still.limit if still else None,
            left=still.remaining if still else None,
            resets=still.resets if still else None,
            schedules=list(found.schedules),
        )


class Tried(BaseModel):
    """What the channel said of itself."""

    said: str


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["channels"]

    def found(name: str) -> ChannelShown:
        installation, now = api.installation, api.now
        with store.read() as tx:
            one = next((each for each in statuses(installation, tx, now) if each.name == name), None)
        if one is None:
            raise missing("channel")
        return ChannelShown.of(one, now)

    @router.get("/channels", tags=tags)
    def every(caller: Reading) -> Page[ChannelShown]:
        """All channels, in the settings' order."""
        installation, now = api.installation, api.now
        with store.read() as tx:
            return whole([ChannelShown.of(each, now) for each in statuses(installation, tx, now)])

    @router.get("/channels/{name}", tags=tags)
    def one(caller: Reading, name: Name) -> ChannelShown:
        """One of them."""
        return found(name)

    @router.post("/channels/{name}/test", tags=tags)
    def test(caller: Writing, name: Name) -> Tried:
        """Signs in, and posts nothing."""
        return Tried(said=asyncio.run(try_out(api.installation, name, caller.who)))

    @router.post("/channels/{name}/pause", tags=tags)
    def pause(caller: Approving, name: Name, said: Said | None = None) -> ChannelShown:
        """Its posts wait. Mail is paused by its edition."""
        if found(name).medium != "post":
            raise UsageError("mail is paused by its edition: this channel posts nothing")
        reason = (said.note if said else "") or Phrase("paused by %(name)s", name=caller.who)
        with store.write() as tx:
            if not pause_channel(tx, name, reason, api.now, caller.who):
                raise NothingToDo("it is paused already")
        return found(name)

    @router.post("/channels/{name}/resume", tags=tags)
    def resume(caller: Approving, name: Name, said: Said | None = None) -> ChannelShown:
        """What waits is posted."""
        known(api.installation, name)
        resume_channel(store, name, caller.who, api.now, said.note if said else "")
        return found(name)
