"""Who signs up is mailed by the process that ticks, unless nothing may go out; what is over is deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience.newsletters import choices, newsletters
from bot.audience.signup import KEPT_FOR, Wish, request
from bot.channels.base import KINDS
from bot.delivery import flood
from bot.schedules import signups
from bot.schedules.installation import Installation
from bot.schedules.ticker import Ticker
from bot.store.flags import PAUSED, RESTORED, Restored
from bot.testing import KEYS, NOW, Nothing, ScriptedChannel, settings

TOML = """
[channels.mail]
type = "email"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""


class Recording(ScriptedChannel):
    """Keeps what every instance of it sent."""

    Options = Nothing
    everything: list = []

    def __init__(self, name, options, around):
        super().__init__(sent=self.everything)


@pytest.fixture
def installation(store, clock, tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "email", Recording)
    monkeypatch.setattr(Recording, "everything", [])
    return Installation(settings(tmp_path, TOML), store, KEYS, clock)


def ask(installation, address="mara@example.org"):
    offered = newsletters(installation.settings)
    wish = Wish(address=address, choices=choices(offered, ["morning"], {}), language="en", form="page", network=address)
    assert request(installation.store, KEYS, installation.settings.signup, wish, now=installation.clock()) is None


def test_the_ticker_mails_who_asked(installation):
    ask(installation)
    Ticker(installation, told=lambda _news: None)._mail_signups()
    assert [parcel.recipient.address for parcel in Recording.everything] == ["mara@example.org"]


def test_with_nobody_waiting_no_channel_is_opened(installation, monkeypatch):
    monkeypatch.setattr(Installation, "connected", None)
    assert signups.mail_now(installation).sent == 0


@pytest.mark.parametrize("flag", [PAUSED, RESTORED])
def test_nothing_goes_out_while_everything_is_paused_or_the_store_is_a_backup(installation, flag):
    ask(installation)
    with installation.store.write() as tx:
        tx.flags.set(flag, Restored(backup=NOW).text() if flag == RESTORED else "yes", NOW)
    assert signups.mail_now(installation).sent == 0
    with installation.store.write() as tx:
        tx.flags.set(flag, "", NOW)
    assert signups.mail_now(installation).sent == 1


def test_a_flood_stops_the_mails_and_they_come_back_by_themselves(installation):
    for number in range(40):
        ask(installation, f"victim{number}@example.org")
    assert signups.mail_now(installation).sent == 40
    installation.clock.advance(minutes=15)
    ask(installation)
    assert signups.mail_now(installation).sent == 0
    with installation.store.read() as tx:
        assert tx.acts.newest(thing=flood.THING)[0].after == flood.STOPPED
    installation.clock.advance(minutes=60)
    assert signups.mail_now(installation).sent == 1


def test_a_fault_is_told_and_tried_again_later(installation, monkeypatch, caplog):
    ask(installation)
    ticker = Ticker(installation, told=lambda _news: None)
    with monkeypatch.context() as patch:
        patch.setattr(signups, "mail_now", lambda _installation: 1 / 0)
        ticker._mail_signups()
    assert "who signed up gets no mail" in caplog.text
    ticker._mail_signups()
    assert Recording.everything == []
    ticker._signups_rest = 0
    ticker._mail_signups()
    assert len(Recording.everything) == 1


def test_what_is_over_is_swept_away_addresses_and_counts(installation):
    ask(installation)
    installation.clock.moment = NOW + KEPT_FOR + timedelta(seconds=1)
    assert signups.sweep(installation) == 1
    with installation.store.read() as tx:
        assert (tx.counts()["signups"], tx.counts()["allowances"]) == (0, 0)
