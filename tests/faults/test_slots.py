"""Two schedulers and four workers race over 1,000 slots on one PostgreSQL: each slot makes one edition, sent once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.faults.evidence import running_sink
from tests.faults.invariants import one_edition_a_slot
from tests.faults.newsroom import OPEN, Newsroom, Setting, wait
from tests.faults.program import new_clock

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

SCHEDULES = 20
MINUTES = 50
READERS = 5
STORIES = 12
WORDS = """
harbour ferry council library tram bridge market school lighthouse cannery tide gate stadium bakery orchestra crane
pilot museum quarry meadow archive parade clinic reservoir ballot ledger festival orchard viaduct depot
"""

SCHEDULE = """
[schedules.minutely{number}]
name = "Minute by minute {number}"
cron = "* * * * *"
audience = "readers"
channels = ["mail"]
catch_up = "all"

[schedules.minutely{number}.selection]
window = "last 24h"
maximum = 1
"""


def articles(newsroom):
    """Stories that have nothing in common, so that none is taken for a copy of another."""
    chance = random.Random(7)
    for number in range(STORIES):
        chosen = chance.sample(WORDS.split(), 12)
        title = f"{chosen[0].title()} {chosen[1]} {chosen[2]} {number}"
        text = f"---\ntitle: {title}\nlang: en\n---\nThe {' '.join(chosen[3:])} was reported on day {number}.\n"
        (newsroom.folder / "articles" / f"story-{number}.md").write_text(text)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_thousand_slots_make_a_thousand_editions_and_each_reader_has_each_once(store_url, tmp_path):
    schedules = "".join(SCHEDULE.format(number=number) for number in range(SCHEDULES))
    with running_sink(tmp_path / "sink") as sink, ExitStack() as running:
        newsroom = Newsroom(tmp_path / "newsroom", READERS, Setting(schedules=schedules), store_url).make(sink.port)
        past = new_clock()
        past.value = -MINUTES * 60.0
        with newsroom.running("scheduler", clock=past):
            # Without an article each schedule has its first slot skipped; from then on its slots count.
            wait(newsroom.states, lambda made: len(made) >= SCHEDULES, "the schedules to begin", 60, pause=0.2)
        articles(newsroom)
        newsroom.call("collect")
        programs = [newsroom.running(role) for role in ("scheduler", "scheduler", *["worker"] * 4)]
        started = [running.enter_context(program) for program in programs]
        wait(newsroom.states, lambda made: len(made) >= SCHEDULES * MINUTES, "the slots", 400, pause=1)
        ended = {"sent", "skipped"}
        wait(newsroom.states, lambda made: ended.issuperset(made.values()), "all editions to end", 120, pause=1)
        assert all(program.runs for program in started)
    editions = newsroom.ask("editions", "--limit", "1000000")
    assert one_edition_a_slot([(each["schedule"], each["slot"]) for each in editions]) == ""
    sent = [each for each in editions if each["state"] == "sent"]
    assert len(sent) == SCHEDULES * STORIES
    for each in sent:
        assert each["deliveries"] == {"accepted": READERS - 1, "suppressed": 1}
        assert not set(OPEN) & set(each["deliveries"])
    taken = sink.evidence.read().taken
    assert len(taken) == len(sent) * (READERS - 1)
    assert max(Counter(each.message_id for each in taken).values()) == 1
    assert set(Counter((each.recipient, each.subject) for each in taken).values()) == {SCHEDULES}
