"""The story of the bench has to be cut for some networks and not for others, and its figures are measured."""

from bot.editions.posts import Composer
from bot.model import Newsroom
from bot.settings import shipped
from tests.bench.posting import NETWORKS, composed, measured, story


def test_the_story_is_cut_for_the_short_networks_and_stands_whole_on_the_long_ones():
    newsroom = Newsroom(name="The Record", url="https://record.com")
    posts = composed(Composer(edition_name="M", newsroom=newsroom, folders=(shipped("templates"),)), story(1))
    assert len(posts) == len(NETWORKS) == 15
    cut = {network for network, post in posts.items() if post.data["shortened"]}
    assert cut == {"bluesky", "mastodon", "threads", "apprise", "default"}


def test_the_figures_are_milliseconds_and_ratios_to_plain_renders():
    milliseconds, over, loaded = measured(6, 1)
    assert [each.name for each in (milliseconds, over, loaded)] == [
        "posts.milliseconds",
        "posts.over_jinja",
        "posts.over_loaded_jinja",
    ]
    assert 0 < milliseconds.value < 1000
    assert over.value > 0 and loaded.value > over.value
