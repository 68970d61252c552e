"""Who was invited is mailed by the process that ticks, unless nothing may go out; what is over is deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.accounts import invitations, sessions
from bot.channels.base import KINDS
from bot.model import Role
from bot.schedules.installation import Installation
from bot.schedules.invitations import mail_now, sweep
from bot.schedules.ticker import Ticker
from bot.store.flags import PAUSED, RESTORED, Restored
from bot.testing import KEYS, NOW, settings
from tests.accounts.conftest import PASSWORD
from tests.schedules.test_signups import Recording

TOML = '\n[channels.mail]\ntype = "email"\n'


@pytest.fixture
def installation(store, clock, tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "email", Recording)
    monkeypatch.setattr(Recording, "everything", [])
    return Installation(settings(tmp_path, TOML), store, KEYS, clock)


def invite(installation, address="mara@record.example"):
    return invitations.invite(installation.store, address, Role.ADMIN, who="root", now=NOW, mail=True)


def mailed():
    return [parcel.recipient.address for parcel in Recording.everything]


def test_the_ticker_mails_who_was_invited_once(installation):
    invite(installation)
    ticker = Ticker(installation, told=lambda _news: None)
    ticker._mail_invitations()
    ticker._mail_invitations()
    assert mailed() == ["mara@record.example"]


def test_with_nobody_waiting_no_channel_is_opened(installation, monkeypatch):
    monkeypatch.setattr(Recording, "__aenter__", lambda _self: pytest.fail("it was opened"))
    assert mail_now(installation) == 0


def test_a_pause_of_everything_holds_up_no_link_for_somebody_may_need_one_to_end_it(installation):
    invite(installation)
    with installation.store.write() as tx:
        tx.flags.set(PAUSED, "all", NOW)
    assert mail_now(installation) == 1


def test_a_restored_store_mails_nobody(installation):
    invite(installation)
    with installation.store.write() as tx:
        tx.flags.set(RESTORED, Restored(backup=NOW).text(), NOW)
    assert mail_now(installation) == 0
    assert mailed() == []


def test_what_is_over_is_deleted(installation):
    made = invite(installation)
    user = invitations.join(installation.store, made.id, "Mara Lindqvist", PASSWORD, now=NOW)
    with installation.store.write() as tx:
        token = sessions.log_in(tx, user, NOW, kept=True)
    installation.clock.moment = NOW + timedelta(days=13)
    sweep(installation)
    assert sessions.logged_in(installation.store, token, installation.clock())
    installation.clock.moment = NOW + timedelta(days=31)
    sweep(installation)
    with installation.store.read() as tx:
        assert tx.sessions.of(user.id) == []
        assert tx.invitations.get(made.id) is None
        assert tx.users.get(user.id) == user
