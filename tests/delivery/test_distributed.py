"""Many workers on one PostgreSQL: each a process's worth of engine, with its own loop tasks and connections."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.clock import system_clock
from bot.delivery.distributed import Distributed
from bot.delivery.engine import Engine
from bot.delivery.posts import Posts
from bot.delivery.sending import begin_sending
from bot.demo.mailbox import mailbox
from bot.editions import lifecycle
from bot.errors import DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import (
    CORRECTION,
    EditionState,
    Pace,
    Placement,
    Post,
    Preferences,
    Quiet,
    Receipt,
    Rendition,
)
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS, NEWSROOM, RecallingChannel, ScriptedChannel, edition, email, subscribe

pytestmark = pytest.mark.postgresql
PATIENCE = 120


@pytest.fixture
def store_url(postgresql_database):
    return postgresql_database


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Thirty readers are three chunks."""
    monkeypatch.setattr("bot.store.chunks.SIZE", 10)


def _readers(number):
    return [f"reader{each:03d}@example.org" for each in range(number)]


def _begin(store, **fields):
    made = edition(**fields)
    now = system_clock()
    with store.write() as tx:
        tx.editions.add(made, expires=now + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=now)
    return made


def _jobs(store):
    with store.read() as tx:
        rows = tx.connection.execute(text("SELECT args, scheduled_at, priority FROM procrastinate_jobs ORDER BY id"))
        return [(row.args["chunk"], row.scheduled_at, row.priority) for row in rows]


def _chunks(store):
    with store.read() as tx:
        return [row.id for row in tx.connection.execute(text("SELECT id FROM chunks ORDER BY id"))]


def _state(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
        state = tx.editions.state(made.id)
    assert balance.balanced
    return state, balance.states


async def _until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := await asyncio.to_thread(condition)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def _working(store, *, rules=None, **channels):
    """A worker that works while the block runs; ``stop`` ends it, the end of the block does too."""
    stopped = asyncio.Event()
    engine = Engine(
        store=store,
        channels=channels,
        keys=KEYS,
        clock=system_clock,
        rules=rules or DeliveryTable(),
        stop=stopped.is_set,
        jitter=lambda: 0.0,
    )
    task = asyncio.create_task(Distributed(engine, tend_seconds=0.2).work())
    task.stop = stopped.set
    try:
        yield task
    finally:
        stopped.set()
        await asyncio.wait_for(task, PATIENCE)


async def _sent(store, *editions):
    await _until(lambda: all(_state(store, made)[0] is EditionState.SENT for made in editions))


def test_what_is_undone_leaves_no_job(store):
    subscribe(store, *_readers(30))
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=system_clock() + timedelta(hours=3), report={})
    with store.trial() as tx:
        now = system_clock()
        tx.editions.move(made.id, to=EditionState.SENDING, since=[EditionState.DRAFTED], now=now)
        tx.deliveries.add_audience(made.id, "mail", "readers", now)
        inside = tx.connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar()
    assert inside == 3
    assert _jobs(store) == []


def test_each_chunk_has_one_job_and_the_job_names_no_reader(store):
    subscribe(store, *_readers(30))
    _begin(store)
    assert [chunk for chunk, _, _ in _jobs(store)] == _chunks(store)
    with store.read() as tx:
        (row, *_) = tx.connection.execute(text("SELECT args FROM procrastinate_jobs")).all()
    assert set(row.args) == {"chunk", "channel"}


async def test_two_workers_share_an_edition_and_nobody_gets_it_twice(store, store_url):
    subscribe(store, *_readers(200))
    made = _begin(store)
    other = Store.open(store_url)
    one, two = ScriptedChannel(), ScriptedChannel()
    async with _working(store, mail=one), _working(other, mail=two):
        await _sent(store, made)
    other.close()
    sent = Counter(parcel.recipient.address for parcel in one.sent + two.sent)
    assert sent == Counter(_readers(200))
    assert one.sent
    assert two.sent
    assert _state(store, made) == (EditionState.SENT, {"accepted": 200})
    assert _jobs(store) == []


async def test_several_editions_and_a_post_go_out_beside_each_other(store):
    subscribe(store, *_readers(30))
    post = Rendition(channel="wire", subject="digest", post=Post(text="The ferry returns"))
    made = [_begin(store, renditions=(Rendition(channel="mail", email=email()), post)) for _ in range(3)]
    mail, wire = ScriptedChannel(), ScriptedChannel(medium="post")
    async with _working(store, mail=mail, wire=wire):
        await _sent(store, *made)
    assert Counter(parcel.edition for parcel in mail.sent) == {each.id: 30 for each in made}
    assert Counter(parcel.edition for parcel in wire.sent) == {each.id: 1 for each in made}


def test_the_beginning_of_a_small_edition_goes_before_the_end_of_a_large_one(store, monkeypatch):
    monkeypatch.setattr("bot.store.chunks.SIZE", 1)
    subscribe(store, *_readers(50))
    _begin(store)
    priorities = [priority for _, _, priority in _jobs(store)]
    assert priorities[0] == 0
    assert priorities[-1] == min(priorities) == -20


def test_readers_who_wait_come_after_an_edition_that_is_new(store):
    subscribe(store, *_readers(10))
    _begin(store)
    now = system_clock()
    with store.write() as tx:
        tx.connection.execute(text("DELETE FROM procrastinate_jobs"))
        chunk = tx.chunks.claim("mail", owner="a", now=now, until=now + timedelta(minutes=5))
        later = now + timedelta(seconds=3)
        tx.deliveries.postpone(chunk, {each.id: later for each in tx.deliveries.due(chunk, now)})
        tx.chunks.release(chunk, now)
    _begin(store, slot_key="later")
    (_, at, waiting), (_, _, new) = _jobs(store)
    assert at == later
    assert waiting < new


def _own_hours(store, hours):
    """Begins an edition whose readers each have an hour of their own: so many hours after now."""
    now = system_clock()
    readers = subscribe(store, *_readers(len(hours)))
    with store.write() as tx:
        for reader, hour in zip(readers, hours, strict=True):
            tx.subscribers.prefer(reader, "readers", Preferences(hour=hour))
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=now + timedelta(hours=3), report={})

    def place(preferences):
        return Placement(not_before=now + timedelta(seconds=preferences.hour) if preferences.hour else None)

    assert begin_sending(store, made, audience="readers", now=now, place=place)
    return made, now


def test_a_chunk_that_waits_for_its_readers_hour_is_woken_then(store):
    _, now = _own_hours(store, [0, 23, 23, 12])
    found = _jobs(store)
    assert [at for _, at, _ in found] == [None, now + timedelta(seconds=12), now + timedelta(seconds=23)]
    assert found[0][2] > found[1][2]


async def test_workers_send_at_each_readers_hour_and_end_the_edition_after_the_last(store):
    made, now = _own_hours(store, [0, 1, 2, 2])
    arrived = {}

    def answer(parcel):
        arrived[parcel.recipient.address] = system_clock()
        return Receipt(server="test", code=250)

    channel = ScriptedChannel(answer=answer)
    async with _working(store, mail=channel):
        await _sent(store, made)
    assert _state(store, made) == (EditionState.SENT, {"accepted": 4})
    waits = [(arrived[each] - now).total_seconds() for each in _readers(4)]
    assert all(waited >= hour for waited, hour in zip(waits, [0, 1, 2, 2], strict=True))


async def test_pausing_takes_back_what_waits_and_resuming_wakes_it(store):
    made, now = _own_hours(store, [20, 20])
    lifecycle.pause(store, made.id, who="editor", now=now)
    assert _jobs(store) == []
    lifecycle.resume(store, made.id, who="editor", now=now)
    assert [at for _, at, _ in _jobs(store)] == [now + timedelta(seconds=20)]


async def test_what_was_deferred_comes_again_at_its_time(store):
    subscribe(store, *_readers(10))
    made = _begin(store)
    full = DeliveryError("452 4.2.2 full", permanent=False, code=452)
    refused = []

    def answer(parcel):
        if parcel.recipient.address == "reader003@example.org" and not refused:
            refused.append(system_clock())
            raise full
        return Receipt(server="test", code=250)

    mail = ScriptedChannel(answer=answer)
    async with _working(store, rules=DeliveryTable(retry_after=timedelta(seconds=2)), mail=mail):
        await _until(lambda: len(mail.sent) == 10)
        ((_, at, _),) = await _until(lambda: [job for job in _jobs(store) if job[1]])
        await _sent(store, made)
        assert system_clock() >= at > refused[0]
    assert _state(store, made) == (EditionState.SENT, {"accepted": 10})
    assert len(mail.sent) == 11


async def test_a_paused_edition_has_no_jobs_and_a_resumed_one_goes_on(store):
    subscribe(store, *_readers(60))
    made = _begin(store)

    def answer(_parcel):
        if len(mail.sent) == 12:
            lifecycle.pause(store, made.id, who="Ada", now=system_clock(), note="")
        return Receipt(server="test", code=250)

    mail = ScriptedChannel(answer=answer, connections=1)
    async with _working(store, mail=mail):
        await _until(lambda: _state(store, made)[0] is EditionState.PAUSED and not _jobs(store))
        await _until(lambda: "leased" not in _state(store, made)[1])
        paused_at = len(mail.sent)
        assert paused_at < 60
        lifecycle.resume(store, made.id, who="Ada", now=system_clock(), note="")
        await _sent(store, made)
    assert Counter(parcel.recipient.address for parcel in mail.sent) == Counter(_readers(60))


async def test_a_cancelled_edition_has_no_jobs_and_sends_no_more(store):
    subscribe(store, *_readers(60))
    made = _begin(store)

    def answer(_parcel):
        if len(mail.sent) == 12:
            lifecycle.cancel(store, made.id, who="Ada", now=system_clock())
        return Receipt(server="test", code=250)

    mail = ScriptedChannel(answer=answer, connections=1)
    async with _working(store, mail=mail):
        await _until(lambda: _state(store, made)[0] is EditionState.CANCELLED and not _jobs(store))
    state, states = _state(store, made)
    assert set(states) == {"accepted", "cancelled"}
    assert states["accepted"] == len(mail.sent) < 60


async def test_the_job_of_a_chunk_that_another_holds_does_nothing(store):
    subscribe(store, *_readers(10))
    made = _begin(store)
    now = system_clock()
    with store.write() as tx:
        held = tx.chunks.claim("mail", owner="elsewhere/1/1", now=now, until=now + timedelta(minutes=5))
    mail = ScriptedChannel()
    async with _working(store, mail=mail):
        await _until(lambda: not _jobs(store))
        assert mail.sent == []
        with store.write() as tx:
            assert tx.chunks.is_held(held)
            tx.chunks.release(held, system_clock())
        await _sent(store, made)
    assert len(mail.sent) == 10


async def test_what_a_worker_with_a_dead_line_holds_is_sent_by_another(store, store_url, monkeypatch):
    monkeypatch.setattr("bot.delivery.distributed.REST_LOOK_SECONDS", 0.01)
    subscribe(store, *_readers(30))
    _begin(store)

    def down(_parcel):
        raise ServerBusy("421 4.3.2 down", code=421, retry_after=3600)

    cut, mail, other = ScriptedChannel(answer=down, connections=1), ScriptedChannel(), Store.open(store_url)
    async with _working(other, mail=cut):
        await _until(lambda: cut.sent)
        async with _working(store, mail=mail):
            # It may have begun with two chunks at once before it knew that its line is dead.
            await _until(lambda: len(mail.sent) + len(cut.sent) == 30)
    other.close()
    assert len(cut.sent) <= 2
    tried = {parcel.recipient.address for parcel in cut.sent}
    sent = {parcel.recipient.address for parcel in mail.sent}
    assert len(sent) == len(mail.sent) and len(sent | tried) == 30


async def test_a_chunk_whose_job_was_lost_is_found_by_the_sweep(store):
    subscribe(store, *_readers(30))
    made = _begin(store)
    with store.write() as tx:
        tx.connection.execute(text("DELETE FROM procrastinate_jobs"))
    mail = ScriptedChannel()
    async with _working(store, mail=mail):
        await _sent(store, made)
    assert len(mail.sent) == 30


async def test_the_job_of_a_worker_that_died_is_put_away_and_its_chunk_sent_by_another(store):
    subscribe(store, *_readers(10))
    made = _begin(store)
    with store.write() as tx:
        # Another machine's, which stopped without a word an hour ago.
        tx.connection.execute(
            text(
                "WITH gone AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
                " RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = gone.id FROM gone"
            )
        )
        past = system_clock() - timedelta(hours=1)
        tx.chunks.claim("mail", owner="elsewhere/1/1", now=system_clock(), until=past)
    mail = ScriptedChannel()
    async with _working(store, mail=mail):
        await _sent(store, made)
        await _until(lambda: not _jobs(store))
    assert len(mail.sent) == 10


async def test_a_job_that_is_deferred_twice_is_there_once(store):
    subscribe(store, *_readers(10))
    _begin(store)
    with store.write() as tx:
        assert tx.jobs.sweep(system_clock()) == 0
    assert len(_jobs(store)) == 1


async def test_a_channel_that_rests_holds_up_no_other(store):
    subscribe(store, *_readers(30))
    post = Rendition(channel="wire", subject="digest", post=Post(text="The ferry returns"))
    made = _begin(store, renditions=(Rendition(channel="mail", email=email()),))

    def busy(_parcel):
        raise ServerBusy("421", code=421, retry_after=600)

    mail, wire = ScriptedChannel(answer=busy, connections=1), ScriptedChannel(medium="post")
    async with _working(store, mail=mail, wire=wire):
        await _until(lambda: mail.sent)
        other = _begin(store, renditions=(post,))
        await _sent(store, other)
    # Both chunks that were on their way may have asked.
    assert len(mail.sent) <= 2
    assert _state(store, made)[0] is EditionState.SENDING


def _posts(*texts):
    return tuple(Rendition(channel="town", subject=each, post=Post(text=each)) for each in texts)


async def test_the_posts_of_a_paced_channel_wait_for_their_turn_over_all_workers_and_spin_nowhere(
    store, store_url, monkeypatch
):
    at, looks = [], []

    def answer(parcel):
        at.append(time.monotonic())
        return Receipt(server="town", code=200)

    look = Posts._look
    monkeypatch.setattr(Posts, "_look", lambda self, tx, parcel: looks.append(parcel) or look(self, tx, parcel))
    other = Store.open(store_url)
    one, two = (ScriptedChannel(answer=answer, medium="post", pace=Pace(gap=timedelta(seconds=1))) for _ in range(2))
    made = _begin(store, renditions=_posts("a", "b", "c"))
    async with _working(store, town=one), _working(other, town=two):
        await _sent(store, made)
    assert _state(store, made) == (EditionState.SENT, {"accepted": 3})
    # A turn is taken before it is used: on a busy machine what stands between them may lengthen the one before.
    assert all(later - sooner >= 0.3 for sooner, later in zip(at, at[1:], strict=False))
    # Each process looks once for a turn that another had; not once a job.
    assert len(looks) <= 4 * 3
    other.close()


async def test_what_became_of_an_unknown_post_is_asked_by_one_of_the_workers(store, store_url, monkeypatch):
    monkeypatch.setattr("bot.delivery.recalling.DELAY", timedelta(seconds=0.2))

    def answer(parcel):
        raise OutcomeUnknown("the line broke")

    fields = {"medium": "post", "answer": answer, "recalled": lambda _: Receipt(server="town", code=200, id="there")}
    one, two = RecallingChannel(**fields), RecallingChannel(**fields)
    other = Store.open(store_url)
    made = _begin(store, renditions=_posts("a"))
    async with _working(store, town=one), _working(other, town=two):
        await _until(lambda: _state(store, made) == (EditionState.SENT, {"accepted": 1}))
    assert len(one.asked + two.asked) == 1
    other.close()


async def test_a_correction_goes_out_by_a_worker_whose_channel_is_quiet(store):
    now = system_clock()
    quiet = Quiet((now - timedelta(hours=2)).time(), (now + timedelta(hours=2)).time())
    town = ScriptedChannel(medium="post", pace=Pace(quiet=quiet))
    waits = _begin(store, renditions=_posts("a"))
    made = _begin(store, renditions=_posts("right"), slot_key=f"{CORRECTION}7")
    async with _working(store, town=town):
        await _sent(store, made)
    assert _state(store, waits) == (EditionState.SENDING, {"pending": 1})


async def test_a_worker_that_is_told_to_stop_finishes_what_is_in_flight_and_gives_the_rest_back(store):
    subscribe(store, *_readers(60))
    made = _begin(store)

    def answer(_parcel):
        if len(mail.sent) == 15:
            working.stop()
        return Receipt(server="test", code=250)

    mail = ScriptedChannel(answer=answer, connections=2)
    async with _working(store, mail=mail) as working:
        await asyncio.wait_for(asyncio.shield(working), PATIENCE)
    state, states = _state(store, made)
    assert state is EditionState.SENDING
    assert set(states) == {"accepted", "pending"}
    assert states["accepted"] == len(mail.sent) < 60
    again = ScriptedChannel()
    async with _working(store, mail=again):
        await _sent(store, made)
    assert Counter(parcel.recipient.address for parcel in mail.sent + again.sent) == Counter(_readers(60))


# --- processes

CONFIG = """
[channels.mail]
type = "email"
from = "The Record <briefing@record.example>"
host = "127.0.0.1"
port = {port}
security = "none"
connections = 4
"""


@pytest.fixture
def newsroom(tmp_path, store_url):
    (tmp_path / "config").mkdir()
    environment = {**os.environ, **ENVIRONMENT, "DATABASE_URL": store_url, "PYTHONUNBUFFERED": "1"}
    started = []
    with mailbox(tmp_path / "mailbox") as port:
        (tmp_path / "config" / "broadsheet.toml").write_text(NEWSROOM + CONFIG.format(port=port))

        def worker():
            command = [sys.executable, "-m", "bot", "worker", "--config", str(tmp_path / "config")]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            started.append(process)
            return process

        yield worker, tmp_path / "mailbox"
        for process in started:
            process.kill()
            process.communicate()


def _copies(inbox):
    return len(list(inbox.glob("*.eml")))


@pytest.mark.slow
async def test_after_a_worker_is_killed_another_goes_on_and_the_books_balance(store, newsroom):
    worker, inbox = newsroom
    subscribe(store, *_readers(300))
    made = _begin(store)
    first = worker()
    await _until(lambda: _copies(inbox) >= 20)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = worker()
    await _sent(store, made)
    second.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(second.wait, PATIENCE) == 0
    _, states = _state(store, made)
    unknown = states.get("unknown", 0)
    # Two chunks share the channel's four connections.
    assert unknown <= 4
    assert states["accepted"] == 300 - unknown
    assert states["accepted"] <= _copies(inbox) <= 300


@pytest.mark.slow
async def test_at_sigterm_a_worker_process_ends_by_itself_and_nothing_is_unknown(store, newsroom):
    worker, inbox = newsroom
    subscribe(store, *_readers(300))
    made = _begin(store)
    first = worker()
    await _until(lambda: _copies(inbox) >= 20)
    first.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(first.wait, PATIENCE) == 0
    _, states = _state(store, made)
    assert set(states) <= {"accepted", "pending"}
    assert states["accepted"] == _copies(inbox)
    workers = [worker(), worker()]
    await _sent(store, made)
    assert _copies(inbox) == 300
    for each in workers:
        each.send_signal(signal.SIGTERM)
    assert [await asyncio.to_thread(each.wait, PATIENCE) for each in workers] == [0, 0]
