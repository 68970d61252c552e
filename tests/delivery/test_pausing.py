"""A network that refuses us pauses its channel, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.channel_alert import paused_due
from bot.delivery.pausing import pause_channel, resume_channel, waits_for
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, OutcomeUnknown, ServerBusy
from bot.model import EditionState, Receipt, Rendition
from bot.settings.tables import AlertsTable
from bot.testing import NOW, ScriptedChannel, email, subscribe
from tests.delivery.posting import CHANNEL, Process, begin, books, posts, texts

REFUSED = ChannelRefused("town.example refuses it (HTTP 401): the token was revoked", code=401)


def _raising(error):
    def answer(parcel):
        raise error

    return answer


def _accept(parcel):
    return Receipt(server="town.example", code=200, id=parcel.token)


@pytest.fixture
def town():
    return ScriptedChannel(medium="post", connections=1, answer=_raising(REFUSED))


def _state(store):
    with store.read() as tx:
        return tx.channels.get(CHANNEL)


async def test_mail_and_other_channels_go_on_and_the_refused_ones_posts_wait(store, clock, town):
    subscribe(store, "ida@example.org", "ole@example.org")
    mail, other = ScriptedChannel(), ScriptedChannel(medium="post")
    everything = (*posts("a", "b", "c"), *posts("a", "b", channel="other"), Rendition(channel="mail", email=email()))
    made = begin(store, NOW, *everything)
    process = Process(store, clock, town, others={"other": other, "mail": mail})
    await process.look()
    assert (len(town.sent), len(other.sent), len(mail.sent)) == (1, 2, 2)
    assert books(store, made) == (EditionState.SENDING, {"accepted": 4, "deferred": 1, "pending": 2})
    assert "revoked" in _state(store).paused
    with store.read() as tx:
        assert waits_for(tx, made.id) == {CHANNEL: str(REFUSED)}
        assert tx.chunks.owners() == {}


async def test_what_is_paused_is_not_claimed_by_anybody_until_it_is_resumed(store, clock, town):
    made = begin(store, NOW, *posts("a", "b"))
    await Process(store, clock, town).look()
    later = begin(store, NOW, *posts("c"))
    town.answer = _accept
    clock.advance(days=2)
    assert await Process(store, clock, town).look() == 0
    assert len(town.sent) == 1
    resume_channel(store, CHANNEL, "mara", clock())
    assert await Process(store, clock, town).look() == 3
    assert books(store, made) == (EditionState.SENT, {"accepted": 2})
    assert books(store, later) == (EditionState.SENT, {"accepted": 1})


async def test_pause_and_resume_are_on_record_with_who_and_why(store, clock, town):
    begin(store, NOW, *posts("a"))
    await Process(store, clock, town).look()
    resume_channel(store, CHANNEL, "mara", NOW)
    with store.read() as tx:
        acts = tx.acts.newest(thing=f"channel:{CHANNEL}")
    told = sorted((act.who, act.what, act.before, act.after, act.note) for act in acts)
    assert told == [
        ("broadsheet", "pause channel", "posting", "paused", str(REFUSED)),
        ("mara", "resume channel", "paused", "posting", ""),
    ]
    with pytest.raises(NothingToDo):
        resume_channel(store, CHANNEL, "mara", NOW)


@pytest.mark.parametrize(
    "error",
    [
        DeliveryError("500", permanent=False, code=500),
        ServerBusy("503", code=503),
        ServerBusy("no connection"),
        OutcomeUnknown("the line broke"),
        DeliveryError("422 too long", permanent=True, code=422),
    ],
)
async def test_what_passes_or_is_one_posts_own_fault_pauses_nothing(store, clock, town, error):
    town.answer = _raising(error)
    made = begin(store, NOW, *posts("a"))
    await Process(store, clock, town).look()
    assert _state(store).paused == ""
    assert books(store, made)[0] is not EditionState.PAUSED


async def test_a_fault_of_the_program_stops_the_channel_and_leaves_the_post_unknown(store, clock, town):
    town.answer = _raising(ZeroDivisionError("oops"))
    made = begin(store, NOW, *posts("a", "b"))
    await Process(store, clock, town).look()
    assert "ZeroDivisionError" in _state(store).paused
    assert books(store, made) == (EditionState.SENDING, {"unknown": 1, "pending": 1})


async def test_mail_that_is_refused_pauses_its_edition_as_ever_and_no_channel(store, clock):
    subscribe(store, "ida@example.org")
    mail = ScriptedChannel(answer=_raising(ChannelRefused("535 bad password", code=535)))
    made = begin(store, NOW, Rendition(channel=CHANNEL, email=email()))
    await Process(store, clock, mail).look()
    assert books(store, made)[0] is EditionState.PAUSED
    assert _state(store).paused == ""


def _due(store, now, timezone="UTC"):
    with store.read() as tx:
        return paused_due(tx, AlertsTable(), timezone, now)


async def test_the_newsroom_is_told_once_with_why_how_many_wait_and_what_to_do(store, clock, town):
    begin(store, NOW, *posts("a", "b", "c"))
    await Process(store, clock, town).look()
    (alert,) = _due(store, NOW)
    assert CHANNEL in alert.title
    assert ("Reason", str(REFUSED)) in alert.facts
    assert ("Waiting", "3 posts") in alert.facts
    assert any(each.line == f"broadsheet channels resume {CHANNEL}" for each in alert.do)
    with store.write() as tx:
        tx.flags.set(alert.flag, "told", NOW)
    assert _due(store, NOW + timedelta(hours=2)) == []


async def test_a_channel_that_goes_on_again_and_one_that_an_editor_paused_are_no_alert(store, clock, town):
    begin(store, NOW, *posts("a"))
    await Process(store, clock, town).look()
    resume_channel(store, CHANNEL, "mara", NOW)
    assert _due(store, NOW) == []
    with store.write() as tx:
        assert pause_channel(tx, CHANNEL, "holidays", NOW, who="mara")
    assert _due(store, NOW) == []


async def test_what_waited_for_a_paused_channel_has_its_time_again_when_it_goes_on(store, clock, town):
    made = begin(store, NOW, *posts("a", "b"))
    await Process(store, clock, town).look()
    town.answer = _accept
    clock.advance(days=3)
    resume_channel(store, CHANNEL, "mara", clock())
    await Process(store, clock, town).look()
    assert texts(town) == ["a", "a", "b"]
    assert books(store, made) == (EditionState.SENT, {"accepted": 2})


@pytest.mark.postgresql
async def test_a_paused_channels_chunks_have_no_jobs_and_get_them_when_it_goes_on(postgresql_database, clock):
    from sqlalchemy import text

    from bot.store import Store

    store = Store.open(postgresql_database)
    with store.write() as tx:
        pause_channel(tx, CHANNEL, "revoked", NOW)
    begin(store, NOW, *posts("a", "b"))

    def jobs():
        with store.read() as tx:
            return tx.connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar()

    with store.write() as tx:
        assert tx.jobs.sweep(NOW) == 0
    assert jobs() == 0
    resume_channel(store, CHANNEL, "mara", NOW)
    assert jobs() == 2
    store.close()
