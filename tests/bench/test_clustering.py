"""The window that clustering is measured on, and its figures at a tiny size."""

from collections import Counter

from bot.model import Story
from bot.stories.events import events_of
from bot.stories.vocabulary import Vocabulary
from tests.bench.clustering import measured, window


def test_the_window_is_the_same_each_time_and_has_events_to_find():
    made = window(300)
    assert made == window(300)
    sizes = Counter(len(story.articles) for story in events_of([Story(each) for each in made], Vocabulary()))
    assert sum(size * count for size, count in sizes.items()) == 300
    assert 100 <= sum(sizes.values()) <= 160
    assert max(sizes) <= 12


def test_the_figures_are_rates_and_a_ratio_to_counting_words():
    events, over, whole = measured(100, 1)
    assert [each.name for each in (events, over, whole)] == ["stories.events", "stories.over_counting", "stories.whole"]
    assert events.value > whole.value > 0
    assert over.value > 1
