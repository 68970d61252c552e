"""The books of many editions, and the posts of many channels: asked for at once, told of each."""

from __future__ import annotations

from datetime import timedelta

from bot.model import DeliveryState, EditionState, Outcome
from bot.store.books import Balance
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(hours=1)


def _add(store, *posts, audience="", state=EditionState.SENDING):
    """An edition with posts, each a channel and a subject, and a mail to an audience."""
    made = edition(state=state)
    with store.write() as tx:
        tx.editions.add(made, expires=LATER, report={})
        size = sum(tx.deliveries.add_post(made.id, channel, subject, NOW) for channel, subject in posts)
        size += tx.deliveries.add_audience(made.id, "mail", audience, NOW) if audience else 0
        tx.editions.set_snapshot(made.id, size)
    return made.id


def _deliver(store, channel, at=NOW, *, release=True):
    """The network takes all posts of the channel's next chunk."""
    with store.write() as tx:
        chunk = tx.chunks.claim(channel, owner="o", now=NOW, until=LATER)
        for each in tx.deliveries.due(chunk, NOW):
            tx.deliveries.attempt(chunk, [each.id], NOW)
            state = DeliveryState.ACCEPTED
            tx.deliveries.finish(
                [Outcome(delivery=each.id, attempt=each.attempt, state=state, began=at, ended=at, provider_id="p")]
            )
        if release:
            tx.chunks.release(chunk, NOW)


def test_the_posts_that_each_channel_accepted_last_are_told_newest_first(store):
    _add(store, *(("sky", str(number)) for number in range(1, 5)), ("wire", "9"), ("wire", "8"))
    for minutes in (1, 3, 2):
        _deliver(store, "sky", NOW + timedelta(minutes=minutes))
    _deliver(store, "wire")
    with store.read() as tx:
        found = tx.deliveries.newest_posts(["sky", "wire", "quiet"], limit=2)
    told = {channel: [each.subject for each in posts] for channel, posts in found.items()}
    assert told == {"sky": ["2", "3"], "wire": ["9"], "quiet": []}
    assert found["sky"][0].provider_id == "p"


def test_posts_wait_on_each_channel_while_their_edition_is_sent(store):
    _add(store, ("sky", "1"), ("sky", "2"), ("wire", "1"))
    _add(store, ("sky", "1"), state=EditionState.PAUSED)
    _deliver(store, "sky")
    with store.read() as tx:
        assert tx.deliveries.open_posts(["sky", "wire", "quiet"]) == {"sky": 1, "wire": 1, "quiet": 0}
        assert tx.deliveries.open_posts([]) == {}


def test_the_books_of_each_edition_are_its_own(store):
    subscribe(store, "mara@example.org", "noor@example.org")
    done, worked_on = _add(store, ("sky", "1")), _add(store, ("wire", "1"), audience="readers")
    _deliver(store, "sky")
    _deliver(store, "wire", release=False)
    with store.read() as tx:
        books = tx.deliveries.balances([done, worked_on, "none"])
        counted = tx.deliveries.balances([done, worked_on], counted=True)
        assert books[worked_on] == tx.deliveries.balance(worked_on)
        assert tx.deliveries.balances([worked_on], mail=True)[worked_on].states == {"pending": 2}
    assert books == {
        done: Balance(1, {"accepted": 1}),
        worked_on: Balance(3, {"accepted": 1, "pending": 2}),
        "none": Balance(0, {}),
    }
    assert counted == {done: books[done], worked_on: books[worked_on]}


def test_posts_are_told_of_each_edition_and_mails_are_not(store):
    subscribe(store, "mara@example.org")
    both, mail = _add(store, ("sky", "1"), ("wire", "1"), audience="readers"), _add(store, audience="readers")
    with store.read() as tx:
        found = tx.deliveries.posts_of([both, mail])
    assert {edition: [each.channel for each in posts] for edition, posts in found.items()} == {
        both: ["sky", "wire"],
        mail: [],
    }


def test_pages_of_deliveries_leave_nothing_out_however_small_their_chunks_are(store):
    subscribe(store, *(f"reader{number}@example.org" for number in range(7)))
    made = _add(store, *(("sky", str(number)) for number in range(70)), audience="readers")
    seen, after = [], 0
    while True:
        with store.read() as tx:
            page = tx.deliveries.page(edition=made, limit=9, after=after)
        if not page:
            break
        seen += [each.id for each in page]
        after = page[-1].id
    assert len(seen) == 77
    assert seen == sorted(set(seen))
