from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.delivery.engine import Engine
from bot.delivery.sending import begin_sending, close_if_done
from bot.editions import lifecycle
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState, EditionState, Post, Receipt, Rendition
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, email, subscribe

READERS = [f"reader{number:02d}@example.org" for number in range(12)]


@pytest.fixture
def engine(store, clock):
    def build(*, rules=None, stop=lambda: False, **channels):
        return Engine(
            store=store,
            channels=channels,
            keys=KEYS,
            clock=clock,
            rules=rules or DeliveryTable(),
            stop=stop,
            jitter=lambda: 0.5,
        )

    return build


def _begin(store, **fields):
    made = edition(**fields)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    return made


def _states(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
        state = tx.editions.state(made.id)
    assert balance.balanced
    return state, balance.states


def _refusing(error, *, only=None):
    def answer(parcel):
        if only is None or parcel.recipient.address in only:
            raise error
        return Receipt(server="test", code=250)

    return answer


async def test_everybody_gets_it_once_and_the_edition_is_sent(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel()
    assert await engine(mail=mail).deliver() == 12
    assert Counter(parcel.recipient.address for parcel in mail.sent) == Counter(READERS)
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})
    assert await engine(mail=mail).deliver() == 0
    assert len(mail.sent) == 12


@pytest.mark.parametrize("gone", [BrokenPipeError, SystemExit])
async def test_whoever_looks_on_and_is_gone_breaks_off_no_send(store, engine, gone):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel()
    watched = engine(mail=mail)

    def leave(*_):
        raise gone

    watched.watch = watched.ended = leave
    assert await watched.deliver() == 12
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})


async def test_each_delivery_has_its_own_token_and_the_same_on_each_attempt(store, engine, clock):
    subscribe(store, *READERS)
    _begin(store)
    mail = ScriptedChannel(answer=_refusing(DeliveryError("452", permanent=False)))
    await engine(mail=mail).deliver()
    clock.advance(hours=2)
    await engine(mail=mail).deliver()
    tokens = Counter(parcel.token for parcel in mail.sent)
    assert len(tokens) == 12
    assert set(tokens.values()) == {2}


async def test_the_attempt_is_committed_before_the_channel_is_asked(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    seen = []

    def look(parcel):
        with store.read() as tx:
            seen.append([tx.deliveries.get(parcel.delivery).state])
        return Receipt(server="test", code=250)

    await engine(mail=ScriptedChannel(answer=look)).deliver()
    assert seen == [[DeliveryState.ATTEMPTING]] * 12
    assert _states(store, made)[0] is EditionState.SENT


async def test_stories_are_consumed_with_the_first_attempt(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    await engine(mail=ScriptedChannel(answer=_refusing(DeliveryError("no", permanent=True)))).deliver()
    with store.read() as tx:
        assert tx.editions.last_sent("morning").id == made.id


async def test_a_permanent_refusal_fails_one_and_stops_nobody(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    gone = DeliveryError("550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1")
    await engine(mail=ScriptedChannel(answer=_refusing(gone, only=READERS[:1]))).deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 11, "failed": 1})


async def test_a_temporary_refusal_is_tried_again_when_its_time_has_come(store, engine, clock):
    subscribe(store, *READERS)
    made = _begin(store)
    full = DeliveryError("452 4.2.2 full", permanent=False, code=452)
    mail = ScriptedChannel(answer=_refusing(full, only=READERS[:2]))
    await engine(mail=mail).deliver()
    assert _states(store, made) == (EditionState.SENDING, {"accepted": 10, "deferred": 2})
    assert await engine(mail=mail).deliver() == 0
    clock.advance(seconds=61)
    mail.answer = lambda parcel: Receipt(server="test", code=250)
    assert await engine(mail=mail).deliver() == 2
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})


async def test_a_delivery_that_is_refused_for_its_whole_life_fails(store, engine, clock):
    subscribe(store, READERS[0])
    made = _begin(store)
    mail = ScriptedChannel(answer=_refusing(DeliveryError("452", permanent=False)))
    for _ in range(40):
        await engine(mail=mail).deliver()
        clock.advance(hours=1, minutes=15)
    assert _states(store, made) == (EditionState.SENT, {"failed": 1})
    assert 20 <= len(mail.sent) <= 30


async def test_when_we_are_refused_the_edition_pauses_and_nobody_fails(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(answer=_refusing(ChannelRefused("535 5.7.8 bad password", code=535)), connections=2)
    await engine(mail=mail).deliver()
    state, states = _states(store, made)
    assert state is EditionState.PAUSED
    assert set(states) <= {"pending", "deferred"}
    assert len(mail.sent) <= 2
    with store.read() as tx:
        assert "535" in tx.editions.get(made.id).reason
        assert tx.acts.newest(thing=f"edition:{made.id}")[0].what == "pause"
    mail.answer = lambda parcel: Receipt(server="test", code=250)
    with store.write() as tx:
        tx.editions.move(made.id, to=EditionState.SENDING, since=[EditionState.PAUSED], now=NOW)
    await engine(mail=mail).deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})


async def test_a_busy_server_gets_nothing_more_until_it_has_cooled(store, engine, clock):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(answer=_refusing(ServerBusy("421", code=421, retry_after=300)), connections=1)
    working = engine(mail=mail)
    await working.deliver()
    assert len(mail.sent) == 1
    clock.advance(seconds=200)
    assert await working.deliver() == 0
    mail.answer = lambda parcel: Receipt(server="test", code=250)
    clock.advance(seconds=101)
    assert await working.deliver() == 12
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})


async def test_a_line_that_broke_after_the_last_byte_is_unknown_and_not_sent_again(store, engine, clock):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(answer=_refusing(OutcomeUnknown("the line broke"), only=READERS[:1]))
    await engine(mail=mail).deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 11, "unknown": 1})
    with store.read() as tx:
        assert tx.editions.get(made.id).reason == "1 unknown"
    clock.advance(days=2)
    assert await engine(mail=mail).deliver() == 0


async def test_under_the_policy_resend_an_unknown_goes_out_again_with_the_same_token(store, engine, clock):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(answer=_refusing(OutcomeUnknown("the line broke"), only=READERS[:1]))
    resending = engine(mail=mail, rules=DeliveryTable(unknown="resend"))
    await resending.deliver()
    assert _states(store, made) == (EditionState.SENDING, {"accepted": 11, "pending": 1})
    mail.answer = lambda parcel: Receipt(server="test", code=250)
    clock.advance(seconds=61)
    await resending.deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})
    assert sorted(Counter(parcel.token for parcel in mail.sent).values())[-2:] == [1, 2]


async def test_a_fault_of_the_program_is_unknown_and_pauses_the_edition(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(answer=_refusing(ZeroDivisionError("oops")), connections=1)
    await engine(mail=mail).deliver()
    state, states = _states(store, made)
    assert state is EditionState.PAUSED
    assert states["unknown"] == 1
    assert len(mail.sent) == 1


async def test_a_stop_lets_what_is_in_flight_finish_and_leaves_the_rest_pending(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(connections=1)
    await engine(mail=mail, stop=lambda: len(mail.sent) >= 5).deliver()
    assert _states(store, made) == (EditionState.SENDING, {"accepted": 5, "pending": 7})
    await engine(mail=mail).deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})
    assert len(mail.sent) == 12


async def test_two_engines_at_once_send_nothing_twice(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    one, two = ScriptedChannel(), ScriptedChannel()
    await asyncio.gather(engine(mail=one).deliver(), engine(mail=two).deliver())
    sent = Counter(parcel.recipient.address for parcel in one.sent + two.sent)
    assert sent == Counter(READERS)
    assert _states(store, made) == (EditionState.SENT, {"accepted": 12})


async def test_gmail_and_yahoo_who_unsubscribes_in_mid_send_gets_nothing_more(store, engine):
    # The ledger goes by the subscribers' ids, which are random.
    last = max(subscribe(store, *READERS))
    made = _begin(store)
    mail = ScriptedChannel(connections=1)

    def leave(parcel):
        if len(mail.sent) == 1:
            with store.write() as tx:
                tx.subscribers.unsubscribe(last, "readers", via="link", now=NOW)
                tx.deliveries.cancel_subscriber(last, "readers", "unsubscribed", NOW)
        return Receipt(server="test", code=250)

    mail.answer = leave
    await engine(mail=mail).deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 11, "cancelled": 1})
    assert last not in {parcel.recipient.subscriber for parcel in mail.sent}


async def test_one_channel_that_fails_stops_no_other(store, engine):
    subscribe(store, *READERS)
    post = Rendition(channel="hook", post=Post(text="news"))
    made = _begin(store, renditions=(Rendition(channel="mail", email=email()), post))
    mail = ScriptedChannel()
    hook = ScriptedChannel(answer=lambda parcel: (_ for _ in ()).throw(ServerBusy("503")), medium="post")
    await engine(mail=mail, hook=hook).deliver()
    assert len(mail.sent) == 12
    assert _states(store, made) == (EditionState.SENDING, {"accepted": 12, "deferred": 1})


async def test_an_edition_whose_channel_left_the_settings_pauses_and_says_so(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    await engine().deliver()
    with store.read() as tx:
        found = tx.editions.get(made.id)
    assert found.state is EditionState.PAUSED
    assert "mail" in found.reason


async def test_an_edition_without_a_reader_is_not_called_sent_and_frees_its_stories(store):
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert not begin_sending(store, made, audience="readers", now=NOW)
    with store.read() as tx:
        found = tx.editions.get(made.id)
    assert found.state is EditionState.CANCELLED
    assert "nobody" in found.reason
    again = edition(lead=made.stories[0].article)
    with store.write() as tx:
        assert tx.editions.add(again, expires=NOW + timedelta(hours=3), report={})


async def test_books_that_do_not_balance_pause_the_edition(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    with store.write() as tx:
        tx.editions.set_snapshot(made.id, 13)
    await engine(mail=ScriptedChannel()).deliver()
    with store.read() as tx:
        found = tx.editions.get(made.id)
    assert found.state is EditionState.PAUSED
    assert "do not balance" in found.reason
    assert close_if_done(store, made.id, NOW) is None


async def test_a_dead_process_is_recovered_at_the_next_start(store, engine, monkeypatch):
    subscribe(store, *READERS)
    made = _begin(store)
    with store.write() as tx:
        chunk = tx.chunks.claim("mail", owner="elsewhere/1/1", now=NOW, until=NOW + timedelta(minutes=10))
        tx.deliveries.attempt(chunk, [tx.deliveries.due(chunk, NOW)[0].id], NOW)
    monkeypatch.setattr("bot.delivery.engine.owner.has_died", lambda owner: owner == "elsewhere/1/1")
    mail = ScriptedChannel()
    await engine(mail=mail).deliver()
    assert len(mail.sent) == 11
    assert _states(store, made) == (EditionState.SENT, {"accepted": 11, "unknown": 1})


async def test_what_is_cancelled_during_its_attempt_is_not_deferred_for_ever(store, engine):
    subscribe(store, READERS[0])
    made = _begin(store)

    def cancel(parcel):
        lifecycle.cancel(store, made.id, who="mara", now=NOW)
        raise DeliveryError("452", permanent=False)

    await engine(mail=ScriptedChannel(answer=cancel)).deliver()
    assert _states(store, made) == (EditionState.CANCELLED, {"cancelled": 1})


async def test_a_pause_keeps_even_the_next_message_back(store, engine):
    subscribe(store, *READERS)
    made = _begin(store)
    mail = ScriptedChannel(connections=1)

    def stop(parcel):
        lifecycle.pause(store, made.id, who="mara", now=NOW)
        return Receipt(server="test", code=250)

    mail.answer = stop
    await engine(mail=mail).deliver()
    assert _states(store, made) == (EditionState.PAUSED, {"accepted": 1, "pending": 11})


async def test_a_late_answer_settles_what_was_taken_for_unknown(store, engine, clock):
    subscribe(store, READERS[0])
    made = _begin(store)

    def slow(parcel):
        with store.write() as tx:
            assert tx.chunks.recover(dead=[], now=clock() + timedelta(hours=1)) == (0, 1)
        return Receipt(server="test", code=250)

    await engine(mail=ScriptedChannel(answer=slow)).deliver()
    assert _states(store, made) == (EditionState.SENT, {"accepted": 1})


async def test_a_channel_whose_work_breaks_off_tears_off_no_other(store, engine, monkeypatch):
    subscribe(store, *READERS)
    post = Rendition(channel="hook", post=Post(text="news"))
    made = _begin(store, renditions=(Rendition(channel="mail", email=email()), post))
    mail, hook = ScriptedChannel(connections=1), ScriptedChannel(medium="post")
    working = engine(hook=hook, mail=mail)
    claim = working._claim

    def broken(channel, edition, chunk):
        if channel == "hook":
            raise OSError("disk full")
        return claim(channel, edition, chunk)

    monkeypatch.setattr(working, "_claim", broken)
    with pytest.raises(OSError, match="disk full"):
        await working.deliver()
    assert len(mail.sent) == 12
    assert _states(store, made)[1] == {"accepted": 12, "pending": 1}
