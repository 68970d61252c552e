"""A bot of Telegram, against its fake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import SetClock
from bot.editions.image import fitted
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Newsroom
from bot.store import Store
from bot.testing.networks import BREAK, DROP, HANG, Fault
from bot.testing.networks.telegram import Telegram
from tests.channels.posts import (
    BARE,
    HOSTILE,
    HOSTILE_POST,
    TITLE,
    URL,
    opened,
    parcel,
    photograph,
    pictured,
    refusal,
    served_by,
)


@pytest.fixture
def telegram(clock: SetClock, stage) -> tuple[Telegram, dict[str, str]]:
    network = Telegram(clock)
    base = served_by(stage, network)
    return network, {"api": base, "chat": network.credentials["chat"], "token": network.credentials["token"]}


async def test_a_post_has_its_headline_in_bold_its_link_whole_and_a_large_preview(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        receipt = await channel.send(parcel(BARE))
    (post,) = network.visible
    assert post.text == BARE.text
    assert post.fields["entities"] == [{"type": "bold", "offset": 0, "length": len(TITLE)}]
    assert post.text.startswith(TITLE)
    assert post.url == URL
    assert receipt.id == post.id == "-1001436591873/1"


async def test_markup_in_a_headline_stays_words(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        await channel.send(parcel(HOSTILE_POST))
    (post,) = network.visible
    assert post.text == HOSTILE_POST.text
    assert [each["type"] for each in post.fields["entities"]] == ["bold"]
    assert post.text.startswith(HOSTILE)


async def test_what_is_previewed_is_what_is_sent(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        told = channel.payload(parcel(BARE))
        await channel.send(parcel(BARE))
    (post,) = network.posts
    assert told["text"].encode() in post.raw.replace(b"\\n", b"\n")
    assert options["token"] not in str(told)


def hosted(store: Store, clock: SetClock) -> str:
    """The address of a picture of ours, which no page serves here."""
    file, _ = fitted(photograph())
    with store.write() as tx:
        tx.images.put(file.image, file.content, clock())
    return f"{Newsroom(name='', url='').public_url}/i/{file.image.name}"


async def test_a_picture_is_uploaded_with_the_text_as_its_caption(telegram, clock, store: Store) -> None:
    network, options = telegram
    post = pictured(hosted(store, clock))
    async with opened("telegram", clock, store=store, **options) as channel:
        await channel.send(parcel(post))
        assert channel.payload(parcel(post))["photo"] == post.pictures[0].url
    (posted,) = network.visible
    assert (posted.pictures[0].width, posted.pictures[0].content_type) == (1200, "image/jpeg")
    assert posted.text == BARE.text


async def test_a_text_too_long_for_a_caption_goes_out_whole_with_a_preview(telegram, clock, store: Store) -> None:
    network, options = telegram
    post = pictured(hosted(store, clock), text=f"{TITLE}\n\n{'🛥' * 600}\n\n{URL}")
    async with opened("telegram", clock, store=store, **options) as channel:
        await channel.send(parcel(post))
    (posted,) = network.visible
    assert (posted.text, posted.pictures, posted.url) == (post.text, (), URL)


async def test_a_picture_that_is_not_to_be_had_costs_the_picture_not_the_post(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        await channel.send(parcel(pictured(f"{options['api']}/none.jpg")))
    (posted,) = network.visible
    assert (posted.text, posted.pictures) == (BARE.text, ())


async def test_a_reply_answers_its_post_and_stands_alone_when_that_is_gone(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        first = await channel.send(parcel(BARE))
        clock.advance(seconds=2)
        await channel.send(parcel(replace(BARE, text="Correction", url="", answers=first.id)))
        assert network.visible[1].reply_to == first.id
        await channel.remove(first.id)
        clock.advance(seconds=2)
        await channel.send(parcel(replace(BARE, text="Another", url="", answers=first.id)))
    assert network.visible[1].reply_to == ""


async def test_a_text_and_a_caption_are_changed_where_they_stand_and_twice_is_no_fault(telegram, clock, store) -> None:
    network, options = telegram
    said = replace(BARE, text=BARE.text.replace("again", "on Monday"))
    async with opened("telegram", clock, store=store, **options) as channel:
        text = await channel.send(parcel(BARE))
        clock.advance(seconds=2)
        photo = await channel.send(parcel(pictured(hosted(store, clock))))
        for id in (text.id, photo.id, photo.id):
            assert (await channel.edit(id, parcel(said))).id == id
    assert [each.text for each in network.visible] == [said.text, said.text]
    assert all(each.edited for each in network.visible)


async def test_a_post_is_taken_down_and_twice_is_no_fault(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        receipt = await channel.send(parcel(BARE))
        await channel.remove(receipt.id)
        await channel.remove(receipt.id)
    assert network.visible == []


async def test_what_is_older_than_two_days_cannot_be_taken_down(telegram, clock) -> None:
    _, options = telegram
    async with opened("telegram", clock, **options) as channel:
        receipt = await channel.send(parcel(BARE))
        clock.advance(days=3)
        error = await refusal(channel.remove(receipt.id), options["token"])
    assert error.permanent


async def test_an_edit_of_what_is_gone_is_permanent(telegram, clock) -> None:
    _, options = telegram
    async with opened("telegram", clock, **options) as channel:
        error = await refusal(channel.edit("-1001436591873/99", parcel(BARE)), options["token"])
    assert (type(error), error.permanent) == (DeliveryError, True)


@pytest.mark.parametrize("fault", [BREAK, Fault(502, when="after"), Fault(500, when="after")])
async def test_an_answer_that_is_lost_is_unknown(telegram, clock, fault) -> None:
    network, options = telegram
    network.fail(fault)
    async with opened("telegram", clock, **options) as channel:
        error = await refusal(channel.send(parcel(BARE)), options["token"])
    assert isinstance(error, OutcomeUnknown)
    assert len(network.visible) == 1


async def test_an_answer_that_never_comes_is_unknown(telegram, clock) -> None:
    network, options = telegram
    network.fail(HANG)
    async with opened("telegram", clock, timeout="1s", **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)


async def test_a_line_that_breaks_on_the_way_is_unknown_too(telegram, clock) -> None:
    network, options = telegram
    network.fail(DROP)
    async with opened("telegram", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)


async def test_a_flood_waits_as_long_as_telegram_says(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        await channel.send(parcel(BARE))
        error = await refusal(channel.send(parcel(BARE)), options["token"])
        assert isinstance(error, ServerBusy)
        assert error.retry_after == 1
        clock.moment += timedelta(seconds=error.retry_after)
        await channel.send(parcel(BARE))
    assert len(network.visible) == 2


async def test_a_token_that_was_revoked_refuses_the_channel_and_says_where_the_new_one_goes(telegram, clock) -> None:
    network, options = telegram
    network.revoke()
    async with opened("telegram", clock, **options) as channel:
        for asked in (channel.send(parcel(BARE)), channel.check()):
            error = await refusal(asked, options["token"])
            assert isinstance(error, ChannelRefused)
            assert "BROADSHEET_NEWS_TOKEN" in str(error)


@pytest.mark.parametrize("trouble", ["kicked", "no rights"])
async def test_a_bot_that_was_thrown_out_refuses_the_channel(telegram, clock, trouble) -> None:
    network, options = telegram
    network.channel.trouble = trouble
    async with opened("telegram", clock, **options) as channel:
        error = await refusal(channel.send(parcel(BARE)), options["token"])
    assert isinstance(error, ChannelRefused)
    assert "administrator of @portalderrecord" in str(error)


async def test_a_chat_that_is_not_there_refuses_the_channel(telegram, clock) -> None:
    _, options = telegram
    async with opened("telegram", clock, **{**options, "chat": "@nobody_there"}) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), ChannelRefused)


async def test_a_check_says_who_posts_where(telegram, clock) -> None:
    _, options = telegram
    async with opened("telegram", clock, **options) as channel:
        assert await channel.check() == "@record_bot posts to The Port Alder Record"


async def test_a_text_that_is_too_long_never_goes_out(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, **options) as channel:
        error = await refusal(channel.send(parcel(replace(BARE, text="🛥" * 2049))), options["token"])
    assert error.permanent
    assert network.asked == []


async def test_without_a_picture_nothing_is_previewed(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, picture="none", **options) as channel:
        await channel.send(parcel(BARE))
    assert network.visible[0].url == ""


async def test_a_silent_bot_makes_no_sound(telegram, clock) -> None:
    network, options = telegram
    async with opened("telegram", clock, silent=True, **options) as channel:
        await channel.send(parcel(BARE))
    assert network.visible[0].fields["silent"]


async def test_a_picture_of_a_shape_that_is_not_taken_costs_the_picture_not_the_post(telegram, clock, store) -> None:
    network, options = telegram
    body = '{"ok": false, "error_code": 400, "description": "Bad Request: PHOTO_INVALID_DIMENSIONS"}'
    network.fail(Fault(400, body=body), path="*/sendPhoto")
    file, _ = fitted(photograph())
    with store.write() as tx:
        tx.images.put(file.image, file.content, clock())
    post = pictured(f"{Newsroom(name='', url='').public_url}/i/{file.image.name}")
    async with opened("telegram", clock, store=store, **options) as channel:
        assert (await channel.send(parcel(post))).id
    (posted,) = network.visible
    assert posted.pictures == ()
