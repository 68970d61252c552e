"""The sums of editions, as they are reckoned and asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.editions import lifecycle
from bot.model import DeliveryState, EditionState, Effect, Event, Outcome, Verdict
from bot.store.numbers import Sums
from bot.testing import NOW, edition, subscribe

DAY = timedelta(days=1)
S = DeliveryState


def begun(store, *, slot=NOW, schedule="morning", state=EditionState.SENDING, post=False, **fields):
    made = edition(state=state, slot=slot, schedule=schedule, slot_key=f"{slot.isoformat()}-{schedule}", **fields)
    with store.write() as tx:
        tx.editions.add(made, expires=slot + DAY, report={})
        if state is EditionState.SENDING:
            size = tx.deliveries.add_audience(made.id, "mail", "readers", slot)
            size += tx.deliveries.add_post(made.id, "bluesky", "", slot) if post else 0
            tx.editions.set_snapshot(made.id, size)
    return made.id


def send(store, edition_id, state=S.ACCEPTED, now=NOW):
    for channel in ("mail", "bluesky"):
        with store.write() as tx:
            chunk = tx.chunks.claim(channel, owner="a", now=now, until=now + DAY, edition=edition_id)
            if chunk:
                due = tx.deliveries.due(chunk, now)
                tx.deliveries.attempt(chunk, [each.id for each in due], now)
                ended = {"state": state, "began": now, "ended": now}
                tx.deliveries.finish([Outcome(delivery=each.id, attempt=each.attempt, **ended) for each in due])
                tx.chunks.release(chunk, now)


def close(store, edition_id, now=NOW):
    with store.write() as tx:
        assert tx.editions.move(edition_id, to=EditionState.SENT, since=[EditionState.SENDING], now=now)


def reckon(store, edition_id, now=NOW):
    with store.write() as tx:
        tx.numbers.reckon(edition_id, now)


def figures(store, *, schedules=("morning",), since=NOW - 30 * DAY, until=NOW + DAY):
    with store.read() as tx:
        return {each.edition: each for each in tx.numbers.of_editions(schedules, since=since, until=until, limit=100)}


@pytest.fixture
def readers(store):
    return subscribe(store, "mara@example.org", "noor@example.org", "ines@example.org")


def test_an_edition_is_summed_up_by_its_mails(store, readers):
    sent = begun(store, post=True)
    send(store, sent)
    reckon(store, sent)
    found = figures(store)[sent]
    assert (found.readers, found.accepted, found.failed, found.unknown) == (3, 3, 0, 0)
    assert (found.unsubscribed, found.clicks, found.reckoned) == (0, None, NOW)


def test_what_came_back_and_was_clicked_is_counted_once_for_each_mail(store, readers):
    sent = begun(store)
    send(store, sent)
    with store.write() as tx:
        (first, second, _third) = tx.deliveries.page(edition=sent)
        for number, (delivery, verdict) in enumerate(
            [(first, Verdict.HARD), (first, Verdict.SOFT), (second, Verdict.COMPLAINT)]
        ):
            named = {"edition": sent, "delivery": delivery.id, "subscriber": delivery.subscriber}
            tx.events.add(
                Event(key=str(number), at=NOW, verdict=verdict, source="smtp", effect=Effect.COUNTED, **named)
            )
        tx.links.put(sent, ["https://record.example/a", "https://record.example/b"])
        for number in (1, 1, 2):
            tx.links.count(sent, number)
    reckon(store, sent)
    found = figures(store)[sent]
    assert (found.bounced, found.complaints, found.clicks) == (1, 1, 3)


def test_who_leaves_by_an_editions_link_is_counted_and_may_take_it_back(store, readers):
    sent = begun(store)
    reckon(store, sent)
    with store.write() as tx:
        tx.numbers.left(sent)
        tx.numbers.left(sent)
        tx.numbers.left(sent, -1)
        tx.numbers.left("nosuchedition")
        tx.numbers.left("")
    reckon(store, sent, NOW + DAY)
    assert figures(store)[sent].unsubscribed == 1


def test_a_departure_counts_though_nobody_has_reckoned_yet_and_never_falls_below_none(store, readers):
    sent = begun(store)
    with store.write() as tx:
        tx.numbers.left(sent, -1)
        tx.numbers.left(sent, -1)
        tx.numbers.left(sent)
    assert figures(store)[sent].unsubscribed == 1
    assert figures(store)[sent].readers is None


def test_of_an_edition_of_long_ago_it_is_not_known_who_left(store, readers):
    old = begun(store, slot=NOW - 9 * DAY)
    send(store, old, now=NOW - 9 * DAY)
    close(store, old, NOW - 9 * DAY)
    reckon(store, old)
    assert figures(store)[old].unsubscribed is None


def test_the_newest_is_reckoned_first_and_again_ever_more_rarely(store, readers):
    young, old = begun(store, slot=NOW - timedelta(hours=1)), begun(store, slot=NOW - 10 * DAY)
    for each in (young, old):
        send(store, each)
        close(store, each, NOW - timedelta(minutes=30))
    with store.read() as tx:
        assert tx.numbers.due(NOW, 10) == [young, old]
        assert tx.numbers.due(NOW, 1) == [young]
    reckon(store, young)
    reckon(store, old)

    def due(later):
        with store.read() as tx:
            return tx.numbers.due(NOW + later, 10)

    assert due(timedelta(minutes=1)) == []
    assert due(timedelta(minutes=6)) == [young]
    assert due(timedelta(hours=13)) == [young, old]
    assert due(70 * DAY) == []


def test_sums_that_are_older_than_the_edition_are_not_told(store, readers):
    sent = begun(store)
    send(store, sent)
    reckon(store, sent)
    with store.read() as tx:
        assert tx.numbers.states([sent]) == {}
    close(store, sent, NOW + timedelta(seconds=1))
    reckon(store, sent, NOW + timedelta(minutes=1))
    with store.read() as tx:
        assert tx.numbers.states([sent]) == {sent: {"accepted": 3}}


def test_a_decision_makes_the_sums_old(store, readers):
    sent = begun(store)
    send(store, sent, S.UNKNOWN)
    close(store, sent)
    reckon(store, sent, NOW + timedelta(minutes=1))
    with store.read() as tx:
        ids = [each.id for each in tx.deliveries.page(edition=sent)]
        assert tx.numbers.states([sent]) == {sent: {"unknown": 3}}
    lifecycle.resolve(store, ids, arrived=True, who="editor", now=NOW + timedelta(minutes=2))
    with store.read() as tx:
        assert tx.numbers.states([sent]) == {}
        assert tx.numbers.due(NOW + timedelta(minutes=3), 10) == [sent]


def test_the_list_of_what_went_out_goes_on_behind_its_cursor(store, readers):
    made = [begun(store, slot=NOW - number * DAY) for number in range(3)]
    begun(store, slot=NOW + DAY, state=EditionState.DRAFTED)
    with store.read() as tx:
        first = tx.numbers.went_out(limit=2)
        assert [each.id for each in first] == made[:2]
        rest = tx.numbers.went_out(before=(first[-1].slot, first[-1].id), limit=2)
        assert [each.id for each in rest] == made[2:]
        assert tx.numbers.went_out(schedule="evening") == []


def test_the_list_may_be_of_editions_in_trouble(store, readers):
    well, failed = begun(store), begun(store, slot=NOW - DAY)
    send(store, well)
    send(store, failed, S.FAILED)
    reckon(store, well)
    reckon(store, failed)
    with store.read() as tx:
        assert [each.id for each in tx.numbers.went_out(trouble=S.FAILED)] == [failed]
        assert tx.numbers.went_out(trouble=S.UNKNOWN) == []


def test_only_editions_of_which_something_may_have_gone_wrong_are_troubled(store, readers):
    def trouble():
        with store.read() as tx:
            span = {"unknown": NOW - 9 * DAY, "failed": NOW - 2 * DAY, "until": NOW + DAY}
            return [(each.id, each.states) for each in tx.numbers.troubled(**span, limit=10)]

    made = {}
    for days, state in enumerate([S.ACCEPTED, S.FAILED, S.UNKNOWN, S.FAILED, S.ACCEPTED]):
        made[days] = begun(store, slot=NOW - days * DAY)
        send(store, made[days], state)
    long_ago = begun(store, slot=NOW - 10 * DAY)
    send(store, long_ago, S.UNKNOWN)
    begun(store, slot=NOW, schedule="held", state=EditionState.HELD)
    assert [each for each, _ in trouble()] == [made[0], made[1], made[2], made[3], made[4]]
    assert {states is None for _, states in trouble()} == {True}, "nobody has summed them up"
    for each in made.values():
        close(store, each)
        reckon(store, each)
    assert trouble() == [(made[1], {"failed": 3}), (made[2], {"unknown": 3})], "the fourth failed long ago"
    lifecycle.resolve(store, _unknown(store, made[2]), arrived=True, who="ida", now=NOW + DAY)
    assert trouble() == [(made[1], {"failed": 3}), (made[2], None)]
    reckon(store, made[2], NOW + 2 * DAY)
    assert trouble() == [(made[1], {"failed": 3})]


def _unknown(store, edition_id):
    with store.read() as tx:
        return [each.id for each in tx.deliveries.page(edition=edition_id, states=[S.UNKNOWN])]


def test_a_span_sums_up_what_was_reckoned_in_it(store, readers):
    for number in range(3):
        each = begun(store, slot=NOW - number * DAY, post=True)
        send(store, each, S.ACCEPTED if number else S.FAILED)
        reckon(store, each)
    with store.read() as tx:
        [sums] = tx.numbers.sums_between(["morning"], [NOW - DAY, NOW + DAY])
        posts = tx.numbers.posts(["morning"], since=NOW - DAY, until=NOW + DAY)
        [nothing] = tx.numbers.sums_between(["evening"], [NOW - DAY, NOW + DAY])
        parts = tx.numbers.sums_between(["morning"], [NOW - 9 * DAY, NOW - DAY, NOW, NOW + DAY])
    assert (sums.editions, sums.readers, sums.accepted, sums.clicks) == (2, 6, 3, None)
    assert [(each.editions, each.accepted, each.most_readers) for each in parts] == [(1, 3, 3), (1, 3, 3), (1, 0, 3)]
    assert Sums.of(parts[1:]) == sums
    assert Sums.of([]) == nothing
    assert [(each.channel, each.accepted, each.failed) for each in posts] == [("bluesky", 1, 1)]
    assert (nothing.editions, nothing.readers) == (0, 0)


def test_headlines_and_titles_are_those_of_the_stories(store, readers):
    sent = begun(store)
    with store.read() as tx:
        (story,) = tx.editions.get(sent).stories
        assert tx.numbers.headlines([sent]) == {sent: story.article.title}
        assert tx.numbers.titles([sent]) == {story.article.url: story.article.title}
