"""An edition that nobody saw as it is does not go out, and what an editor took out goes to nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.editions import lifecycle
from bot.errors import StateError
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


def test_an_edition_changed_after_its_approval_is_unseen_also_when_it_was_held_and_released(build):
    installation, made = build('approval = true\nif_unapproved = "send"\n')
    deciding.approve(installation, made.id, version=1, who="Ann", now=EARLY)
    _tell(installation, made, 1)
    lifecycle.hold(installation.store, made.id, who="Tom", now=EARLY)
    lifecycle.release(installation.store, made.id, who="Tom", now=EARLY)
    assert advance(installation, _stored(installation, made), NOW) is S.HELD


def test_a_returned_edition_is_unseen_also_when_it_was_held_and_released(build):
    installation, made = build('approval = true\nif_unapproved = "send"\n')
    deciding.return_(installation, made.id, version=1, who="Ann", now=EARLY, note="wrong mayor")
    lifecycle.hold(installation.store, made.id, who="Tom", now=EARLY)
    lifecycle.release(installation.store, made.id, who="Tom", now=EARLY)
    assert advance(installation, _stored(installation, made), NOW) is S.HELD


def test_an_edition_returned_while_an_edit_of_it_is_rendered_does_not_go_out(build, monkeypatch):
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
    assert advance(installation, now, NOW) is not S.SENDING


def test_an_edition_returned_while_its_variants_are_rendered_does_not_go_out(build, monkeypatch):
    installation, made = build("")
    real = slots.prepare

    def slow(*a):
        got = real(*a)
        deciding.ask(installation, made.id, who="Tom", now=EARLY)
        deciding.return_(installation, made.id, version=None, who="Ann", now=EARLY, note="wrong mayor")
        return got

    monkeypatch.setattr(slots, "prepare", slow)
    assert advance(installation, made, NOW) is not S.SENDING


def test_an_edition_moved_after_it_was_judged_does_not_go_out_now(build, monkeypatch):
    installation, made = build("")
    fresh = _stored(installation, made)
    move(installation, "morning", SLOT.key, NOW + timedelta(hours=5), who="Ines", now=EARLY)
    assert send(installation, fresh, NOW) is not S.SENDING


def test_an_edition_of_a_schedule_that_is_gone_is_not_sent_to_nobody(build, monkeypatch):
    installation, made = build("")
    gone = installation.settings.tables.model_copy(update={"schedules": {}})
    inst = installation.trying(replace(installation.settings, tables=gone))
    with pytest.raises(StateError):
        deciding.send_now(inst, made.id, version=1, who="Ann", now=EARLY)
    assert _stored(installation, made).state is S.DRAFTED


def test_a_variant_rendered_before_a_move_is_not_kept(newsroom, publish, store, monkeypatch):
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
    assert "25 November" in text


def test_an_approval_in_the_second_of_the_slot_holds(build, monkeypatch):
    installation, made = build('approval = true\nif_unapproved = "skip"\n')
    real_cancel = lifecycle.cancel

    def cancel(*a, **k):
        deciding.approve(installation, made.id, version=1, who="Ann", now=NOW)
        return real_cancel(*a, **k)

    monkeypatch.setattr(slots.lifecycle, "cancel", cancel)
    advance(installation, made, NOW)
    assert _stored(installation, made).state is not S.CANCELLED


def test_an_edition_that_was_given_another_story_is_not_cancelled_for_the_one_that_was_withdrawn(
    newsroom, publish, store, monkeypatch
):
    (first,) = publish("The ferry returns")
    installation = newsroom('prepare_before = "30m"\n[images]\nhost = false\n')
    made = make(installation, "morning", SLOT, EARLY)
    publish("Rovers win")
    with store.write() as tx:
        tx.articles.withdraw("site", [first.guid], EARLY)
    real_cancel = lifecycle.cancel

    def cancel(*a, **k):
        editing.add(installation, made.id, 2, version=1, who="Ines", now=EARLY)
        return real_cancel(*a, **k)

    monkeypatch.setattr(slots.lifecycle, "cancel", cancel)
    advance(installation, made, EARLY)
    assert _stored(installation, made).state is S.DRAFTED
    monkeypatch.setattr(slots.lifecycle, "cancel", real_cancel)
    assert advance(installation, _stored(installation, made), NOW) is S.SENDING
    assert [each.article.title for each in _stored(installation, made).stories] == ["Rovers win"]
