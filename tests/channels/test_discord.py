"""Discord: nobody is called, nothing is read as a sign, and the address stays a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.channels.discord import DiscordChannel, DiscordOptions
from bot.editions.escaping import escaped
from bot.errors import ChannelRefused, DeliveryError, SettingsError
from bot.model import Card, Markup, PostPicture
from bot.testing.networks.discord_form import seen
from tests.channels.trial import OTHER, PICTURE, POST, TOKEN, parcel


@given(st.text(alphabet=st.sampled_from(" \n*_~|`>#-+[]()<@&!:\\.1aé🏳"), max_size=60))
def test_what_was_escaped_is_shown_as_it_was_written(text: str) -> None:
    shown, links = seen(escaped(text, Markup.MARKDOWN))
    assert shown.replace("\u200b", "") == text.strip()
    assert links == ()


async def test_nobody_is_called_and_the_card_is_ours_alone(trial_of) -> None:
    trial = trial_of("discord")
    hostile = f"@everyone <@123> <@&456> @here\n\n{POST.url}"
    await trial.do("send", parcel(replace(POST, text=hostile)))
    (post,) = trial.network.visible
    assert post.fields["pings"] == ()
    assert post.text.replace("\u200b", "") == "@everyone <@123> <@&456> @here"
    assert (post.card.url, post.card.title, post.card.description) == (POST.url, "The ferry returns", "From Monday on.")


async def test_headline_and_link_stand_in_the_card_alone(trial_of) -> None:
    trial = trial_of("discord")
    text = f"The ferry returns\n\nFrom Monday on.\n\n{POST.url}"
    await trial.do("send", parcel(replace(POST, text=text)))
    (post,) = trial.network.visible
    assert (post.text, post.card.title, post.card.description) == ("From Monday on.", "The ferry returns", "")


async def test_a_link_among_words_gets_no_second_card(trial_of) -> None:
    trial = trial_of("discord")
    await trial.do("send", parcel(replace(POST, text=f"Read {POST.url} today")))
    (post,) = trial.network.visible
    assert post.fields["content"] == f"Read <{POST.url}> today"
    assert post.fields["links"] == ((POST.url, POST.url),)


async def test_an_edit_calls_nobody_either(trial_of) -> None:
    trial = trial_of("discord")
    sent = await trial.do("send", parcel())
    await trial.do("edit", sent.id, parcel(replace(OTHER, text="<@123> @everyone")))
    assert trial.network.visible[0].fields["pings"] == ()


async def test_the_longest_card_is_cut_to_what_discord_takes(trial_of) -> None:
    trial = trial_of("discord")
    card = Card(url=POST.url, title="*_ " * 300, description="word_" * 2000, image_url="https://record.example/a.jpg")
    await trial.do("send", parcel(replace(POST, card=card)))
    (post,) = trial.network.visible
    assert post.card.description.endswith("…")
    assert len(post.fields["embeds"][0]["title"]) <= 256
    assert post.card.thumbnail.url == "https://record.example/a.jpg"


async def test_a_text_that_is_too_long_once_it_is_escaped_fails_for_good(trial_of) -> None:
    trial = trial_of("discord")
    error = await trial.failure("send", parcel(replace(OTHER, text="*" * 1500, url="", card=None)))
    assert error.permanent
    assert trial.network.asked == []


async def test_a_post_stands_in_its_thread_and_is_changed_and_taken_down_there(trial_of) -> None:
    trial = trial_of("discord", {"thread": "199737254929760257"})
    sent = await trial.do("send", parcel())
    await trial.do("edit", sent.id, parcel(OTHER))
    assert trial.network.visible[0].fields["thread"] == "199737254929760257"
    await trial.do("remove", sent.id)
    assert trial.texts() == []


async def test_a_thread_that_is_none_refuses_the_channel(trial_of) -> None:
    trial = trial_of("discord", {"thread": "1"})
    assert isinstance(await trial.failure("send", parcel()), ChannelRefused)


async def test_a_sensitive_picture_is_behind_a_spoiler(trial_of) -> None:
    trial = trial_of("discord")
    picture = PostPicture(url=f"{trial.base}{PICTURE}", alt="The *wreck*")
    gone = PostPicture(url=f"{trial.base}/nowhere.jpg", alt="Gone")
    assert POST.card
    card = replace(POST.card, image_url="https://record.example/a.jpg")
    await trial.do("send", parcel(replace(POST, pictures=(gone, picture), card=card, sensitive=True)))
    (post,) = trial.network.visible
    assert [each.alt for each in post.pictures] == ["The *wreck*"]
    assert b'filename="SPOILER_2.jpg"' in post.raw
    assert post.card.thumbnail is None


async def test_what_the_server_says_of_its_limits_is_told(trial_of) -> None:
    trial = trial_of("discord")
    receipt = await trial.do("send", parcel())
    assert (receipt.quota.limit, receipt.quota.remaining) == (5, 4)
    for number in range(4):
        await trial.do("send", parcel(OTHER, f"{TOKEN}{number}"))
    assert (await trial.failure("send", parcel(OTHER, f"{TOKEN}9"))).retry_after == 2


async def test_a_message_of_another_webhook_cannot_be_changed(trial_of) -> None:
    trial = trial_of("discord")
    error = await trial.failure("edit", "1", parcel(OTHER))
    assert type(error) is DeliveryError
    assert error.permanent
    await trial.do("remove", "1")


@pytest.mark.parametrize("url", ["", "https://discord.com/", "ftp://discord.com/api/webhooks/1/a", "not an address"])
def test_an_address_that_is_no_webhooks_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        DiscordChannel("outlet", DiscordOptions(url=SecretStr(url)), None)  # type: ignore[arg-type]  # not come to
    assert "BROADSHEET_OUTLET_URL" in str(raised.value)
