"""What the store remembers of schedules."""

from __future__ import annotations

from datetime import timedelta

from bot.model import EditionState
from bot.testing import NOW, edition


def test_what_schedules_made_is_counted_and_what_is_to_go_out_yet_by_its_state(store):
    made = (
        *(("morning", state) for state in (EditionState.APPROVED, EditionState.AWAITING, EditionState.SENT)),
        *(("evening", state) for state in (EditionState.APPROVED, EditionState.APPROVED)),
        ("weekend", EditionState.SKIPPED),
    )
    with store.write() as tx:
        for schedule, state in made:
            each = edition(schedule=schedule, state=state)
            tx.editions.add(each, expires=NOW + timedelta(hours=3), report={})
    with store.read() as tx:
        past = tx.schedules.past()
    assert {name: (each.editions, dict(each.open), each.waiting) for name, each in past.items()} == {
        "morning": (3, {"approved": 1, "awaiting": 1}, 2),
        "evening": (2, {"approved": 2}, 2),
        "weekend": (1, {}, 0),
    }
