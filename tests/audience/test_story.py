from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience import care
from bot.audience.story import CONSENTS, MAILS, Kind, story
from bot.audience.suppression import suppress
from bot.delivery.sending import begin_sending
from bot.model import (
    Act,
    Consent,
    DeliveryState,
    EditionState,
    Event,
    Evidence,
    Preferences,
    Signup,
    SignupOutcome,
    Suppression,
    Verdict,
)
from bot.testing import NOW, edition, subscribe

ADDRESS = "ida@example.org"


@pytest.fixture
def ida(store):
    return subscribe(store, ADDRESS, at=NOW - timedelta(days=100))[0]


def _send(store, day, state=DeliveryState.ACCEPTED, reason=""):
    at = NOW + timedelta(days=day)
    made = edition(slot=at, slot_key=f"day {day}", state=EditionState.DRAFTED)
    with store.write() as tx:
        tx.editions.add(made, expires=at + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=at)
    with store.write() as tx:
        table = "UPDATE deliveries SET state = %s, reason = %s WHERE edition = %s"
        style = table if tx.connection.dialect.name == "postgresql" else table.replace("%s", "?")
        tx.connection.exec_driver_sql(style, (state, reason, made.id))
    return made


def _told(store, reader, **kind):
    with store.read() as tx:
        return story(tx, reader, ADDRESS, **kind)


def _kinds(found):
    return [each.kind for each in found.entries]


def test_mails_that_say_the_same_are_told_as_one(store, ida):
    for day in range(5):
        _send(store, day)
    _send(store, 5, DeliveryState.FAILED, "no such user")
    _send(store, 6)
    found = _told(store, ida, kinds=MAILS).entries
    assert [(each.mail.state, each.count) for each in found] == [("accepted", 1), ("failed", 1), ("accepted", 5)]
    assert (found[2].since, found[2].at) == (NOW, NOW + timedelta(days=4))


def test_something_in_between_ends_a_run(store, ida):
    for day in range(6):
        _send(store, day)
    with store.write() as tx:
        at = NOW + timedelta(days=2, hours=1)
        tx.acts.add(Act(at=at, who="reader", what="prefer", thing=f"subscriber:{ida}", note="readers"))
    counts = [(each.kind, each.count) for each in _told(store, ida).entries]
    assert counts == [(Kind.MAIL, 3), (Kind.CHOSE, 1), (Kind.MAIL, 3), (Kind.CONSENT, 1)]


def test_mails_that_were_not_sent_for_other_reasons_are_told_apart(store, ida):
    for day in range(3):
        _send(store, day, DeliveryState.EXCLUDED, "paused")
    for day in range(3, 6):
        _send(store, day, DeliveryState.EXCLUDED, "no topic new")
    assert [(each.mail.reason, each.count) for each in _told(store, ida, kinds=MAILS).entries] == [
        ("no topic new", 3),
        ("paused", 3),
    ]


def test_consents_past_and_present_stand_in_the_line_with_their_ends(store, ida):
    with store.write() as tx:
        tx.subscribers.unsubscribe(ida, "readers", via="one-click", now=NOW)
        consent = Consent(at=NOW + timedelta(days=1), via="sign-up", evidence=Evidence(form="page"))
        tx.subscribers.subscribe(ADDRESS, "readers", consent)
    found = _told(store, ida, kinds=CONSENTS).entries
    assert [(each.kind, each.past) for each in found] == [
        (Kind.CONSENT, False),
        (Kind.LEFT, False),
        (Kind.CONSENT, True),
    ]
    assert found[0].consent.evidence.form == "page"
    assert found[1].via == "one-click"


def test_an_import_is_told_apart_from_the_day_on_which_the_reader_agreed(store):
    agreed, via = NOW - timedelta(days=700), "import of readers.csv by mara"
    with store.write() as tx:
        consent = Consent(at=agreed, via=via, evidence=Evidence(written="2024-12-24", imported=NOW))
        tx.subscribers.subscribe(ADDRESS, "readers", consent)
        reader = tx.subscribers.id_of(ADDRESS)
    found = _told(store, reader, kinds=CONSENTS).entries
    assert [(each.kind, each.at) for each in found] == [(Kind.IMPORTED, NOW), (Kind.CONSENT, agreed)]
    assert found[0].via == via


def test_what_came_back_is_told_but_for_the_answer_that_the_mail_itself_tells(store, ida):
    made = _send(store, 0, DeliveryState.FAILED, "mailbox full")
    with store.write() as tx:
        (mail,), _ = tx.readers.mails(ida)
        given = {"verdict": Verdict.SOFT, "delivery": mail.id, "edition": made.id, "subscriber": ida}
        tx.events.add(Event(key="at once", at=NOW, source="smtp", **given))
        tx.events.add(Event(key="later", at=NOW + timedelta(hours=1), source="maildir", **given))
    assert _kinds(_told(store, ida, kinds=MAILS)) == [Kind.BOUNCE, Kind.MAIL]


def test_lists_requests_and_acts_of_editors_are_part_of_the_story(store, ida):
    listed = Suppression(address=ADDRESS, reason="complaint", at=NOW + timedelta(days=1))
    assert suppress(store, listed, who="mara")
    with store.write() as tx:
        tx.signups.add(
            Signup(
                id="a" * 26,
                address=ADDRESS,
                choices={"readers": Preferences()},
                language="en",
                evidence=Evidence(form="page"),
                requested=NOW,
            )
        )
    assert care.send_data(store, ida, language="en", who="mara", now=NOW + timedelta(days=2))
    assert _kinds(_told(store, ida)) == [Kind.ACT, Kind.SUPPRESSED, Kind.ASKED, Kind.CONSENT]


def test_a_long_story_goes_on_page_by_page_and_tells_each_thing_once(store, ida, monkeypatch):
    for day in range(4):
        _send(store, day, DeliveryState.FAILED, f"reason {day}")
    with store.write() as tx:
        tx.acts.add(
            Act(
                at=NOW + timedelta(days=1, hours=1),
                who="reader",
                what="prefer",
                thing=f"subscriber:{ida}",
                note="readers",
            )
        )
    real = type(tx.readers).mails
    monkeypatch.setattr(
        type(tx.readers), "mails", lambda self, reader, before=None: real(self, reader, limit=2, before=before)
    )
    first = _told(store, ida)
    assert first.before == NOW + timedelta(days=2)
    second = _told(store, ida, before=first.before)
    assert _kinds(first) == [Kind.MAIL, Kind.MAIL]
    assert _kinds(second) == [Kind.CHOSE, Kind.MAIL, Kind.MAIL, Kind.CONSENT]
    assert second.before is None


def test_an_editor_unsubscribes_a_reader_and_what_waits_does_not_go_out(store, ida):
    made = edition(state=EditionState.DRAFTED)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    left = care.unsubscribe(store, ida, "", who="mara", note="by telephone", now=NOW)
    assert (left.audiences, left.cancelled) == (("readers",), 1)
    assert care.unsubscribe(store, ida, "", who="mara", note="", now=NOW).audiences == ()
    with store.read() as tx:
        acts = [(act.who, act.what, act.note) for act in tx.acts.newest(thing=f"subscriber:{ida}")]
    assert acts == [("mara", "unsubscribe", "readers, by telephone, 1 delivery cancelled")]


def test_a_reader_is_sent_their_data_once_a_day(store, ida):
    assert care.send_data(store, ida, language="en", who="mara", now=NOW)
    assert not care.send_data(store, ida, language="en", who="mara", now=NOW + timedelta(hours=1))
    assert not care.send_data(store, 7, language="en", who="mara", now=NOW)


@pytest.mark.parametrize(("hours", "again"), [(23, False), (25, True)])
def test_a_confirmation_goes_again_after_a_day_and_keeps_what_was_asked(store, hours, again):
    asked = Signup(
        id="a" * 26,
        address="noor@example.org",
        choices={"readers": Preferences()},
        language="de",
        evidence=Evidence(form="embed", page="https://record.example/", requested=NOW),
        requested=NOW,
    )
    with store.write() as tx:
        tx.signups.add(asked)
        assert tx.signups.went_ahead(asked.id, SignupOutcome.CONFIRM, NOW)
    later = NOW + timedelta(hours=hours)
    made = care.confirm_again(store, asked.id, who="mara", now=later)
    assert bool(made) is again
    with store.read() as tx:
        assert [each.id for each in tx.signups.due(later, 9)] == ([made.id] if made else [])
        assert len(tx.signups.unconfirmed()) == 1
    if made:
        assert (made.evidence, made.language, made.choices) == (asked.evidence, "de", asked.choices)
        assert care.confirm_again(store, asked.id, who="mara", now=later) is None
