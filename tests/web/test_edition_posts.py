from __future__ import annotations

import html
import re

import pytest

from bot.model import Post, Rendition
from bot.testing import NOW
from tests.web.test_edition import HOSTILE, SECRETS, TOML, Work, words_of


@pytest.fixture
def work(build_web):
    return Work(build_web(toml=TOML, environment=SECRETS))


def post(work, channel):
    return next(each.post for each in work.edition.renditions if each.channel == channel)


async def write(work, channel, text, **fields):
    return await work.post(
        "/posts", channel=channel, subject="", text=text, text_was=post(work, channel).text, **fields
    )


async def test_each_post_is_shown_as_its_network_shows_it_with_its_length(work):
    said = words_of(await work.page("/posts"))
    for network in ("Mastodon", "Bluesky"):
        assert network in said
    assert re.search(r"\d+ of 300, \d+ of 3,000 bytes", said)
    assert re.search(r"\d+ of 500", said)
    assert "As followers see it" in said
    assert "The link counts 23." in said


async def test_a_posts_text_is_saved_for_its_network_alone_and_starts_over(work):
    before = post(work, "bluesky").text
    answer = await write(work, "mastodon", "Tunnel shuts at 22:00.\n\nOne lane stays open.")
    assert answer.status_code == 303
    assert post(work, "mastodon").text == "Tunnel shuts at 22:00.\n\nOne lane stays open."
    assert post(work, "bluesky").text == before
    assert "Start over" in await work.page("/posts")
    await work.post("/posts", channel="mastodon", subject="", own="text")
    assert "£2.4 million" in post(work, "mastodon").text


async def test_a_post_that_is_too_long_is_not_taken_and_what_was_written_stays_in_its_field(work):
    long = "Tunnel shuts. " * 60
    answer = await write(work, "bluesky", long)
    assert answer.status_code == 422
    assert long.strip() in html.unescape(answer.text)
    assert "That was not saved." in answer.text
    assert post(work, "bluesky").text != long


async def test_a_posts_length_is_counted_as_its_network_counts(work):
    async def counted(channel, text):
        asked = {"channel": channel, "text": text, "place": 2}
        answer = await work.web.post(f"/editions/{work.id}/posts/count", data=asked)
        assert 'id="count-2"' in answer.text
        return words_of(answer.text), answer.text

    assert (await counted("mastodon", "See https://apnews.com/a/very/long/address/of/a/story"))[0] == "27 of 500"
    assert (await counted("bluesky", "👩‍👩‍👧‍👦"))[0] == "1 of 300, 25 of 3,000 bytes"
    said, fragment = await counted("bluesky", "x" * 312)
    assert said == "312 of 300, 312 of 3,000 bytes, 12 too many"
    assert "over" in fragment
    assert "near" in (await counted("bluesky", "x" * 280))[1]
    assert "5 characters" in (await counted("gone", "12345"))[0]


async def test_a_figure_in_a_post_that_no_article_has_is_found_beside_it(work):
    await write(work, "mastodon", "The tunnel work costs the council £4.2 million.")
    page = await work.page("/posts")
    said = words_of(page)
    assert "A figure is not in the article" in said
    key = re.search(r'name="use" value="([^"]+)"', page)[1]
    await write(work, "mastodon", post(work, "mastodon").text, use=key)
    assert post(work, "mastodon").text == "The tunnel work costs the council £2.4 million."


async def test_the_post_that_is_picked_has_its_source_text_and_what_goes_on_the_wire(work):
    page = await work.page("/posts?channel=mastodon&subject=")
    assert 'id="source"' in page
    assert "What is sent" in page
    assert "&#34;visibility&#34;" in page or "&#34;status&#34;" in page
    assert page.count("<pre") == 1


async def test_a_paused_channels_post_waits_and_says_so(work):
    with work.store.write() as tx:
        tx.channels.pause("mastodon", f"401 {HOSTILE}", NOW)
    page = await work.page("/posts")
    assert "Channel paused, post waits" in page
    assert "Its posts wait for the channel mastodon, which is paused." in words_of(page)
    assert "<script>alert" not in page


async def test_many_posts_are_shown_a_channel_at_a_time(build_web):
    web = build_web(toml=TOML, environment=SECRETS)
    posts = [
        Rendition(channel=channel, subject=str(number), post=Post(text=f"Story {number} on {channel}"))
        for channel in ("bluesky", "mastodon")
        for number in range(10)
    ]
    made = web.add_edition(renditions=tuple(posts))
    first = (await web.get(f"/editions/{made.id}/posts")).text
    assert "Story 3 on bluesky" in first
    assert "Story 3 on mastodon" not in first
    assert "Story 3 on mastodon" in (await web.get(f"/editions/{made.id}/posts?channel=mastodon")).text


async def test_a_post_of_a_channel_that_left_the_settings_is_still_shown(web):
    made = web.add_edition()
    assert "The ferry returns" in (await web.get(f"/editions/{made.id}/posts")).text
    assert "17 characters" in words_of((await web.get(f"/editions/{made.id}/posts")).text)
