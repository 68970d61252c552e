"""The pace of posts: gap, rates, quiet hours, and what networks ask for, over processes and restarts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text

from bot.clock import SetClock
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import ServerBusy
from bot.model import CORRECTION, EditionState, Pace, Quiet, Quota, Receipt, Rendition
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.testing import NOW, ScriptedChannel, edition, email, subscribe
from tests.delivery.posting import CHANNEL, Process, begin, books, posts, texts, thread

FIVE = posts("a", "b", "c", "d", "e")
MINUTE = timedelta(minutes=1)


class Timed(ScriptedChannel):
    """A network that notes when each post came."""

    def __init__(self, clock: SetClock, **fields):
        super().__init__(**{"medium": "post", "connections": 1, **fields})
        self.clock, self.at = clock, []

    async def send(self, parcel):
        self.at.append(self.clock())
        return await super().send(parcel)


async def _run(clock, processes, *, minutes, step=10):
    for _ in range(minutes * 60 // step):
        for each in processes:
            await each.look()
        clock.advance(seconds=step)


async def test_a_backlog_goes_out_one_per_gap_in_its_order(store, clock):
    town = Timed(clock, pace=Pace(gap=MINUTE))
    made = begin(store, NOW, *FIVE)
    await _run(clock, [Process(store, clock, town)], minutes=7)
    assert texts(town) == ["a", "b", "c", "d", "e"]
    assert all(later - sooner >= MINUTE for sooner, later in zip(town.at, town.at[1:], strict=False))
    assert town.at[-1] - town.at[0] <= timedelta(minutes=5)
    assert books(store, made) == (EditionState.SENT, {"accepted": 5})


async def test_two_processes_on_one_store_keep_one_pace(store, clock):
    one, two = (Timed(clock, pace=Pace(gap=MINUTE)) for _ in range(2))
    made = begin(store, NOW, *FIVE)
    await _run(clock, [Process(store, clock, one), Process(store, clock, two)], minutes=7)
    at = sorted(one.at + two.at)
    assert len(at) == 5
    assert all(later - sooner >= MINUTE for sooner, later in zip(at, at[1:], strict=False))
    assert books(store, made) == (EditionState.SENT, {"accepted": 5})


async def test_a_restart_forgets_no_pace(store, clock):
    begin(store, NOW, *FIVE)
    town = Timed(clock, pace=Pace(gap=MINUTE))
    for _ in range(12):
        await Process(store, clock, town).look()
        clock.advance(seconds=5)
    assert texts(town) == ["a"]


async def test_while_it_rests_no_lease_is_held_no_try_is_counted_and_all_stays_pending(store, clock):
    town = Timed(clock, pace=Pace(gap=MINUTE))
    made = begin(store, NOW, *FIVE)
    process = Process(store, clock, town)
    assert await process.look() == 1
    assert await process.look() == 0
    assert NOW + MINUTE <= process.engine.rests_until(CHANNEL) <= NOW + MINUTE * 1.1
    with store.read() as tx:
        assert tx.chunks.owners() == {}
        rows = tx.deliveries.page(edition=made.id)
    assert [each.state for each in rows] == ["accepted", *["pending"] * 4]
    assert {each.attempts for each in rows[1:]} == {0}


async def test_no_more_go_in_an_hour_than_the_editor_said(store, clock):
    town = Timed(clock, pace=Pace(most={timedelta(hours=1): 2}))
    begin(store, NOW, *FIVE)
    await _run(clock, [Process(store, clock, town)], minutes=60, step=60)
    assert texts(town) == ["a", "b"]
    await _run(clock, [Process(store, clock, town)], minutes=10, step=60)
    assert texts(town) == ["a", "b", "c", "d"]


async def test_a_post_that_was_not_attempted_gives_its_place_back(store, clock):
    town = Timed(clock, pace=Pace(gap=timedelta(hours=1)))
    made = begin(store, NOW, *posts("a"))
    process = Process(store, clock, town)
    ask = process.engine._carrier(CHANNEL)._pacing.ask

    def cancelled_meanwhile(tx, **how):
        may = ask(tx, **how)
        tx.deliveries.cancel_edition(made.id, NOW)
        return may

    process.engine._carrier(CHANNEL)._pacing.ask = cancelled_meanwhile
    assert await process.look() == 0
    begin(store, NOW, *posts("b"))
    await Process(store, clock, town).look()
    assert texts(town) == ["b"]


async def test_nothing_goes_in_quiet_hours_and_all_of_it_after_them(store):
    # 23:30 in Berlin.
    clock = SetClock(datetime(2026, 11, 24, 22, 30, tzinfo=UTC))
    town = Timed(clock, pace=Pace(gap=MINUTE, quiet=Quiet(time(22), time(6, 30))))
    made = begin(store, clock(), *FIVE)
    process = Process(store, clock, town, timezone="Europe/Berlin")
    assert await process.look() == 0
    assert process.engine.rests_until(CHANNEL) == datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
    with store.read() as tx:
        assert tx.chunks.owners() == {}
    clock.moment = datetime(2026, 11, 25, 5, 29, 59, tzinfo=UTC)
    assert await process.look() == 0
    clock.advance(seconds=1)
    await _run(clock, [process], minutes=7)
    assert books(store, made) == (EditionState.SENT, {"accepted": 5})


async def test_a_gap_that_ends_in_quiet_hours_ends_with_them(store):
    clock = SetClock(datetime(2026, 11, 24, 21, 59, 30, tzinfo=UTC))
    town = Timed(clock, pace=Pace(gap=MINUTE, quiet=Quiet(time(22), time(6, 30))))
    begin(store, clock(), *FIVE)
    process = Process(store, clock, town)
    await process.look()
    assert process.engine.rests_until(CHANNEL) == datetime(2026, 11, 25, 6, 30, tzinfo=UTC)


async def test_a_channel_that_rests_holds_up_no_other_and_no_mail(store, clock):
    subscribe(store, "ida@example.org")
    slow = Timed(clock, pace=Pace(gap=timedelta(hours=1)))
    fast, mail = Timed(clock), ScriptedChannel()
    everything = (*FIVE, *posts("a", "b", channel="fast"), Rendition(channel="mail", email=email()))
    begin(store, NOW, *everything)
    await Process(store, clock, slow, others={"fast": fast, "mail": mail}).look()
    assert (len(slow.sent), len(fast.sent), len(mail.sent)) == (1, 2, 1)


async def test_what_becomes_due_while_mail_goes_out_does_not_wait_for_the_last_mail(store, clock, monkeypatch):
    monkeypatch.setattr("bot.delivery.engine.BESIDE", 0.01)
    subscribe(store, *(f"reader{number}@example.org" for number in range(40)))
    town = Timed(clock, pace=Pace(gap=timedelta(seconds=5)))
    seen = []

    def mailed(parcel):
        clock.advance(seconds=1)
        seen.append(len(town.sent))
        return Receipt(server="test", code=250)

    begin(store, NOW, *FIVE, Rendition(channel="mail", email=email()))
    mail = SlowMail(answer=mailed, connections=1)
    await Process(store, clock, town, others={"mail": mail}).look()
    assert len(mail.sent) == 40
    assert len(town.sent) == 5
    assert max(seen) >= 3


class SlowMail(ScriptedChannel):
    async def send(self, parcel):
        await asyncio.sleep(0.02)
        return await super().send(parcel)


# --- what is urgent


def _correction(store, clock, *renditions):
    made = edition(renditions=renditions, slot=clock(), created=clock(), slot_key=f"{CORRECTION}1")
    with store.write() as tx:
        tx.editions.add(made, expires=clock() + timedelta(days=1), report={})
    assert begin_sending(store, made, audience="readers", now=clock())
    return made


async def test_a_correction_waits_for_no_quiet_hours_and_no_gap_and_lets_nothing_else_by(store):
    clock = SetClock(datetime(2026, 11, 24, 23, 0, tzinfo=UTC))
    town = Timed(clock, pace=Pace(gap=MINUTE, quiet=Quiet(time(22), time(6, 30))))
    begin(store, clock(), *FIVE)
    process = Process(store, clock, town)
    await process.look()
    corrected = _correction(store, clock, *posts("right", "also right"))
    await process.look()
    assert texts(town) == ["also right", "right"]
    assert books(store, corrected) == (EditionState.SENT, {"accepted": 2})


async def test_a_correction_waits_for_a_network_that_wants_nothing(store, clock):
    with store.write() as tx:
        tx.channels.rest(CHANNEL, NOW + MINUTE)
    town = Timed(clock)
    _correction(store, clock, *posts("right"))
    process = Process(store, clock, town)
    assert await process.look() == 0
    clock.advance(seconds=61)
    assert await process.look() == 1


# --- what networks say


def _answering(answers):
    def answer(parcel):
        said = next(answers, None)
        if isinstance(said, Exception):
            raise said
        return said or Receipt(server="net", code=200, id=parcel.token)

    return answer


async def test_a_network_whose_quota_is_used_up_rests_until_it_resets_in_all_processes(store, clock):
    quota = Quota(remaining=0, resets=NOW + timedelta(minutes=15), limit=50)
    town = Timed(clock, answer=_answering(iter([Receipt(server="net", code=200, quota=quota)])))
    made = begin(store, NOW, *posts("a", "b"))
    await Process(store, clock, town).look()
    with store.read() as tx:
        state = tx.channels.get(CHANNEL)
    assert (state.rests_until, state.quota) == (quota.resets, quota)
    other = Process(store, clock, town)
    clock.advance(minutes=14)
    assert await other.look() == 0
    assert other.engine.rests_until(CHANNEL) == quota.resets
    clock.advance(minutes=1)
    assert await other.look() == 1
    assert books(store, made) == (EditionState.SENT, {"accepted": 2})


async def test_a_quota_with_room_is_kept_and_holds_nothing_up(store, clock):
    quota = Quota(remaining=7, resets=NOW + timedelta(minutes=15))
    town = Timed(clock, answer=_answering(iter([Receipt(server="net", code=200, quota=quota)])))
    begin(store, NOW, *posts("a", "b"))
    assert await Process(store, clock, town).look() == 2
    with store.read() as tx:
        assert tx.channels.get(CHANNEL).quota == quota


async def test_a_network_that_asks_for_time_gets_it_from_all_processes(store, clock):
    busy = ServerBusy("429", code=429, retry_after=2 * 3600)
    town = Timed(clock, answer=_answering(iter([busy])))
    made = begin(store, NOW, *posts("a", "b"))
    await Process(store, clock, town).look()
    assert books(store, made)[1] == {"deferred": 1, "pending": 1}
    other = Process(store, clock, town)
    clock.advance(hours=1, minutes=59)
    assert await other.look() == 0
    clock.advance(minutes=2)
    await other.look()
    assert books(store, made) == (EditionState.SENT, {"accepted": 2})


async def test_a_network_that_is_down_is_asked_less_and_less_often(store, clock):
    town = Timed(clock, answer=_answering(iter([ServerBusy("503", code=503)] * 1000)))
    made = begin(store, NOW, *posts("a"))
    process = Process(store, clock, town)
    await _run(clock, [process], minutes=300, step=60)
    waits = [later - sooner for sooner, later in zip(town.at, town.at[1:], strict=False)]
    assert 6 <= len(town.at) <= 12
    assert max(waits) <= timedelta(minutes=61)
    assert waits[-1] > 20 * waits[0]
    assert books(store, made)[1] == {"deferred": 1}


async def test_a_clock_that_is_set_back_by_days_does_not_silence_a_channel_for_days(store, clock):
    busy = ServerBusy("429", code=429, retry_after=3600)
    town = Timed(clock, answer=_answering(iter([busy])))
    begin(store, NOW - timedelta(days=9), *posts("a", "b"))
    process = Process(store, clock, town, rules=DeliveryTable(give_up_after=timedelta(days=30)))
    await process.look()
    clock.moment = NOW - timedelta(days=5)
    assert process.engine.rests_until(CHANNEL) is None
    await process.look()
    assert "b" in texts(town)


# --- too late


async def test_what_waited_a_day_for_its_turn_is_no_news_and_fails_with_the_reason(store, clock):
    town = Timed(clock, pace=Pace(most={timedelta(hours=12): 1}))
    made = begin(store, NOW, *FIVE)
    await _run(clock, [Process(store, clock, town)], minutes=26 * 60, step=1800)
    assert texts(town) == ["a", "b"]
    with store.read() as tx:
        failed = tx.deliveries.page(edition=made.id, states=["failed"])
    assert len(failed) == 3
    assert all("too late" in each.reason and "1d" in each.reason for each in failed)
    assert books(store, made)[0] is EditionState.SENT


async def test_how_long_it_may_wait_is_what_the_editor_says(store, clock):
    town = Timed(clock, pace=Pace(gap=timedelta(hours=1)))
    rules = DeliveryTable(give_up_after=timedelta(hours=2))
    begin(store, NOW, *FIVE)
    await _run(clock, [Process(store, clock, town, rules=rules)], minutes=300, step=600)
    assert texts(town) == ["a", "b"]


async def test_an_edition_that_was_paused_has_its_time_once_more(store, clock):
    town = Timed(clock)
    made = begin(store, NOW, *posts("a"))
    lifecycle.pause(store, made.id, who="mara", now=clock())
    clock.advance(hours=30)
    lifecycle.resume(store, made.id, who="mara", now=clock())
    await _run(clock, [Process(store, clock, town)], minutes=10, step=60)
    assert texts(town) == ["a"]


async def test_the_rest_of_a_thread_is_never_too_late(store, clock):
    town = Timed(clock, pace=Pace(gap=timedelta(hours=1)))
    rules = DeliveryTable(give_up_after=timedelta(hours=2))
    begin(store, NOW, *thread("a", 4))
    await _run(clock, [Process(store, clock, town, rules=rules)], minutes=400, step=600)
    assert texts(town) == ["a", "a/2", "a/3", "a/4"]


@pytest.mark.postgresql
def test_the_sweep_wakes_no_chunk_of_a_channel_that_rests(postgresql_database, clock):
    store = Store.open(postgresql_database)
    begin(store, NOW, *FIVE)
    with store.write() as tx:
        tx.connection.execute(text("DELETE FROM procrastinate_jobs"))
    with store.write() as tx:
        assert tx.jobs.sweep(NOW, [CHANNEL]) == 0
        assert tx.jobs.sweep(NOW, ["other"]) == 5
    store.close()
