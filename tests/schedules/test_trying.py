"""A channel is tried without sending anything, and who tried it is on the record."""

from __future__ import annotations

import pytest

from bot.errors import DeliveryError, NotFound
from bot.schedules.trying import try_out
from tests.schedules.conftest import Scripted


def acts(store):
    with store.read() as tx:
        return [(act.who, act.what, act.note) for act in tx.acts.newest(thing="channel:mail")]


async def test_a_channel_that_works_says_so_and_is_on_the_record(newsroom, store):
    assert await try_out(newsroom(), "mail", "ines") == "answers"
    assert acts(store) == [("ines", "test channel", "answers")]


async def test_a_channel_that_does_not_is_on_the_record_with_what_was_said(newsroom, store, monkeypatch):
    async def refused(self):
        raise DeliveryError("535 authentication failed", permanent=True)

    monkeypatch.setattr(Scripted, "check", refused)
    with pytest.raises(DeliveryError, match="channel mail: 535 authentication failed"):
        await try_out(newsroom(), "mail", "ines")
    assert acts(store) == [("ines", "test channel", "channel mail: 535 authentication failed")]


async def test_a_channel_that_is_not_there_is_not_found(newsroom, store):
    with pytest.raises(NotFound):
        await try_out(newsroom(), "none", "ines")
    assert acts(store) == []


async def test_what_a_stranger_chose_does_nothing_to_a_terminal(newsroom, monkeypatch):
    async def said(self):
        return "as \x1b[31mred\x1b[0m"

    monkeypatch.setattr(Scripted, "check", said)
    assert "\x1b" not in await try_out(newsroom(), "mail", "ines")
