"""An edition that nobody saw as it is does not go out, and what an editor took out goes to nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.editions import lifecycle
from bot.model import EditionState, Preferences
from bot.schedules import deciding, editing, readers, revising
from bot.schedules import slot as slots
from bot.schedules.moving import move
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make, send
from bot.testing import NOW, subscribe

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
EARLY = NOW - timedelta(minutes=30)
S = EditionState
BODY = "<p>The work on the tunnel costs £2.4 million, the council said.</p>"


@pytest.fixture
def build(newsroom, publish):
    def made(extra):
        publish("Tunnel shuts", "The ferry returns", body=BODY, standfirst="")
        installation = newsroom(extra + 'prepare_before = "30m"\n[images]\nhost = false\n')
        return installation, make(installation, "morning", SLOT, EARLY)

    return made


def _stored(installation, edition):
    with installation.store.read() as tx:
        return tx.editions.get(edition.id)


def _tell(installation, edition, version, text="The tunnel costs £2.4 million.", **kw):
    return editing.tell(
        installation,
        edition.id,
        edition.stories[0].article.id,
        summary=text,
        version=version,
        who="Tom",
        now=EARLY,
        **kw,
    )


def test_t1_released_goes_unseen(build):
    installation, made = build('approval = true\nif_unapproved = "send"\n')
    deciding.approve(installation, made.id, version=1, who="Ann", now=EARLY)
    _tell(installation, made, 1)
    print(_stored(installation, made).reason)
    lifecycle.hold(installation.store, made.id, who="Tom", now=EARLY)
    lifecycle.release(installation.store, made.id, who="Tom", now=EARLY)
    assert advance(installation, _stored(installation, made), NOW) is S.HELD


def test_t1b_returned_then_hold_release(build):
    installation, made = build('approval = true\nif_unapproved = "send"\n')
    deciding.return_(installation, made.id, version=1, who="Ann", now=EARLY, note="wrong mayor")
    lifecycle.hold(installation.store, made.id, who="Tom", now=EARLY)
    lifecycle.release(installation.store, made.id, who="Tom", now=EARLY)
    assert advance(installation, _stored(installation, made), NOW) is S.HELD


def test_t2_revise_overwrites_approval(build, monkeypatch):
    installation, made = build("")
    assert made.state is S.DRAFTED and not made.approval
    real = revising.compose.render

    def slow(frame, stories):
        monkeypatch.setattr(revising.compose, "render", real)
        deciding.ask(installation, made.id, who="Tom", now=EARLY)
        deciding.return_(installation, made.id, version=None, who="Ann", now=EARLY, note="wrong mayor")
        return real(frame, stories)

    monkeypatch.setattr(revising.compose, "render", slow)
    _tell(installation, made, 1)
    now = _stored(installation, made)
    print(now.state, now.approval, now.reason)
    assert advance(installation, now, NOW) is not S.SENDING


def test_t3_begin_with_stale_approval(build, monkeypatch):
    installation, made = build("")
    real = slots.prepare

    def slow(*a):
        got = real(*a)
        deciding.ask(installation, made.id, who="Tom", now=EARLY)
        deciding.return_(installation, made.id, version=None, who="Ann", now=EARLY, note="wrong mayor")
        return got

    monkeypatch.setattr(slots, "prepare", slow)
    assert advance(installation, made, NOW) is not S.SENDING


def test_t5_send_takes_a_moved_one(build, monkeypatch):
    installation, made = build("")
    fresh = _stored(installation, made)
    move(installation, "morning", SLOT.key, NOW + timedelta(hours=5), who="Ines", now=EARLY)
    assert send(installation, fresh, NOW) is not S.SENDING


def test_t6_send_now_of_withdrawn(build, monkeypatch):
    installation, made = build("")
    gone = installation.settings.tables.model_copy(update={"schedules": {}})
    inst = installation.trying(replace(installation.settings, tables=gone))
    try:
        got = deciding.send_now(inst, made.id, version=1, who="Ann", now=EARLY)
    except Exception as e:
        print("raised", repr(e))
    print(_stored(installation, made).state, _stored(installation, made).reason)
    assert _stored(installation, made).state is S.DRAFTED


def test_t4_stale_variant(newsroom, publish, store, monkeypatch):
    publish("The ferry returns", sections=("Harbour",))
    publish("Rovers win", sections=("Sport",))
    installation = newsroom('prepare_before = "30m"\n[images]\nhost = false\n')
    (reader,) = subscribe(store, "sport@example.org")
    with store.write() as tx:
        tx.subscribers.prefer(reader, "readers", Preferences(topics=("sport",)))
    real = readers.compose.render_variant

    def slow(*a):
        monkeypatch.setattr(readers.compose, "render_variant", real)
        got = real(*a)
        move(installation, "morning", SLOT.key, NOW + timedelta(days=1, hours=5), who="Ines", now=EARLY)
        return got

    monkeypatch.setattr(readers.compose, "render_variant", slow)
    made = make(installation, "morning", SLOT, EARLY)
    now = NOW + timedelta(days=1, hours=5)
    assert advance(installation, _stored(installation, made), now) is S.SENDING
    with store.read() as tx:
        [variant] = tx.editions.variants(made.id, "mail")
        text = tx.editions.rendition(made.id, "mail", variant).email.text
        whole = tx.editions.rendition(made.id, "mail", "").email.text
    assert "25 November" in whole
    assert "25 November" in text, text[:300]


def test_t7_approved_at_the_slot_is_cancelled(build, monkeypatch):
    installation, made = build('approval = true\nif_unapproved = "skip"\n')
    real = slots.findings_of

    def slow(*a):
        got = real(*a)
        return got

    real_cancel = lifecycle.cancel

    def cancel(*a, **k):
        deciding.approve(installation, made.id, version=1, who="Ann", now=NOW)
        return real_cancel(*a, **k)

    monkeypatch.setattr(slots.lifecycle, "cancel", cancel)
    advance(installation, made, NOW)
    print(_stored(installation, made).state)
    assert _stored(installation, made).state is not S.CANCELLED
