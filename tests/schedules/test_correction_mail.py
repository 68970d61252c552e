"""A correction as a mail of its own: who has the mail that was wrong is told, once, when an approver says yes."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from bot.clock import SetClock
from bot.delivery.engine import Engine
from bot.editions import lifecycle
from bot.errors import DeliveryError, StateError, UsageError
from bot.model import CORRECTION_MAIL, EditionState, Receipt, Suppression
from bot.schedules import deciding
from bot.schedules.corrected import correct, drop, reach, stands
from bot.schedules.correction_mail import WAITS, readers_of
from bot.schedules.needs import Kind, needs
from bot.schedules.plan import Slot
from bot.schedules.slot import make
from bot.schedules.tick import Ticked, advance_waiting
from bot.testing import KEYS, NOW, subscribe
from tests.schedules.conftest import Scripted

SAID, RIGHT = "The subsidy is $14 million a year.", "It is $1.4 million a year."
LATER = NOW + timedelta(hours=2)
TOMORROW = NOW + timedelta(days=1)
ADA, TOM, EVA, LEO = (f"{name}@example.org" for name in ("ada", "tom", "eva", "leo"))


class Told:
    """An edition that told an article, and to whom what is sent after it goes."""

    def __init__(self, installation):
        self.installation, self.store = installation, installation.store
        self.mail = Scripted("mail", None, None)

    def work(self, now):
        """What a tick and the engine after it do; returns who got a mail, and what it was."""
        before = len(self.mail.sent)
        advance_waiting(self.installation, now, Ticked())
        rules = self.installation.settings.delivery
        asyncio.run(Engine(self.store, {"mail": self.mail}, KEYS, SetClock(now), rules).deliver())
        return {each.recipient.address: each.rendition.email for each in self.mail.sent[before:]}

    def edition(self, day, now=None):
        due = NOW + timedelta(days=day)
        made = make(self.installation, "morning", Slot("morning", f"{due:%Y-%m-%dT%H:%M}", due), now or due)
        return made, self.work(due)

    def correct(self, now=LATER, **asked):
        return correct(self.installation, 1, said=SAID, right=RIGHT, who="mara", now=now, **{"mail_now": True, **asked})

    def own(self):
        """The correction's own mail, as it stands."""
        with self.store.read() as tx:
            (correction,) = reach(tx, 1).corrections
            return tx.editions.get(correction.carried) if correction.carried else None

    def approve(self, who="noor", now=LATER):
        own = self.own()
        return deciding.approve(self.installation, own.id, version=own.version, who=who, now=now)

    def stands(self):
        with self.store.read() as tx:
            found = reach(tx, 1)
            return stands(self.installation, found, found.corrections[-1])


@pytest.fixture
def build(newsroom, publish, store):
    """Ada, Tom and Eva were mailed the article; Eva's server refused it. ``extra`` is added to the settings."""

    def built(extra=""):
        (ferry,) = publish("The ferry returns")
        with store.write() as tx:
            whole = dataclasses.replace(ferry, body="<p>The subsidy is $14 million a year. It sails on Friday.</p>")
            tx.articles.put(whole, url_key=whole.url, present={whole.guid}, now=whole.published)
        installation = newsroom(extra)
        with store.write() as tx:
            tx.subscribers.unsubscribe(tx.subscribers.id_of("reader@example.org"), "readers", via="page", now=NOW)
        subscribe(store, ADA, TOM, EVA, at=NOW - timedelta(days=1))
        made = Told(installation)

        def answer(parcel):
            if parcel.recipient.address == EVA:
                raise DeliveryError("550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1")
            return Receipt(server="mx", code=250)

        made.mail.answer = answer
        _, got = made.edition(0)
        assert set(got) == {ADA, TOM, EVA}
        with store.write() as tx:
            right = dataclasses.replace(whole, body=whole.body.replace("$14 million", "$1.4 million"))
            tx.articles.put(right, url_key=right.url, present={right.guid}, now=LATER)
        subscribe(store, LEO, at=LATER)
        return made

    return built


@pytest.fixture
def told(build):
    return build()


def test_it_goes_to_those_whose_mail_was_accepted_once_it_is_approved_and_once(told):
    told.correct()
    own = told.own()
    assert (own.state, own.approval, own.slot_key.startswith(CORRECTION_MAIL)) == (EditionState.AWAITING, True, True)
    assert told.work(LATER) == {}, "nobody said yes"
    told.approve()
    got = told.work(LATER)
    assert set(got) == {ADA, TOM}, "not whose server refused it, and not who came later"
    mail = got[ADA]
    assert mail.subject == "Correction: The ferry returns"
    for part in (mail.html, mail.text, mail.web):
        assert SAID in part
        assert RIGHT in part
    assert mail.html.index(SAID) < mail.html.index("<h1"), "what was wrong comes before the story"
    assert mail.text.index(SAID) < mail.text.rindex("The ferry returns")
    assert told.work(LATER) == told.work(TOMORROW) == {}
    assert told.own().state is EditionState.SENT
    assert told.stands() == f"told by edition {own.id}, a mail of its own"


def test_the_next_edition_does_not_say_it_again(told, publish):
    told.correct()
    told.approve()
    told.work(LATER)
    publish("Other news", published=TOMORROW - timedelta(hours=1))
    _, got = told.edition(1)
    assert set(got) == {ADA, TOM, EVA, LEO}
    assert not any(SAID in each.text for each in got.values())


def test_who_left_or_must_not_be_mailed_by_then_gets_none(told):
    told.correct()
    with told.store.write() as tx:
        tx.subscribers.unsubscribe(tx.subscribers.id_of(ADA), "readers", via="page", now=LATER)
        tx.suppressions.add(Suppression(address=TOM, reason="complained", at=LATER))
    own = told.approve()
    assert told.work(LATER) == {}
    with told.store.read() as tx:
        assert tx.deliveries.balance(own.id).states == {"suppressed": 1}
    assert told.stands() == "the next edition tells it", "nobody was told it"


def test_who_leaves_between_the_yes_and_the_mail_gets_none(told):
    told.correct()
    told.approve()
    advance_waiting(told.installation, LATER, Ticked())
    with told.store.write() as tx:
        tx.subscribers.unsubscribe(tx.subscribers.id_of(ADA), "readers", via="page", now=LATER)
    assert set(told.work(LATER)) == {TOM}


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_ended_before_it_went_out_it_leaves_the_correction_to_the_next_edition(told, publish, end):
    told.correct()
    own = told.own()
    if end == "cancel":
        lifecycle.cancel(told.store, own.id, who="mara", now=LATER)
    else:
        told.work(LATER + WAITS + timedelta(minutes=1))
    assert told.own() is None
    assert told.stands() == "the next edition tells it"
    publish("Other news", published=TOMORROW + timedelta(hours=23))
    _, got = told.edition(2)
    assert all(SAID in each.text for each in got.values())


def test_what_a_schedule_says_of_unapproved_editions_is_not_said_of_it(told):
    tables = told.installation.settings.tables.schedules
    tables["morning"] = tables["morning"].model_copy(update={"approval": True, "if_unapproved": "send"})
    told.correct()
    assert told.work(LATER + timedelta(hours=5)) == {}
    assert told.own().state is EditionState.AWAITING


def test_the_same_is_not_told_twice(told):
    told.correct()
    for more in ({}, {"mail_now": False}):
        with pytest.raises(StateError):
            told.correct(**more)
    with pytest.raises(StateError, match="an edition tells it already"):
        with told.store.read() as tx:
            newest = reach(tx, 1).corrections[-1].id
        drop(told.installation, newest, who="mara", now=LATER)


def test_with_four_eyes_who_wrote_the_correction_does_not_say_yes_to_it(build):
    told = build("\n[desk]\nfour_eyes = true\n")
    told.correct()
    with pytest.raises(StateError, match="Another approver must say yes"):
        told.approve(who="mara")
    assert told.approve(who="noor").state is EditionState.APPROVED


def test_an_article_that_was_withdrawn_has_no_mail_of_its_own(told):
    with told.store.write() as tx:
        tx.articles.withdraw("site", [tx.articles.get(1).guid], LATER)
    with pytest.raises(UsageError, match="withdrawn"):
        told.correct()
    with told.store.read() as tx:
        assert reach(tx, 1).corrections == (), "nothing is kept of it"


def test_where_nobody_has_the_mail_it_is_left_to_the_next_edition(newsroom, publish, store):
    publish("The ferry returns")
    told = Told(newsroom())

    def answer(parcel):
        raise DeliveryError("550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1")

    told.mail.answer = answer
    told.edition(0)
    with pytest.raises(UsageError, match="nobody is known to have it"):
        told.correct()


def test_it_waits_for_a_person_with_how_many_it_goes_to(told):
    told.correct()
    with told.store.read() as tx:
        (need,) = (each for each in needs(tx, told.installation, LATER) if each.kind is Kind.APPROVE)
        assert readers_of(tx, told.own().id) == 2
    assert (need.thing, need.number, need.due, need.by) == (told.own().id, 2, None, LATER + WAITS)
