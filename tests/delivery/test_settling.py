"""Bursts, refusals at SMTP time, and the alarms on what comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience.enrolment import forget
from bot.audience.suppression import suppress
from bot.delivery.alerts import due
from bot.delivery.rates import BOUNCE_ALARM, COMPLAINT_ALARM, Returned, returned
from bot.delivery.sending import pause
from bot.delivery.settling import HELD, SETTLE, decide
from bot.editions import lifecycle
from bot.errors import DeliveryError, NotFound, NothingToDo
from bot.model import EditionState, Effect, Hit, Suppression, Verdict
from bot.settings.tables import AlertsTable
from bot.testing import NOW
from tests.delivery.returned import Sent, complaint, dsn

UNKNOWN = DeliveryError(
    "mx.example:25 refuses the recipient: 550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1"
)
FULL = DeliveryError(
    "mx.example:25 puts off the recipient: 452 4.2.2 mailbox full", permanent=False, code=452, enhanced="4.2.2"
)


def readers(count, domain="example.org", first=0):
    return [f"reader{number:03d}@{domain}" for number in range(first, first + count)]


@pytest.fixture
def newsroom(store, clock):
    return Sent(store, clock)


def _acts(sent, edition):
    with sent.store.read() as tx:
        return [act.what for act in tx.acts.newest(thing=f"edition:{edition}")]


def _alerts(sent, now=None):
    with sent.store.read() as tx:
        return [each.title for each in due(tx, AlertsTable(), "UTC", now or sent.clock())]


def _bounce(sent, edition, addresses, **kind):
    for address in addresses:
        sent.take(dsn(address, token=sent.tokens[edition, address], **kind))


async def test_a_refusal_at_rcpt_suppresses_like_a_bounce(newsroom):
    gone, *others = readers(5)
    newsroom.refuse[gone] = UNKNOWN
    edition = await newsroom.edition(gone, *others)
    (event,) = newsroom.events()
    assert (event.verdict, event.source, event.edition, event.code) == (Verdict.HARD, "smtp", edition, "5.1.1")
    assert newsroom.settle().suppressed == 1
    assert newsroom.suppressed(gone) == "bounced"
    assert [newsroom.suppressed(each) for each in others] == [""] * 4


async def test_a_delivery_that_was_put_off_until_its_time_was_over_is_a_soft_bounce(newsroom, clock):
    full, other = readers(2)
    newsroom.refuse[full] = FULL
    await newsroom.edition(full, other)
    assert newsroom.events() == [], "it is tried again"
    clock.moment += timedelta(days=2)
    await newsroom.deliver()
    (event,) = newsroom.events()
    assert (event.verdict, event.reason) == (Verdict.SOFT, "mailbox full")
    newsroom.settle()
    assert newsroom.suppressed(full) == ""


async def test_a_line_that_broke_says_nothing_of_the_reader(newsroom, clock):
    (reader,) = readers(1)
    newsroom.refuse[reader] = DeliveryError("mx.example:25 broke off at the recipient: reset", permanent=False)
    await newsroom.edition(reader)
    clock.moment += timedelta(days=2)
    await newsroom.deliver()
    assert newsroom.events() == []


async def test_refusals_of_posts_are_no_events(newsroom):
    await newsroom.edition(*readers(1))
    with newsroom.store.read() as tx:
        assert tx.events.named([0, 10**9]) == {}


async def test_refusals_that_paused_the_edition_suppress_nobody_until_an_editor_resumed_it(newsroom, clock):
    everybody = readers(40)
    newsroom.refuse = dict.fromkeys(everybody, UNKNOWN)
    edition = await newsroom.edition(*everybody, deliver=False)
    await newsroom.deliver(refused_share=30)
    with newsroom.store.read() as tx:
        assert tx.editions.state(edition) is EditionState.PAUSED
    suspects = len(newsroom.events())
    assert suspects >= 20
    assert newsroom.settle().suppressed == 0
    clock.advance(hours=1)
    lifecycle.resume(newsroom.store, edition, who="editor", now=clock())
    assert newsroom.settle().suppressed == suspects


async def test_what_a_streak_had_suppressed_before_it_paused_the_edition_is_taken_back(newsroom, clock):
    everybody = readers(60)
    first, rest = everybody[:10], everybody[10:]
    newsroom.refuse = dict.fromkeys(first, UNKNOWN)
    edition = await newsroom.edition(*everybody)
    assert newsroom.settle().suppressed == 10
    with newsroom.store.write() as tx:
        tx.editions.move(edition, to=EditionState.SENDING, since=[EditionState.SENT], now=NOW)
        pause(tx, edition, "30 of the last 100 readers were refused for good", clock())
    _bounce(newsroom, edition, rest[:1])
    settled = newsroom.settle()
    assert (settled.taken_back, settled.held, settled.suppressed) == (10, 10, 1)
    assert newsroom.suppressed(first[0]) == ""


async def test_a_burst_of_one_domain_suppresses_nobody_there_and_the_others_as_ever(newsroom):
    here, there = readers(30, "company.example"), readers(100, "example.org")
    edition = await newsroom.arrived(*here, *there)
    _bounce(newsroom, edition, [*here, *there[:2]])
    settled = newsroom.settle()
    assert (settled.suppressed, settled.held) == (2, 30)
    assert [newsroom.suppressed(each) for each in (here[0], there[0])] == ["", "bounced"]
    assert HELD in _acts(newsroom, edition)
    assert any("came back at once" in title for title in _alerts(newsroom))


async def test_the_first_of_a_burst_are_taken_back_when_it_shows(newsroom):
    here = readers(30, "company.example")
    edition = await newsroom.arrived(*here, *readers(100))
    _bounce(newsroom, edition, here[:15])
    assert newsroom.settle().suppressed == 15
    _bounce(newsroom, edition, here[15:25])
    settled = newsroom.settle()
    assert (settled.taken_back, settled.held) == (15, 25)
    assert not any(newsroom.suppressed(each) for each in here)
    assert _acts(newsroom, edition).count(HELD) == 1
    newsroom.settle()
    assert _acts(newsroom, edition).count(HELD) == 1, "told once"


async def test_a_suppression_that_an_editor_made_is_not_taken_back_with_a_burst(newsroom):
    here = readers(25, "company.example")
    edition = await newsroom.edition(*here)
    suppress(newsroom.store, Suppression(address=here[0], reason="editor", at=NOW), who="editor")
    _bounce(newsroom, edition, here[:10])
    newsroom.settle()
    _bounce(newsroom, edition, here[10:])
    newsroom.settle()
    assert (newsroom.suppressed(here[0]), newsroom.suppressed(here[1])) == ("editor", "")


async def test_an_old_list_with_many_dead_addresses_is_no_burst(newsroom):
    everybody = readers(100)
    edition = await newsroom.arrived(*everybody)
    _bounce(newsroom, edition, everybody[:25])
    assert newsroom.settle().suppressed == 25


async def test_the_domains_of_one_provider_burst_together(newsroom):
    here = [*readers(11, "hotmail.com"), *readers(11, "live.com")]
    edition = await newsroom.arrived(*here, *readers(100))
    _bounce(newsroom, edition, here)
    assert newsroom.settle().held == 22


@pytest.mark.parametrize(
    ("dead", "reason", "effect"), [(True, "bounced", Effect.SUPPRESSED), (False, "", Effect.DISMISSED)]
)
async def test_an_editor_says_what_a_burst_was(newsroom, clock, dead, reason, effect):
    here = readers(30, "company.example")
    edition = await newsroom.edition(*here)
    _bounce(newsroom, edition, here)
    newsroom.settle()
    clock.advance(hours=1)
    assert decide(newsroom.store, edition, dead=dead, who="editor", now=clock()) == 30
    newsroom.settle()
    assert {newsroom.suppressed(each) for each in here} == {reason}
    assert {each.effect for each in newsroom.events()} == {effect}
    with pytest.raises(NothingToDo):
        decide(newsroom.store, edition, dead=dead, who="editor", now=clock())


async def test_an_editor_says_nothing_of_what_is_no_burst(newsroom, clock):
    edition = await newsroom.arrived(*readers(100))
    _bounce(newsroom, edition, readers(2))
    for dead in (True, False):
        with pytest.raises(NothingToDo):
            decide(newsroom.store, edition, dead=dead, who="editor", now=clock())
    assert newsroom.settle().suppressed == 2
    assert SETTLE not in _acts(newsroom, edition)


async def test_what_is_held_is_summed_up_for_who_decides(newsroom):
    here = readers(30, "company.example")
    edition = await newsroom.arrived(*here, *readers(100))
    _bounce(newsroom, edition, here[:25])
    newsroom.settle()
    _bounce(newsroom, edition, here[25:28])
    newsroom.settle()
    with newsroom.store.read() as tx:
        found = tx.suspects.of(edition)
    assert (found.number, found.tried, found.providers) == (28, 130, (Hit("company.example", 28, 30),))
    assert [each.number for each in found.answers] == [28]


async def test_an_erased_reader_is_no_suspect_any_more(newsroom, clock):
    here = readers(30, "company.example")
    edition = await newsroom.arrived(*here)
    _bounce(newsroom, edition, here)
    newsroom.settle()
    forget(newsroom.store, here[0], who="editor", now=clock())
    newsroom.settle()
    with newsroom.store.read() as tx:
        assert tx.suspects.of(edition).number == 29


async def test_of_a_burst_that_waits_for_an_edition_to_go_on_nothing_is_left_when_it_does(newsroom, clock):
    here = readers(30, "company.example")
    edition = await newsroom.arrived(*here)
    _bounce(newsroom, edition, here)
    newsroom.settle()
    with newsroom.store.write() as tx:
        pause(tx, edition, "complaints", clock())
    clock.advance(hours=1)
    lifecycle.resume(newsroom.store, edition, who="editor", now=clock())
    assert newsroom.settle().suppressed == 30
    with newsroom.store.read() as tx:
        assert tx.suspects.of(edition) is None


async def test_the_alert_leads_to_the_question(newsroom):
    here = readers(30, "company.example")
    edition = await newsroom.arrived(*here)
    _bounce(newsroom, edition, here)
    newsroom.settle()
    with newsroom.store.read() as tx:
        pages = {each.status: each.page for each in due(tx, AlertsTable(), "UTC", newsroom.clock())}
    assert pages["Look at these bounces"] == f"editions/{edition}/delivery#bounces"


def test_an_unknown_edition_cannot_be_settled(newsroom, clock):
    with pytest.raises(NotFound):
        decide(newsroom.store, "nothing", dead=True, who="editor", now=clock())


async def test_b4_a_burst_of_policy_refusals_of_one_domain_suppresses_nobody(newsroom):
    here = readers(40, "company.example")
    edition = await newsroom.edition(*here)
    _bounce(newsroom, edition, here, status="5.7.1", said="554 5.7.1 blocked by policy")
    newsroom.settle()
    assert not any(newsroom.suppressed(each) for each in here)


@pytest.mark.parametrize(
    ("bounces", "tried", "alarm"),
    [(20, 400, False), (21, 400, True), (19, 20, False), (20, 20, True), (500, 10_000, False)],
)
def test_g6_bounces_are_an_alarm_above_5_per_cent_and_from_20_on(bounces, tried, alarm):
    assert Returned(tried, tried, bounces, 0, {}).bounces_alarm is alarm


@pytest.mark.parametrize(
    ("complaints", "accepted", "warns", "pauses"),
    [
        (1, 20, False, False),
        (2, 20, False, False),
        (3, 20, True, False),
        (5, 20, True, True),
        (10, 10_000, False, False),
        (11, 10_000, True, False),
        (30, 10_000, True, False),
        (31, 10_000, True, True),
    ],
)
def test_g6_complaints_warn_above_a_thousandth_and_pause_above_three(complaints, accepted, warns, pauses):
    found = Returned(accepted, accepted, 0, complaints, {})
    assert (found.complaints_alarm, found.complaints_pause) == (warns, pauses)


async def test_g6_many_bounces_are_an_alarm_told_once(newsroom, clock):
    everybody = readers(100)
    edition = await newsroom.arrived(*everybody)
    _bounce(newsroom, edition, everybody[:19], status="5.2.2", said="552 5.2.2 mailbox full")
    newsroom.settle()
    assert BOUNCE_ALARM not in _acts(newsroom, edition)
    for number in (19, 20):
        _bounce(newsroom, edition, everybody[number : number + 1])
        newsroom.settle()
        assert _acts(newsroom, edition).count(BOUNCE_ALARM) == 1
    assert any("more than 5 % came back" in title for title in _alerts(newsroom))
    with newsroom.store.read() as tx:
        assert (returned(tx, edition).bounces, returned(tx, edition).tried) == (21, 100)


async def test_g6_one_of_twenty_is_no_alarm(newsroom):
    everybody = readers(20)
    edition = await newsroom.edition(*everybody)
    _bounce(newsroom, edition, everybody[:2])
    newsroom.take(complaint(token=newsroom.tokens[edition, everybody[3]]))
    newsroom.settle()
    assert not {BOUNCE_ALARM, COMPLAINT_ALARM} & set(_acts(newsroom, edition))


async def test_g6_three_complaints_warn(newsroom):
    everybody = readers(30)
    edition = await newsroom.arrived(*everybody)
    for number, address in enumerate(everybody[:3]):
        assert (COMPLAINT_ALARM in _acts(newsroom, edition)) is False, number
        newsroom.take(complaint(token=newsroom.tokens[edition, address]))
    assert COMPLAINT_ALARM in _acts(newsroom, edition)
    assert any("more than 0.1 % complained" in title for title in _alerts(newsroom))


async def test_g6_five_complaints_pause_what_is_being_sent(newsroom, clock):
    everybody = readers(30)
    edition = await newsroom.arrived(*everybody)
    with newsroom.store.read() as tx:
        assert tx.editions.state(edition) is EditionState.SENDING
    for address in everybody[:5]:
        newsroom.take(complaint(token=newsroom.tokens[edition, address]))
    with newsroom.store.read() as tx:
        assert tx.editions.state(edition) is EditionState.PAUSED
    assert any("is paused" in title and "complained" in title for title in _alerts(newsroom))
    clock.advance(hours=1)
    lifecycle.resume(newsroom.store, edition, who="editor", now=clock())
    clock.advance(minutes=1)
    newsroom.take(complaint(token=newsroom.tokens[edition, everybody[5]]))
    with newsroom.store.read() as tx:
        assert tx.editions.state(edition) is EditionState.SENDING, "the editor has seen those before"


async def test_g6_an_edition_that_was_sent_stays_sent_whatever_comes_back(newsroom):
    everybody = readers(100)
    edition = await newsroom.edition(*everybody)
    for address in everybody[:10]:
        newsroom.take(complaint(token=newsroom.tokens[edition, address]))
    with newsroom.store.read() as tx:
        assert tx.editions.state(edition) is EditionState.SENT


async def test_old_events_go_and_those_that_wait_for_an_editor_stay(newsroom, clock):
    here = readers(30, "company.example")
    edition = await newsroom.edition(*here, *readers(10))
    _bounce(newsroom, edition, here)
    newsroom.settle()
    newsroom.take(complaint(token=newsroom.tokens[edition, readers(1)[0]]))
    with newsroom.store.write() as tx:
        assert tx.events.prune(clock()) == 0
        assert tx.events.prune(clock() + timedelta(seconds=1)) == 1
    assert len(newsroom.events()) == 30
