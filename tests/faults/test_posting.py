"""kill -9 at random moments of posting to all networks: nothing stands there twice, nothing is missing."""

from __future__ import annotations

import random

import pytest

from tests.faults.networks import running_networks
from tests.faults.posting import posting_newsroom, posting_trial
from tests.faults.program import new_clock

pytestmark = pytest.mark.slow


STORIES = 2
KILLS = 2


def test_up_is_killed_while_it_posts_and_every_post_stands_there_once(tmp_path):
    clock, chance = new_clock(), random.Random(7)
    with running_networks(clock) as networks:
        newsroom = posting_newsroom(tmp_path / "newsroom", networks, clock, stories=STORIES)
        figures = posting_trial(newsroom, networks, chance, kills=KILLS, posts="each", faulty=True, stories=STORIES)
    assert not figures.broken, "\n".join(figures.broken)
    assert (figures.doubled, figures.lost) == (0, 0)
    # The last moment may come too late: then all was posted before the sender died.
    assert figures.kills >= 1
    assert figures.posts >= STORIES * len(networks.standing)
