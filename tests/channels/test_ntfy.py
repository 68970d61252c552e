"""ntfy: one notification, however it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import ChannelRefused, OutcomeUnknown
from bot.model import Card, PostPicture
from bot.testing import NOW
from bot.testing.networks import BREAK, Fault
from tests.channels.trial import OTHER, POST, TOKEN, URL, parcel


async def test_a_tap_opens_the_article_and_the_headline_is_the_title(trial_of) -> None:
    trial = trial_of("ntfy", {"tags": ["newspaper"], "priority": 4})
    card = Card(url=URL, title="The ferry returns", image_url="https://record.example/a.jpg")
    text = f"The ferry returns\n\nFrom Monday on.\n\n{URL}"
    await trial.do("send", parcel(replace(POST, text=text, card=card)))
    (post,) = trial.network.visible
    assert (post.url, post.fields["title"], post.fields["message"]) == (URL, "The ferry returns", "From Monday on.")
    assert (post.fields["tags"], post.fields["priority"]) == (("newspaper",), 4)
    assert [each.url for each in post.pictures] == ["https://record.example/a.jpg"]


async def test_a_sensitive_picture_is_not_shown_on_locked_screens(trial_of) -> None:
    trial = trial_of("ntfy")
    picture = PostPicture(url="https://record.example/a.jpg", alt="The wreck")
    await trial.do("send", parcel(replace(POST, pictures=(picture,), sensitive=True)))
    assert trial.network.visible[0].pictures == ()


@pytest.mark.parametrize("title", ["Fähre " * 200, "The ferry returns"])
async def test_a_headline_that_is_too_long_or_alone_is_the_message(trial_of, title) -> None:
    trial = trial_of("ntfy")
    body = "\n\nFrom Monday on." if len(title) > 100 else ""
    await trial.do("send", parcel(replace(POST, text=f"{title}{body}\n\n{URL}", card=Card(url=URL, title=title))))
    fields = trial.network.visible[0].fields
    assert (fields["title"], fields["message"]) == ("", f"{title}{body}")


async def test_the_longest_message_is_no_attachment_and_a_longer_one_is_not_sent(trial_of) -> None:
    trial = trial_of("ntfy")
    await trial.do("send", parcel(replace(POST, text="é" * 2048)))
    assert not trial.network.visible[0].fields["attached"]
    assert (await trial.failure("send", parcel(replace(POST, text="é" * 2048 + "a"), TOKEN[::-1]))).permanent
    assert len(trial.texts()) == 1


async def test_a_lost_answer_is_found_among_the_messages_even_if_the_server_has_no_sequences(trial_of) -> None:
    trial = trial_of("ntfy")
    trial.network.fail(BREAK, path="/", method="POST")
    await trial.failure("send", parcel())
    kept = trial.network._cache[0]
    del kept.message["sequence_id"]
    found = await trial.do("recall", parcel(), NOW)
    assert found.id == kept.message["id"]


async def test_a_server_that_keeps_nothing_cannot_tell(trial_of) -> None:
    trial = trial_of("ntfy")
    trial.network.fail(Fault(500), path="/", method="POST")
    assert isinstance(await trial.failure("send", parcel()), OutcomeUnknown)
    assert isinstance(await trial.failure("recall", parcel(), NOW), OutcomeUnknown)


async def test_what_was_lost_half_a_day_ago_nobody_can_tell(trial_of) -> None:
    trial = trial_of("ntfy")
    trial.clock.advance(hours=13)
    await trial.do("send", parcel(OTHER, TOKEN[::-1]))
    assert isinstance(await trial.failure("recall", parcel(), NOW), OutcomeUnknown)
    assert await trial.do("recall", parcel(), NOW + timedelta(hours=12)) is None


async def test_a_server_without_sequences_says_what_it_needs_to_change_a_post(trial_of) -> None:
    trial = trial_of("ntfy")
    for act in (("edit", "fAkE00000001", parcel(OTHER)), ("remove", "fAkE00000001")):
        error = await trial.failure(*act)
        assert error.permanent
        assert "ntfy 2.16" in str(error)


@pytest.mark.parametrize("told", [{"topic": "someone-elses"}, {"token": None}])
async def test_a_topic_that_is_not_ours_refuses_the_channel(trial_of, told) -> None:
    trial = trial_of("ntfy", told)
    error = await trial.failure("send", parcel())
    assert isinstance(error, ChannelRefused)
    assert "BROADSHEET_OUTLET_TOKEN" in str(error)
