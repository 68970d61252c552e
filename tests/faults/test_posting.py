"""kill -9 at random moments of posting to all networks: nothing stands there twice, nothing is missing."""

from __future__ import annotations

import random

import pytest

from tests.faults.networks import running_networks
from tests.faults.posting import posting_newsroom, posting_trial
from tests.faults.program import new_clock

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("faulty", [False, True], ids=["good networks", "bad networks"])
@pytest.mark.parametrize("posts", ["each", "thread"])
def test_up_is_killed_while_it_posts_and_every_post_stands_there_once(tmp_path, posts, faulty):
    clock = new_clock()
    with running_networks(clock) as networks:
        newsroom = posting_newsroom(tmp_path / "newsroom", networks, clock)
        chance = random.Random(f"{posts}/{faulty}")
        figures = posting_trial(newsroom, networks, chance, kills=3, posts=posts, faulty=faulty)
    assert figures.broken == []
    assert (figures.doubled, figures.lost) == (0, 0)
    assert figures.kills >= 2
