"""Deliveries are found in runs of ids as one would find them by looking at each."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.store.runs import ids_in
from bot.store.tables import deliveries
from bot.testing import NOW, edition

STATES = ("accepted", "failed", "unknown")
SIZE = 400


@pytest.fixture
def ledger(store):
    """Deliveries 1 to 400 in a state each, with some ids missing."""
    chance = random.Random(3)
    made = edition()
    states = {id: chance.choice(STATES) for id in range(1, SIZE + 1) if chance.random() < 0.8}
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=1), report={})
        rows = [
            {"id": id, "edition": made.id, "subscriber": id, "channel": "mail", "subject": "", "state": state}
            for id, state in states.items()
        ]
        tx.connection.execute(insert(deliveries), [{**row, "updated": NOW} for row in rows])
    return states


def runs_of(chance, number):
    bounds = sorted(chance.sample(range(1, SIZE + 1), 2 * number))
    return list(zip(bounds[::2], bounds[1::2], strict=True))


def test_they_are_those_of_the_runs_in_their_order_up_to_the_limit(store, ledger):
    chance = random.Random(5)
    with store.read() as tx:
        for number in (0, 1, 2, 7, 40):
            for states in ((), ("unknown",), ("failed", "accepted")):
                runs, limit = runs_of(chance, number), chance.choice((1, 10, SIZE))
                wanted = [
                    id
                    for first, last in runs
                    for id in range(first, last + 1)
                    if id in ledger and (not states or ledger[id] in states)
                ]
                assert ids_in(tx.connection, runs, states, limit) == wanted[:limit], (runs, states, limit)


def test_what_else_is_asked_of_them_holds_in_each_run(store, ledger):
    even = deliveries.c.id.in_(select(deliveries.c.id).where(deliveries.c.id % 2 == 0))
    with store.read() as tx:
        for runs in ([(1, SIZE)], [(1, 90), (200, 300)]):
            found = ids_in(tx.connection, runs, ("failed",), SIZE, even)
            assert found == [
                id
                for first, last in runs
                for id in range(first, last + 1)
                if ledger.get(id) == "failed" and id % 2 == 0
            ]
            assert found
