"""A workflow of Teams, against its fake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import SetClock
from bot.errors import ChannelRefused, OutcomeUnknown, ServerBusy, SettingsError
from bot.testing.networks import BREAK, HANG, Fault
from bot.testing.networks.teams import SIGNATURE, Teams
from tests.channels.posts import HOSTILE, HOSTILE_POST, POST, TITLE, URL, opened, parcel, pictured, refusal, served_by


@pytest.fixture
def teams(clock: SetClock, stage) -> tuple[Teams, dict[str, str]]:
    network = Teams(clock, delay=0)
    base = served_by(stage, network)
    return network, {"url": base + network.credentials["hook"]}


async def test_a_post_is_a_card_with_its_headline_its_words_and_a_button(teams, clock) -> None:
    network, options = teams
    async with opened("teams", clock, **options) as channel:
        receipt = await channel.send(parcel())
    (post,) = network.visible
    assert post.text == f"{TITLE}\nThe ferry sails again. 🛥️ 渡し船\nrecord.example"
    assert post.fields["links"] == (("record.example", URL),)
    assert post.language == "en"
    assert (receipt.code, receipt.text, receipt.id) == (202, "taken by the workflow", "")
    assert b'"width":"Full"' in post.raw


async def test_markup_in_a_headline_stays_words(teams, clock) -> None:
    network, options = teams
    async with opened("teams", clock, **options) as channel:
        await channel.send(parcel(HOSTILE_POST))
    (post,) = network.visible
    assert post.text.replace("\u200b", "").split("\n")[:2] == [HOSTILE, HOSTILE]
    assert post.fields["links"] == (("record.example", URL),)
    assert b"{{DATE(" not in post.raw


async def test_a_picture_has_its_description(teams, clock) -> None:
    network, options = teams
    async with opened("teams", clock, **options) as channel:
        await channel.send(parcel(pictured("https://record.example/ferry.jpg")))
        assert POST.card is not None
        shown = replace(POST, card=replace(POST.card, image_url="https://record.example/card.png"))
        await channel.send(parcel(shown))
    assert [(each.url, each.alt) for post in network.visible for each in post.pictures] == [
        ("https://record.example/ferry.jpg", "The ferry at the pier"),
        ("https://record.example/card.png", TITLE),
    ]


async def test_the_longest_post_that_fits_the_limits_is_taken(teams, clock) -> None:
    network, options = teams
    async with opened("teams", clock, **options) as channel:
        for letter, most in (("渡", channel.limits.size // 3), ("🛥", channel.limits.characters // 2)):
            words = letter * (min(most, channel.limits.characters) - len(TITLE) - len(URL) - 4)
            await channel.send(parcel(replace(POST, text=f"{TITLE}\n\n{words}\n\n{URL}")))
        assert [each.failed for each in network.runs] == ["", ""]
        error = await refusal(channel.send(parcel(replace(POST, text="渡" * 4001))), SIGNATURE)
    assert error.permanent
    assert len(network.asked) == 2


async def test_a_workflow_whose_run_fails_said_202_all_the_same(teams, clock) -> None:
    """What docs/channels/teams.md warns of: the answer is no proof."""
    network, options = teams
    network.drop()
    async with opened("teams", clock, **options) as channel:
        assert (await channel.send(parcel())).text == "taken by the workflow"
    assert network.visible == []


@pytest.mark.parametrize("fault", [BREAK, Fault(502, when="after"), Fault(504, when="after")])
async def test_an_answer_that_is_lost_is_unknown(teams, clock, fault) -> None:
    network, options = teams
    network.fail(fault)
    async with opened("teams", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel()), SIGNATURE), OutcomeUnknown)
    assert len(network.visible) == 1


async def test_an_answer_that_never_comes_is_unknown(teams, clock) -> None:
    network, options = teams
    network.fail(HANG)
    async with opened("teams", clock, timeout="1s", **options) as channel:
        assert isinstance(await refusal(channel.send(parcel()), SIGNATURE), OutcomeUnknown)


async def test_a_workflow_that_has_enough_is_left_alone_as_long_as_it_says(teams, clock) -> None:
    network, options = teams
    async with opened("teams", clock, **options) as channel:
        for _ in range(4):
            await channel.send(parcel())
        error = await refusal(channel.send(parcel()), SIGNATURE)
        assert isinstance(error, ServerBusy)
        assert error.retry_after == 1
        clock.moment += timedelta(seconds=1)
        await channel.send(parcel())
    assert len(network.visible) == 5


@pytest.mark.parametrize("trouble", ["disabled", "orphaned"])
async def test_a_workflow_that_is_off_or_has_no_owner_refuses_the_channel(teams, clock, trouble) -> None:
    network, options = teams
    network.trouble = trouble
    async with opened("teams", clock, **options) as channel:
        error = await refusal(channel.send(parcel()), SIGNATURE)
    assert isinstance(error, ChannelRefused)
    assert "BROADSHEET_NEWS_URL" in str(error)


async def test_an_address_that_was_taken_back_refuses_the_channel(teams, clock) -> None:
    network, options = teams
    network.revoke()
    async with opened("teams", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel()), SIGNATURE), ChannelRefused)


async def test_an_address_that_is_none_is_found_before_anything_is_sent(clock) -> None:
    with pytest.raises(SettingsError, match="BROADSHEET_NEWS_URL is no address"):
        async with opened("teams", clock, url="prod-12.logic.azure.com"):
            pass


async def test_a_check_promises_nothing(teams, clock) -> None:
    _, options = teams
    async with opened("teams", clock, **options) as channel:
        assert "only a post shows whether it works" in await channel.check()
