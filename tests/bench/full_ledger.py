"""Readers and deliveries of a full store: one edition that went to everybody, and a thousand readers of each other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, literal, select, update

from bot.delivery.suspects import summed_up
from bot.model import Edition, EditionState, Evidence, ServerProgress, WorkerProgress
from bot.store import Store, Transaction
from bot.store.address import address_key
from bot.store.bulk import insert_rows
from bot.store.chosen import evidence_json
from bot.store.chunks import SIZE, Chunks
from bot.store.subscribers import LARGEST_ID
from bot.store.tables import attempts, chunks, deliveries, editions, events, subscribers, subscriptions, suppressions

EACH = 1_000
"""Readers of an edition, but of the largest and of the one that is being sent."""
GOING = 100
"""Times as many has the one that is being sent, as far as there are so many readers."""
LEFT_BY_EACH = 3
SUPPRESSED = "spam{}@example.org"
EVIDENCE = Evidence(form="footer", wording="Send me the briefing.", page="https://record.example/join")
POSTING = ("town", "phones")
_AT_ONCE = 20_000
_NAMES = ("Ida", "Noor", "Mara", "Tomas", "Ines", "Kofi", "Yuki", "Amal")
_MOMENT: Any = deliveries.c.updated.type
_OUT = (EditionState.SENT, EditionState.CANCELLED)


def subscribe(store: Store, count: int, now: datetime) -> None:
    """``count`` readers of ``readers``, every fifth of ``weekend`` too; some have left, some chose something."""
    chance = random.Random(2)
    evidence = evidence_json(EVIDENCE)
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        with store.write(bulk=True) as tx:
            # As the product gives them: at random, so that their index grows everywhere at once.
            ids = {number: chance.randrange(1, LARGEST_ID) for number in numbers}
            insert_rows(tx.connection, subscribers, [_subscriber(tx, ids[each], each, now) for each in numbers])
            rows = [_subscription(ids[each], each, "readers", now, evidence) for each in numbers]
            rows += [_subscription(ids[each], each, "weekend", now, evidence) for each in numbers if each % 5 == 0]
            insert_rows(tx.connection, subscriptions, rows)


def _subscriber(tx: Transaction, id: int, number: int, now: datetime) -> dict[str, Any]:
    address = f"reader{number:07d}@{('readers', 'post', 'mail')[number % 3]}.test"
    key = address_key(address)
    return {
        "id": id,
        "address": address,
        "address_key": key,
        "address_hash": tx.hashed.of_key(key),
        "name": f"{_NAMES[number % len(_NAMES)]} Reader {number}",
        "created": now - timedelta(minutes=number % 500_000),
    }


def _subscription(id: int, number: int, audience: str, now: datetime, evidence: Any) -> dict[str, Any]:
    left = number % 25 == 24
    return {
        "audience": audience,
        "subscriber": id,
        "state": "unsubscribed" if left else "subscribed",
        "consent_at": now - timedelta(minutes=number % 500_000),
        "consent_via": "import of readers.csv by Tom 1",
        "ended": now - timedelta(minutes=number % 200_000) if left else None,
        "ended_via": "link" if left else "",
        "evidence": evidence if number % 2 else None,
        "preferences": {"topics": [f"Section {number % 12}"]} if number % 20 == 1 else None,
    }


def somebody(store: Store, *, newest: bool = False) -> tuple[str, int]:
    """(address, id) of a reader who got many editions; ``newest``: of one who got the largest alone."""
    order = subscriptions.c.subscriber.desc() if newest else subscriptions.c.subscriber
    with store.read() as tx:
        id = tx.connection.execute(_readers(1).order_by(None).order_by(order)).scalar_one()
        row = tx.connection.execute(select(subscribers.c.address).where(subscribers.c.id == id)).one()
    return row.address, id


def deliver(store: Store, made: Sequence[Edition], now: datetime) -> None:
    """Names the deliveries of what went out, with their attempts, and has the program count their chunks.

    ``made``: the largest first, as ``full_store`` makes them.
    """
    out = [each for each in made if each.state in _OUT]
    going = [each for each in made if each.state is EditionState.SENDING]
    with store.write(bulk=True) as tx:
        everybody = tx.connection.execute(select(func.count()).select_from(_readers(None).subquery())).scalar_one()
    sizes = {each.id: min(EACH, everybody) for each in out}
    sizes |= {each.id: min(EACH * GOING, everybody) for each in going} | {out[0].id: everybody}
    for each in (*going, *out):
        with store.write(bulk=True) as tx:
            _name(tx, each, sizes[each.id], now)
    with store.write(bulk=True) as tx:
        _attempt(tx)
        ids = list(tx.connection.execute(select(chunks.c.id).order_by(chunks.c.id)).scalars())
    for start in range(0, len(ids), _AT_ONCE // SIZE):
        with store.write(bulk=True) as tx:
            Chunks(tx.connection).settle(ids[start : start + _AT_ONCE // SIZE], now)
    for each in going:
        _said(store, each, sizes[each.id], now)


def _readers(limit: int | None) -> Any:
    here = (subscriptions.c.audience == "readers", subscriptions.c.state == "subscribed")
    return select(subscriptions.c.subscriber).where(*here).order_by(subscriptions.c.subscriber).limit(limit)


def _name(tx: Transaction, each: Edition, size: int, now: datetime) -> None:
    run = tx.connection.execute
    before = run(select(func.max(deliveries.c.id))).scalar() or 0
    sending = each.state is EditionState.SENDING
    who = _readers(size).subquery()
    columns = ["edition", "subscriber", "channel", "subject", "state", "reason", "attempts", "tries", "updated"]
    rows = select(
        literal(each.id),
        who.c.subscriber,
        literal("mail"),
        literal(""),
        _state(who.c.subscriber, sending),
        literal(""),
        literal(1),
        literal(1),
        literal(each.sent or now, _MOMENT),
    ).order_by(who.c.subscriber)
    run(insert(deliveries).from_select(columns, rows))
    first = run(select(func.min(deliveries.c.id)).where(deliveries.c.id > before)).scalar_one()
    if sending:
        # The second half is still to come.
        half = deliveries.c.id >= first + size // 2
        run(
            update(deliveries).where(deliveries.c.edition == each.id, half).values(state="pending", attempts=0, tries=0)
        )
    posts = [
        {
            "edition": each.id,
            "subscriber": 0,
            "channel": channel,
            "subject": "",
            "state": "accepted",
            "attempts": 1,
            "tries": 1,
            "updated": each.sent or now,
        }
        for channel in POSTING
    ]
    run(insert(deliveries), posts)
    rows_of = [
        {"edition": each.id, "channel": "mail", "audience": "readers", "first": at, "last": min(at + SIZE, end) - 1}
        for end in (first + size,)
        for at in range(first, end, SIZE)
    ]
    of_posts = run(select(deliveries.c.id, deliveries.c.channel).where(deliveries.c.id >= first + size)).all()
    rows_of += [
        {"edition": each.id, "channel": row.channel, "audience": "", "first": row.id, "last": row.id}
        for row in of_posts
    ]
    run(insert(chunks), [{**row, "due": None} for row in rows_of])
    run(update(editions).where(editions.c.id == each.id).values(snapshot=size + len(posts)))


def _state(reader: ColumnElement[int], sending: bool) -> ColumnElement[str]:
    """One of two hundred fails, one of five thousand may or may not have arrived."""
    return case(
        (reader % 200 == 1, "failed"),
        (reader % 5_000 == 2, "deferred" if sending else "unknown"),
        (reader % 100 == 3, "suppressed"),
        else_="accepted",
    )


def _attempt(tx: Transaction) -> None:
    state, id = deliveries.c.state, deliveries.c.id
    refused = case(
        (id % 4 == 0, "550 5.1.1 no such user"),
        (id % 4 == 1, "552 5.2.2 mailbox is full"),
        (id % 4 == 2, "554 5.7.1 blocked by policy"),
        else_="550 5.1.1 account disabled",
    )
    said = case(
        (state == "failed", refused),
        (state == "deferred", "450 4.2.0 greylisted"),
        (state == "unknown", "the line broke"),
        else_="250 2.0.0 Ok: queued",
    )
    code = case((state == "failed", 550), (state == "deferred", 450), (state == "unknown", 0), else_=250)
    columns = ["delivery", "number", "outcome", "began", "ended", "server", "code", "enhanced", "text"]
    enhanced = case((state == "failed", func.substr(refused, 5, 5)), else_="")
    rows = select(
        id, literal(1), state, deliveries.c.updated, deliveries.c.updated, literal("mx:25"), code, enhanced, said
    ).where(deliveries.c.attempts == 1, state != "suppressed")
    tx.connection.execute(insert(attempts).from_select(columns, rows))


def _said(store: Store, each: Edition, size: int, now: datetime) -> None:
    """A process says how fast it sends."""
    server = ServerProgress(channel="mail", address="mx:25", states={"accepted": size // 2}, rate=900.0, connections=20)
    said = WorkerProgress(
        edition=each.id,
        owner="worker-1",
        began=now,
        updated=datetime.now(UTC),
        tried=size // 2,
        rate=900.0,
        servers=(server,),
    )
    with store.write() as tx:
        tx.progress.put(said)


def returned(store: Store, largest: Edition, listed: int, now: datetime) -> None:
    """Bounces and complaints of the largest edition, twice as many as addresses that must not be mailed; a third of
    them came back at once, and waits for an editor's word.
    """
    with store.write(bulk=True) as tx:
        query = select(deliveries.c.id, deliveries.c.subscriber).where(
            deliveries.c.edition == largest.id, deliveries.c.channel == "mail", deliveries.c.state == "accepted"
        )
        found = tx.connection.execute(query.order_by(deliveries.c.id).limit(2 * listed)).all()
        if found:
            tx.connection.execute(insert(events), list(_events(found, largest, now)))
            held = tx.events.undecided(largest.id, LARGEST_ID)
            tx.suspects.keep(largest.id, summed_up(held, {}))
        for start in range(0, listed, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, listed))
            tx.connection.execute(insert(suppressions), [_suppression(tx, each, now) for each in some])


def _events(found: Sequence[Any], largest: Edition, now: datetime) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(found):
        complaint = number % 50 == 0
        yield {
            "key": f"{row.id:064d}",
            "at": now - timedelta(seconds=number),
            "verdict": "complaint" if complaint else "soft" if number % 3 else "hard",
            "effect": "suppressed" if complaint else "" if number % 3 else "waiting",
            "delivery": row.id,
            "edition": largest.id,
            "channel": "mail",
            "subscriber": row.subscriber,
            "code": "" if complaint else "5.2.2",
            "reason": "" if complaint else "mailbox full",
            "source": "mailbox",
            "evidence": "552 5.2.2 mailbox is full",
        }


def _suppression(tx: Transaction, number: int, now: datetime) -> dict[str, Any]:
    address = SUPPRESSED.format(number)
    return {
        "address_hash": tx.hashed(address),
        "audience": "",
        "address": address,
        "reason": ("bounce", "complaint", "editor")[number % 3],
        "note": "550 5.1.1 no such user",
        "at": now - timedelta(minutes=number),
        "source": "mailbox",
    }
