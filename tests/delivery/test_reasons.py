"""Why an edition did not reach its readers, in plain groups; and what a person decides of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery import deciding
from bot.delivery.engine import Engine
from bot.delivery.reasons import Follows, groups, readers, readers_named
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import DeliveryError, OutcomeUnknown, StateError
from bot.model import DeliveryState, EditionState, Receipt
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, subscribe

READERS = [f"reader{number:02d}@{'gmail.com' if number % 2 else 'googlemail.com'}" for number in range(8)]
GONE = DeliveryError("mx:25: 550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1", server="mx:25")
FULL = DeliveryError("mx:25: 552 5.2.2 over quota", permanent=True, code=552, enhanced="5.2.2", server="mx:25")
LATER = DeliveryError("mx:25: 450 4.2.1 try later", permanent=False, code=450, enhanced="4.2.1", server="mx:25")
BROKE = OutcomeUnknown("mx:25 broke off after the last byte", server="mx:25")
CROWDED = DeliveryError("mx:25: 452 4.2.2 mailbox full", permanent=False, code=452, enhanced="4.2.2", server="mx:25")


@pytest.fixture
def sending(store):
    subscribe(store, *READERS)
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    return made.id


async def deliver(store, clock, answers):
    def answer(parcel):
        error = answers.get(parcel.recipient.address)
        if error:
            raise error
        return Receipt(server="mx:25", code=250)

    channels = {"mail": ScriptedChannel(answer=answer)}
    engine = Engine(store=store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable(), jitter=lambda: 0.5)
    await engine.deliver()


def told(store, edition_id):
    with store.read() as tx:
        return groups(tx, edition_id)


def states(store, edition_id):
    with store.read() as tx:
        return tx.deliveries.balance(edition_id).states


async def test_each_group_has_a_plain_reason_and_what_follows_from_it(store, clock, sending):
    answers = {READERS[0]: GONE, READERS[1]: GONE, READERS[2]: FULL, READERS[3]: LATER, READERS[4]: BROKE}
    await deliver(store, clock, answers)
    found = {(each.state, each.reason): (each.number, each.follows) for each in told(store, sending)}
    S = DeliveryState
    assert found[S.FAILED, "no such user"] == (2, Follows.NO_MORE_MAIL)
    assert found[S.FAILED, "mailbox full"] == (1, Follows.NEXT_AS_USUAL)
    assert found[S.UNKNOWN, ""] == (1, Follows.DECIDED)
    assert [follows for (state, _), (_, follows) in found.items() if state is S.DEFERRED] == [Follows.TRIED_AGAIN]


async def test_all_readers_are_told_and_those_who_are_sought_by_a_part_of_their_address(store, clock, sending):
    await deliver(store, clock, {READERS[2]: GONE})
    subscribe(store, "reader99@gmail.com")
    seen, after = [], 0
    with store.read() as tx:
        while after is not None:
            page = readers(tx, sending, None, None, after=after, limit=3)
            seen += [each.destination for each in page.deliveries]
            after = page.after
        sought = readers_named(tx, sending, "reader0", None, limit=50)
        failed = readers_named(tx, sending, "reader0", DeliveryState.FAILED, limit=50)
        later = readers_named(tx, sending, "reader99", None, limit=50)
    assert sorted(seen) == READERS
    assert sorted(each.destination for each in sought.deliveries) == READERS
    assert [each.destination for each in failed.deliveries] == [READERS[2]]
    assert later.deliveries == (), "who came later is none of its readers"


async def test_domains_of_one_provider_are_one(store, clock, sending):
    await deliver(store, clock, dict.fromkeys(READERS, GONE))
    (group,) = told(store, sending)
    assert (group.number, group.providers, group.said) == (8, ("gmail.com",), "550 5.1.1 no such user")


async def test_the_readers_of_a_group_come_some_at_a_time(store, clock, sending):
    await deliver(store, clock, {**dict.fromkeys(READERS[:5], GONE), READERS[6]: FULL})
    seen, after = [], 0
    while after is not None:
        with store.read() as tx:
            page = readers(tx, sending, DeliveryState.FAILED, "no such user", after=after, limit=2)
        assert len(page.deliveries) <= 2
        seen += [each.destination for each in page.deliveries]
        after = page.after
    assert sorted(seen) == READERS[:5]


async def test_the_readers_of_a_rare_reason_are_found_behind_many_others(store, clock, sending, monkeypatch):
    monkeypatch.setattr("bot.delivery.reasons.LOOKED_AT", 3)
    await deliver(store, clock, {**dict.fromkeys(READERS[:7], GONE), READERS[7]: FULL})
    seen, after = [], 0
    while after is not None:
        with store.read() as tx:
            page = readers(tx, sending, DeliveryState.FAILED, "mailbox full", after=after, limit=2)
        seen += [each.destination for each in page.deliveries]
        after = page.after
    assert seen == [READERS[7]]


async def test_a_group_is_tried_at_once_and_the_others_wait(store, clock, sending):
    await deliver(store, clock, {**dict.fromkeys(READERS[:3], LATER), READERS[5]: CROWDED})
    reason = next(each.reason for each in told(store, sending) if each.said.startswith("450"))
    assert deciding.retry_edition(store, sending, reason=reason, who="editor", now=NOW) == 3
    with store.read() as tx:
        waiting = tx.deliveries.page(edition=sending, states=[DeliveryState.DEFERRED])
        assert sum(each.not_before is None for each in waiting) == 3
        (act,) = tx.acts.newest(thing=f"edition:{sending}", limit=1)
    assert (act.who, act.what) == ("editor", "retry")
    assert deciding.retry_edition(store, sending, reason="nothing of the kind", who="editor", now=NOW) == 0


async def test_what_is_unknown_of_an_edition_is_settled_at_once(store, clock, sending):
    await deliver(store, clock, dict.fromkeys(READERS[:3], BROKE))
    assert deciding.resolve_edition(store, sending, arrived=True, who="editor", now=NOW) == 3
    assert states(store, sending) == {"accepted": 8}
    assert told(store, sending) == []
    assert deciding.resolve_edition(store, sending, arrived=True, who="editor", now=NOW) == 0


async def test_what_is_sent_again_goes_out_of_an_edition_that_was_sent(store, clock, sending, monkeypatch):
    monkeypatch.setattr(deciding, "AT_ONCE", 2)
    await deliver(store, clock, dict.fromkeys(READERS[:3], BROKE))
    with store.read() as tx:
        assert tx.editions.state(sending) is EditionState.SENT
    assert deciding.resolve_edition(store, sending, arrived=False, who="editor", now=NOW) == 3
    await deliver(store, clock, {})
    assert states(store, sending) == {"accepted": 8}


async def test_nothing_of_a_cancelled_edition_is_sent_again(store, clock, sending):
    await deliver(store, clock, {READERS[0]: BROKE, READERS[1]: LATER})
    lifecycle.cancel(store, sending, who="editor", now=NOW)
    with pytest.raises(StateError, match="nothing of it is sent again"):
        deciding.resolve_edition(store, sending, arrived=False, who="editor", now=NOW)
    assert states(store, sending)["unknown"] == 1
