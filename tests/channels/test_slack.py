"""A Slack app's bot and an incoming webhook, against their fake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import Editing, Recalling, Removing
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.model import Post
from bot.testing.networks import BREAK, HANG, Fault
from bot.testing.networks.slack import BOT_TOKEN, HOOK, Slack
from tests.channels.posts import HOSTILE, HOSTILE_POST, POST, TITLE, URL, opened, parcel, pictured, refusal, served_by

SECRET = HOOK.rpartition("/")[2]


@pytest.fixture
def slack(clock: SetClock, stage) -> tuple[Slack, dict[str, dict[str, str]]]:
    """The network, and the options of both ways to post."""
    network = Slack(clock)
    given = network.credentials
    base = served_by(stage, network)
    bot = {"api": f"{base}/api", "channel": given["channel"], "token": given["token"]}
    return network, {"bot": bot, "webhook": {"webhook": base + given["hook"]}}


@pytest.mark.parametrize("way", ["bot", "webhook"])
async def test_a_post_shows_its_headline_its_words_and_its_link(slack, clock, way) -> None:
    network, options = slack
    async with opened("slack", clock, **options[way]) as channel:
        receipt = await channel.send(parcel())
    (post,) = network.visible
    assert post.text == f"{TITLE}\nThe ferry sails again. 🛥️ 渡し船\nrecord.example"
    assert post.fields["links"] == (("record.example", URL),)
    assert post.fields["fallback"] == POST.text
    assert receipt.id == (post.id if way == "bot" else "")


@pytest.mark.parametrize("way", ["bot", "webhook"])
async def test_markup_in_a_headline_stays_words_and_calls_nobody(slack, clock, way) -> None:
    network, options = slack
    async with opened("slack", clock, **options[way]) as channel:
        await channel.send(parcel(HOSTILE_POST))
    (post,) = network.visible
    assert post.text == f"{HOSTILE}\n{HOSTILE}\nrecord.example"
    assert post.fields["pings"] == ()
    assert post.fields["links"] == (("record.example", URL),)


async def test_a_link_cannot_end_itself(slack, clock) -> None:
    network, options = slack
    url = "https://record.example/a|b>c<!channel>"
    async with opened("slack", clock, **options["bot"]) as channel:
        await channel.send(parcel(Post(text=url, url=url)))
    (post,) = network.visible
    assert post.fields["links"] == (("record.example", "https://record.example/a%7Cb%3Ec%3C!channel%3E"),)
    assert post.fields["pings"] == ()


async def test_pictures_have_their_descriptions(slack, clock) -> None:
    network, options = slack
    async with opened("slack", clock, **options["bot"]) as channel:
        await channel.send(parcel(pictured("https://record.example/ferry.jpg")))
        clock.advance(seconds=2)
        assert POST.card is not None
        shown = replace(POST, card=replace(POST.card, image_url="https://record.example/card.png"))
        await channel.send(parcel(shown))
    assert [(each.url, each.alt) for post in network.visible for each in post.pictures] == [
        ("https://record.example/ferry.jpg", "The ferry at the pier"),
        ("https://record.example/card.png", TITLE),
    ]


async def test_a_headline_too_long_for_a_header_stands_with_the_words(slack, clock) -> None:
    network, options = slack
    title = "Ferry " * 30 + "back"
    post = replace(POST, text=f"{title}\n\nWords\n\n{URL}", card=replace(POST.card, title=title))
    async with opened("slack", clock, **options["bot"]) as channel:
        await channel.send(parcel(post))
    assert network.visible[0].text == f"{title}\n\nWords\nrecord.example"


async def test_the_longest_post_that_fits_the_limits_is_taken(slack, clock) -> None:
    network, options = slack
    async with opened("slack", clock, **options["bot"]) as channel:
        text = '"\n' * (channel.limits.characters // 2)
        await channel.send(parcel(Post(text=text.strip("\n"))))
        error = await refusal(channel.send(parcel(Post(text="x" * 3001))), BOT_TOKEN)
    assert error.permanent
    assert len(network.visible) == 1


async def test_the_parts_of_a_thread_hang_below_the_first(slack, clock) -> None:
    network, options = slack
    async with opened("slack", clock, **options["bot"]) as channel:
        first = await channel.send(parcel())
        clock.advance(seconds=2)
        second = await channel.send(parcel(replace(POST, answers=first.id)))
        clock.advance(seconds=2)
        third = await channel.send(parcel(replace(POST, answers=second.id)))
        # To Slack, a reply to a reply is one to the first.
        assert [each.reply_to for each in network.visible] == ["", first.id, first.id]
        await channel.edit(third.id, parcel(replace(POST, text="Third")))
        await channel.remove(second.id)
    assert [each.text.startswith("Third") for each in network.visible] == [False, True]


async def test_a_bot_changes_and_takes_down_what_it_posted_and_twice_is_no_fault(slack, clock) -> None:
    network, options = slack
    said = replace(POST, text=POST.text.replace("again", "on Monday"))
    async with opened("slack", clock, **options["bot"]) as channel:
        receipt = await channel.send(parcel())
        for _ in range(2):
            assert (await channel.edit(receipt.id, parcel(said))).id == receipt.id
        assert "on Monday" in network.visible[0].text
        for _ in range(2):
            await channel.remove(receipt.id)
        error = await refusal(channel.edit(receipt.id, parcel(said)), BOT_TOKEN)
    assert network.visible == []
    assert error.permanent


async def test_only_a_bot_can_change_take_down_and_answer(slack, clock) -> None:
    _, options = slack
    async with opened("slack", clock, **options["bot"]) as channel:
        assert isinstance(channel, Editing)
        assert isinstance(channel, Removing)
        assert isinstance(channel, Recalling)
        assert channel.limits.thread
    async with opened("slack", clock, **options["webhook"]) as channel:
        assert not isinstance(channel, Editing)
        assert not isinstance(channel, Removing)
        assert not isinstance(channel, Recalling)
        assert not channel.limits.thread


async def test_a_message_whose_answer_was_lost_is_found_by_its_mark(slack, clock) -> None:
    network, options = slack
    began = clock()
    network.fail(BREAK)
    async with opened("slack", clock, **options["bot"]) as channel:
        assert isinstance(await refusal(channel.send(parcel()), BOT_TOKEN), OutcomeUnknown)
        assert (await channel.recall(parcel(), began)).id == network.visible[0].id
        # The same words, posted for another parcel, are another message.
        error = await refusal(channel.recall(parcel(token="b" * 26), began), BOT_TOKEN)
        assert (type(error), error.permanent, error.retry_after) == (DeliveryError, False, 120)
        clock.advance(minutes=2)
        assert await channel.recall(parcel(token="b" * 26), began) is None
        reply = parcel(replace(POST, answers=network.visible[0].id))
        assert isinstance(await refusal(channel.recall(reply, began), BOT_TOKEN), OutcomeUnknown)


async def test_a_bot_that_may_not_read_back_leaves_it_to_an_editor_and_posts_on(slack, clock) -> None:
    network, options = slack
    network.fail(Fault(200, body='{"ok": false, "error": "missing_scope"}'), path="*/conversations.history")
    async with opened("slack", clock, **options["bot"]) as channel:
        error = await refusal(channel.recall(parcel(), clock()), BOT_TOKEN)
    assert isinstance(error, OutcomeUnknown)
    assert "channels:history" in str(error)


@pytest.mark.parametrize("way", ["bot", "webhook"])
@pytest.mark.parametrize("fault", [BREAK, Fault(502, when="after"), Fault(500, when="after")])
async def test_an_answer_that_is_lost_is_unknown(slack, clock, way, fault) -> None:
    network, options = slack
    network.fail(fault)
    async with opened("slack", clock, **options[way]) as channel:
        assert isinstance(await refusal(channel.send(parcel()), BOT_TOKEN), OutcomeUnknown)
    assert len(network.visible) == 1


async def test_an_answer_that_never_comes_is_unknown(slack, clock) -> None:
    network, options = slack
    network.fail(HANG)
    async with opened("slack", clock, timeout="1s", **options["webhook"]) as channel:
        assert isinstance(await refusal(channel.send(parcel()), SECRET), OutcomeUnknown)


async def test_a_fault_within_slack_is_unknown_though_it_says_200(slack, clock) -> None:
    network, options = slack
    network.fail(Fault(200, body='{"ok": false, "error": "fatal_error"}', when="after"))
    async with opened("slack", clock, **options["bot"]) as channel:
        assert isinstance(await refusal(channel.send(parcel()), BOT_TOKEN), OutcomeUnknown)


@pytest.mark.parametrize("way", ["bot", "webhook"])
async def test_a_limit_waits_as_long_as_slack_says(slack, clock, way) -> None:
    network, options = slack
    async with opened("slack", clock, **options[way]) as channel:
        await channel.send(parcel())
        error = await refusal(channel.send(parcel()), BOT_TOKEN)
        assert isinstance(error, ServerBusy)
        assert error.retry_after == 1
        clock.moment += timedelta(seconds=1)
        await channel.send(parcel())
    assert len(network.visible) == 2


@pytest.mark.parametrize(("way", "variable"), [("bot", "TOKEN"), ("webhook", "WEBHOOK")])
async def test_what_was_revoked_refuses_the_channel_and_says_where_the_new_one_goes(
    slack, clock, way, variable
) -> None:
    network, options = slack
    network.revoke()
    async with opened("slack", clock, **options[way]) as channel:
        error = await refusal(channel.send(parcel()), SECRET)
    assert isinstance(error, ChannelRefused)
    assert f"BROADSHEET_NEWS_{variable}" in str(error)


@pytest.mark.parametrize(
    ("way", "trouble", "told"),
    [
        ("bot", "not in channel", "invite the bot"),
        *(("bot", each, "who may post") for each in ("archived", "prohibited", "deleted")),
        *(("webhook", each, "who may post") for each in ("archived", "prohibited", "deleted")),
    ],
)
async def test_a_channel_that_cannot_be_posted_in_is_refused_with_what_helps(slack, clock, way, trouble, told) -> None:
    network, options = slack
    network.trouble = trouble
    async with opened("slack", clock, **options[way]) as channel:
        error = await refusal(channel.send(parcel()), BOT_TOKEN)
    assert isinstance(error, ChannelRefused)
    assert told in str(error)


async def test_a_server_in_trouble_never_refuses_the_channel(slack, clock) -> None:
    network, options = slack
    network.fail(Fault(503, body="invalid_auth"))
    async with opened("slack", clock, **options["bot"]) as channel:
        assert not isinstance(await refusal(channel.send(parcel()), BOT_TOKEN), ChannelRefused)


async def test_a_check_says_who_posts_where(slack, clock) -> None:
    _, options = slack
    async with opened("slack", clock, **options["bot"]) as channel:
        assert await channel.check() == "record of The Port Alder Record posts to C024BE91L"
    async with opened("slack", clock, **options["webhook"]) as channel:
        assert "only a message shows" in await channel.check()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "put either BROADSHEET_NEWS_WEBHOOK or BROADSHEET_NEWS_TOKEN"),
        ({"token": BOT_TOKEN, "webhook": "https://hooks.slack.com/services/x", "channel": "C024BE91L"}, "put either"),
        ({"token": BOT_TOKEN}, "channels.news.channel: is missing"),
        ({"webhook": "hooks.slack.com"}, "BROADSHEET_NEWS_WEBHOOK is no address"),
    ],
)
async def test_what_is_missing_is_said_before_anything_is_sent(clock, given, told) -> None:
    with pytest.raises(SettingsError, match=told):
        async with opened("slack", clock, **given):
            pass


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("bot", Fault(200, body='{"ok": false, "error": "invalid_blocks"}')),
        ("webhook", Fault(400, body="invalid_blocks")),
    ],
)
async def test_a_picture_that_slack_cannot_fetch_costs_the_picture_not_the_post(slack, clock, way, fault) -> None:
    network, options = slack
    post = pictured("https://record.example/gone.jpg")
    network.fail(fault)
    async with opened("slack", clock, **options[way]) as channel:
        await channel.send(parcel(post))
        (posted,) = network.visible
        assert posted.pictures == ()
        network.fail(fault, times=2)
        assert (await refusal(channel.send(parcel(post)), BOT_TOKEN)).permanent
