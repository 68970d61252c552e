from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience import enrolment
from bot.audience.suppression import allow, suppress
from bot.delivery.engine import Engine
from bot.delivery.sending import begin_sending
from bot.errors import DeliveryError, UsageError
from bot.model import DeliveryState, Receipt, Suppression
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, subscribe

LATER = NOW + timedelta(hours=1)


def _begin(store, **fields):
    made = edition(**fields)
    with store.write() as tx:
        tx.editions.add(made, expires=LATER, report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    return made


async def _deliver(store, clock, mail):
    rules = DeliveryTable()
    await Engine(
        store=store, channels={"mail": mail}, keys=KEYS, clock=clock, rules=rules, jitter=lambda: 0.5
    ).deliver()


def _meanwhile(act):
    """A channel that accepts everything; ``act`` happens while the first mail is under way."""

    def answer(parcel):
        if len(mail.sent) == 1:
            act()
        return Receipt(server="test", code=250)

    mail = ScriptedChannel(answer=answer, connections=1)
    return mail


def _suppression(address, audience="", reason="editor"):
    return Suppression(address=address, reason=reason, at=NOW, audience=audience)


def _ledger(store):
    with store.read() as tx:
        return [(each.state, each.reason) for each in tx.deliveries.page()]


def _acts(store):
    with store.read() as tx:
        return tx.acts.newest()


def _forget(store, address):
    return enrolment.forget(store, address, who="mara", now=NOW)


async def test_who_is_erased_while_an_edition_goes_out_gets_nothing_more(store, clock):
    subscribe(store, "a@example.org", "b@example.org")
    with store.read() as tx:
        second = max(tx.subscribers.page(), key=lambda each: each.id).address
    _begin(store)
    mail = _meanwhile(lambda: _forget(store, second))
    await _deliver(store, clock, mail)
    assert second not in [each.recipient.address for each in mail.sent]
    assert len(mail.sent) == 1
    assert _ledger(store) == [(DeliveryState.ACCEPTED, ""), (DeliveryState.CANCELLED, "erased")]


async def test_who_is_suppressed_while_an_edition_goes_out_gets_nothing_more(store, clock):
    subscribe(store, "a@example.org", "b@example.org")
    with store.read() as tx:
        second = max(tx.subscribers.page(), key=lambda each: each.id).address
    _begin(store)
    mail = _meanwhile(lambda: suppress(store, _suppression(second, reason="complaint"), who="mara"))
    await _deliver(store, clock, mail)
    assert len(mail.sent) == 1
    assert _ledger(store) == [(DeliveryState.ACCEPTED, ""), (DeliveryState.CANCELLED, "suppressed (complaint)")]


def test_a_suppression_of_another_audience_stops_nothing(store):
    subscribe(store, "a@example.org")
    _begin(store)
    assert suppress(store, _suppression("a@example.org", "weekly"), who="mara")
    assert _ledger(store) == [(DeliveryState.PENDING, "")]
    assert suppress(store, _suppression("A@example.org", "readers"), who="mara")
    assert _ledger(store) == [(DeliveryState.CANCELLED, "suppressed (editor)")]


def test_suppressing_and_allowing_is_on_record_once_and_without_the_address(store):
    for _ in range(2):
        suppress(store, _suppression("ida@example.org"), who="mara")
    assert not suppress(store, _suppression("ida@example.org"), who="mara")
    assert allow(store, "ida@example.org", "", who="jo", now=LATER)
    assert not allow(store, "ida@example.org", "", who="jo", now=LATER)
    acts = _acts(store)
    assert [(each.what, each.who) for each in acts] == [("allow", "jo"), ("suppress", "mara")]
    assert len({each.thing for each in acts}) == 1
    assert "ida" not in str(acts)
    with pytest.raises(UsageError, match="not a mail address"):
        suppress(store, _suppression("ida"), who="mara")


async def test_an_erased_address_is_nowhere_any_more(store, clock):
    def refuse(parcel):
        raise DeliveryError(f"550 <{parcel.recipient.address}> unknown", permanent=True)

    subscribe(store, "ida@example.org")
    suppress(store, _suppression("ida@example.org", "weekly", "bounced"), who="mara")
    _begin(store)
    await _deliver(store, clock, ScriptedChannel(answer=refuse))
    assert _forget(store, "IDA@example.org")
    with store.read() as tx:
        found = tx.suppressions.newest()
        (row,) = tx.deliveries.page()
        everything = f"{found} {row} {tx.deliveries.attempts(row.id)} {tx.acts.newest()} {tx.subscribers.page()}"
    assert "ida@" not in everything.casefold()
    assert sorted((each.audience, each.reason) for each in found) == [("", "erased"), ("weekly", "bounced")]


def test_an_address_that_is_only_suppressed_can_be_erased_too(store):
    suppress(store, _suppression("ida@example.org"), who="mara")
    assert _forget(store, "ida@example.org")
    assert not _forget(store, "ida@example.org")
    assert not _forget(store, "nobody@example.org")
    with store.read() as tx:
        assert [each.address for each in tx.suppressions.newest()] == [""]
    assert [each.what for each in _acts(store)] == ["erase subscriber", "suppress"]


def _add(store, address="ida@example.org", now=NOW):
    return enrolment.add(store, address, "readers", name="Ida", by="mara", note="asked at the fair", now=now)


def test_adding_an_address_says_what_became_of_it(store):
    assert _add(store) == "new"
    assert _add(store) == "known"
    with store.write() as tx:
        (found,) = tx.subscribers.find("ida@example.org")
        tx.subscribers.unsubscribe(found.id, "readers", via="page", now=NOW)
    assert _add(store) == "left"
    assert _add(store, now=LATER) == "returned"
    suppress(store, _suppression("tom@example.org"), who="mara")
    assert _add(store, "tom@example.org") == "suppressed"
    with pytest.raises(UsageError):
        _add(store, "tom")
    assert (found.consent.via, found.consent.note) == ("command by mara", "asked at the fair")
    subscribed = [each for each in _acts(store) if each.what == "subscribe"]
    assert [each.thing for each in subscribed] == [f"subscriber:{found.id}"] * 2
    assert "ida" not in str(subscribed)
