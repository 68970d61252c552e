"""Mastodon and its kin: limits that are read, a key that lasts an hour, pictures that take their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.mastodon import _limits
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown
from bot.model import Counting, Limits, PostPicture
from bot.testing import NOW
from bot.testing.networks import BREAK, Fault
from tests.channels.trial import OTHER, PICTURE, POST, TOKEN, parcel


@pytest.mark.parametrize("like", ["mastodon", "snac", "takahe"])
async def test_limits_are_read_from_the_newer_address_or_the_older(trial_of, like) -> None:
    trial = trial_of(
        "mastodon",
        like=like,
        max_characters=1234,
        characters_reserved_per_url=30,
        max_media_attachments=6,
        description_limit=700,
        image_size_limit=3_000_000,
    )
    learned = await trial.do("learn")
    assert (learned.characters, learned.url, learned.images, learned.alt) == (1234, 30, 6, 700)
    assert (learned.image_size, learned.counting) == (3_000_000, Counting.MASTODON)
    assert learned.warning


@pytest.mark.parametrize(
    ("told", "characters"),
    [
        ({"max_toot_chars": 5000}, 5000),
        ({"configuration": {"statuses": {"max_characters": "many"}}}, 500),
        ({"configuration": {"statuses": {"max_characters": -1}}}, 500),
        ({"configuration": {"statuses": {"max_characters": True}}}, 500),
        ({"configuration": []}, 500),
        ({}, 500),
    ],
)
def test_a_limit_that_is_none_changes_nothing(told, characters) -> None:
    assert _limits(told, Limits(characters=500, url=23)).characters == characters


async def test_a_text_longer_than_the_server_takes_is_refused_before_anything_is_sent(trial_of) -> None:
    trial = trial_of("mastodon", max_characters=40)
    error = await trial.failure("send", parcel())
    assert error.permanent
    assert "40 characters" in str(error)
    assert [each.path for each in trial.network.asked] == ["/api/v2/instance"]


async def test_a_warning_counts_with_the_text(trial_of) -> None:
    trial = trial_of("mastodon", max_characters=60)
    short = replace(OTHER, text="a" * 50, url="")
    await trial.do("send", parcel(replace(short, warning="w" * 10)))
    assert trial.network.visible[0].warning == "w" * 10
    assert (await trial.failure("send", parcel(replace(short, warning="w" * 11), TOKEN[::-1]))).permanent


async def test_the_limits_that_the_store_keeps_are_not_asked_for(trial_of) -> None:
    trial = trial_of("mastodon", max_characters=40)
    async with trial.channel() as channel:
        with channel._around.store.write() as tx:
            tx.channels.learn("outlet", Limits(characters=5000, counting=Counting.MASTODON, url=23), NOW)
        error = await channel.send(parcel(replace(OTHER, text="short", url="")))
    assert error.id
    assert [each.path for each in trial.network.asked] == ["/api/v1/statuses"]


async def test_a_server_that_does_not_say_its_limits_takes_the_post_all_the_same(trial_of) -> None:
    trial = trial_of("mastodon")
    trial.network.fail(Fault(500), times=2, path="/api/v*/instance")
    await trial.do("send", parcel())
    assert len(trial.texts()) == 1


async def test_the_key_is_a_header_and_visibility_language_and_warning_are_kept(trial_of) -> None:
    trial = trial_of("mastodon", {"visibility": "unlisted"})
    receipt = await trial.do("send", parcel(replace(POST, language="pt-BR", warning="War", sensitive=True)))
    (post,) = trial.network.visible
    assert (post.language, post.warning) == ("pt", "War")
    assert (post.fields["visibility"], post.fields["sensitive"]) == ("unlisted", True)
    assert (receipt.id, receipt.quota.limit) == (post.id, 300)
    assert receipt.text.endswith(f"/@record/{post.id}")


async def test_an_hour_later_the_account_is_read_before_anything_is_sent_again(trial_of) -> None:
    trial = trial_of("mastodon")
    first = await trial.do("send", parcel())
    await trial.do("send", parcel(replace(OTHER, url="", card=None), TOKEN[::-1]))
    trial.clock.advance(hours=5)
    again = await trial.do("send", parcel())
    assert (again.id, again.text) == (first.id, "already there")
    assert len(trial.texts()) == 2


async def test_a_post_that_answers_another_is_not_taken_for_the_one_it_repeats(trial_of) -> None:
    trial = trial_of("mastodon")
    first = await trial.do("send", parcel())
    assert await trial.do("recall", parcel(replace(POST, answers=first.id)), NOW) is None


async def test_statuses_from_long_before_are_not_it(trial_of) -> None:
    trial = trial_of("mastodon")
    await trial.do("send", parcel())
    trial.clock.advance(hours=2)
    assert await trial.do("recall", parcel(), NOW + timedelta(hours=1)) is None


async def test_an_account_that_posted_without_end_since_leaves_it_unknown(trial_of) -> None:
    trial = trial_of("mastodon")
    async with trial.channel() as channel:
        for number in range(401):
            trial.network.publish(_status(trial, number))
        with pytest.raises(OutcomeUnknown):
            await channel.recall(parcel(), NOW)


def _status(trial, number):
    from bot.testing.networks import Posted

    fields = {"visibility": "public", "sensitive": False}
    when = trial.clock()
    return Posted(id=str(1000 + number), text=f"Post {number}", when=when, account="1", fields=fields)


async def test_a_picture_is_waited_for_and_stands_with_its_description(trial_of) -> None:
    trial = trial_of("mastodon", processing=2)
    pictures = tuple(PostPicture(url=f"{trial.base}{PICTURE}", alt=f"Ferry {number}") for number in range(2))
    gone = PostPicture(url=f"{trial.base}/nowhere.jpg", alt="Gone")
    await trial.do("send", parcel(replace(POST, pictures=(*pictures, gone))))
    (post,) = trial.network.visible
    assert [(each.alt, each.content_type) for each in post.pictures] == [
        ("Ferry 0", "image/jpeg"),
        ("Ferry 1", "image/jpeg"),
    ]


async def test_a_description_is_cut_to_what_the_server_takes(trial_of) -> None:
    trial = trial_of("mastodon", description_limit=20)
    picture = PostPicture(url=f"{trial.base}{PICTURE}", alt="The ferry at the quay of Port Alder")
    await trial.do("send", parcel(replace(POST, pictures=(picture,))))
    assert trial.network.visible[0].pictures[0].alt == "The ferry at the…"


async def test_an_edit_keeps_the_pictures(trial_of) -> None:
    trial = trial_of("mastodon")
    pictured = replace(POST, pictures=(PostPicture(url=f"{trial.base}{PICTURE}", alt="The ferry"),))
    sent = await trial.do("send", parcel(pictured))
    await trial.do("edit", sent.id, parcel(OTHER))
    assert [each.alt for each in trial.network.visible[0].pictures] == ["The ferry"]
    renamed = replace(OTHER, pictures=(replace(pictured.pictures[0], alt="The night ferry"),))
    await trial.do("edit", sent.id, parcel(renamed))
    assert [each.alt for each in trial.network.visible[0].pictures] == ["The night ferry"]


async def test_a_reply_to_what_is_gone_stands_alone(trial_of) -> None:
    trial = trial_of("mastodon")
    await trial.do("send", parcel(replace(OTHER, answers="1")))
    assert trial.network.visible[0].reply_to == ""


@pytest.mark.parametrize("like", ["mastodon", "takahe"])
async def test_a_token_that_ended_refuses_the_channel_and_names_its_variable(trial_of, like) -> None:
    trial = trial_of("mastodon", like=like)
    trial.network.revoke()
    error = await trial.failure("check")
    assert isinstance(error, ChannelRefused)
    assert "BROADSHEET_OUTLET_TOKEN" in str(error)


@pytest.mark.parametrize("like", ["mastodon", "takahe"])
async def test_a_text_that_the_server_refuses_fails_for_good(trial_of, like) -> None:
    trial = trial_of("mastodon", like=like)
    error = await trial.failure("send", parcel(replace(POST, text=" ", url="")))
    assert type(error) is DeliveryError
    assert error.permanent


@pytest.mark.parametrize("fault", [BREAK, Fault(504, when="after")], ids=str)
async def test_a_lost_answer_is_looked_for_first_for_some_servers_know_no_key(trial_of, fault) -> None:
    trial = trial_of("mastodon", like="takahe")
    trial.network.fail(fault, path="/api/v1/statuses", method="POST")
    async with trial.channel() as channel:
        with pytest.raises(DeliveryError):
            await channel.send(parcel())
        trial.network._keys.clear()
        assert (await channel.send(parcel())).text == "already there"
    assert len(trial.texts()) == 1


async def test_an_answer_that_stands_alone_since_its_predecessor_is_gone_is_still_found(trial_of) -> None:
    trial = trial_of("mastodon")
    first = await trial.do("send", parcel(replace(OTHER, text="One")))
    await trial.do("remove", first.id)
    reply = parcel(replace(POST, answers=first.id), TOKEN[::-1])
    sent = await trial.do("send", reply)
    assert (await trial.do("recall", reply, NOW)).id == sent.id


async def test_a_lost_answer_is_sent_again_with_the_same_key(trial_of) -> None:
    trial = trial_of("mastodon")
    trial.network.fail(BREAK, path="/api/v1/statuses", method="POST")
    assert not (await trial.failure("send", parcel())).permanent
    again = await trial.do("send", parcel())
    assert again.id == trial.network.visible[0].id
    assert len(trial.texts()) == 1


async def test_several_posts_are_one_question(trial_of) -> None:
    trial = trial_of("mastodon")
    async with trial.channel() as channel:
        first = await channel.send(parcel())
        second = await channel.send(parcel(OTHER, TOKEN[::-1]))
        trial.network.react(second.id, quotes=3)
        asked = len(trial.network.asked)
        told = await channel.measure([first.id, second.id])
    assert len(trial.network.asked) == asked + 1
    assert (told[first.id].quotes, told[second.id].quotes) == (0, 3)


@pytest.mark.parametrize("like", ["snac", "takahe"])
async def test_a_server_without_lists_of_statuses_is_asked_for_each(trial_of, like) -> None:
    trial = trial_of("mastodon", like=like)
    async with trial.channel() as channel:
        first = await channel.send(parcel())
        gone = await channel.send(parcel(OTHER, TOKEN[::-1]))
        trial.network.react(first.id, likes=5, reposts=1)
        await channel.remove(gone.id)
        told = await channel.measure([first.id, gone.id])
    assert (told[first.id].likes, told[first.id].reposts, told[first.id].quotes) == (5, 1, None)
    assert told[gone.id] is None


async def test_a_list_that_leaves_a_post_out_is_not_believed_before_it_was_asked_for_itself(trial_of) -> None:
    trial = trial_of("mastodon")
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        trial.network.react(sent.id, likes=2)
        trial.network.fail(
            Fault(200, {"Content-Type": "application/json"}, "[]"), path="/api/v1/statuses", method="GET"
        )
        told = await channel.measure([sent.id])
    assert told[sent.id].likes == 2
