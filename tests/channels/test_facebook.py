"""A Facebook page, against its fake."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.channels.credentials import closed, signs_in
from bot.clock import SetClock
from bot.editions.image import fitted
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, OutcomeUnknown, ServerBusy, SettingsError
from bot.model import Newsroom, Post
from bot.store import Store
from bot.testing import KEYS
from bot.testing.networks import BREAK, HANG, Fault
from bot.testing.networks.facebook import Facebook
from tests.channels.posts import (
    BARE,
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

WORDS = BARE.text.removesuffix(f"\n\n{URL}")
BACK = "https://desk.record.example/connected"


@pytest.fixture
def facebook(clock: SetClock, stage) -> tuple[Facebook, dict[str, str]]:
    network = Facebook(clock)
    given = network.credentials
    base = served_by(stage, network)
    return network, {"api": base, "login": base, "page": given["page"], "token": given["token"]}


def to_connect(network: Facebook, options: dict[str, str]) -> dict[str, str]:
    given = network.credentials
    kept = {key: value for key, value in options.items() if key != "token"}
    return {**kept, "client_id": given["client_id"], "client_secret": given["client_secret"]}


def hosted(store: Store, clock: SetClock) -> str:
    file, _ = fitted(photograph())
    with store.write() as tx:
        tx.images.put(file.image, file.content, clock())
    return f"{Newsroom(name='', url='').public_url}/i/{file.image.name}"


async def test_a_post_is_its_words_and_the_link_whose_card_the_network_makes(facebook, clock) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        assert channel.payload(parcel(BARE)) == {"message": WORDS, "link": URL}
        receipt = await channel.send(parcel(BARE))
    (post,) = network.visible
    assert (post.text, post.url, receipt.id) == (WORDS, URL, post.id)


async def test_markup_is_words_here(facebook, clock) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        await channel.send(parcel(HOSTILE_POST))
    assert network.visible[0].text == HOSTILE_POST.text.removesuffix(f"\n\n{URL}")


async def test_a_photo_is_uploaded_with_its_description_and_the_link_in_its_words(facebook, clock, store) -> None:
    network, options = facebook
    post = pictured(hosted(store, clock), text=WORDS)
    async with opened("facebook", clock, store=store, **options) as channel:
        told = channel.payload(parcel(post))
        receipt = await channel.send(parcel(post))
    (posted,) = network.visible
    assert posted.text == told["caption"] == f"{WORDS}\n\n{URL}"
    assert told["url"] == post.pictures[0].url
    assert (posted.pictures[0].alt, posted.pictures[0].content_type) == ("The ferry at the pier", "image/jpeg")
    assert receipt.id == posted.id


async def test_a_picture_that_is_not_to_be_had_costs_the_picture_not_the_post(facebook, clock) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        await channel.send(parcel(pictured(f"{options['api']}/none.jpg")))
    (post,) = network.visible
    assert (post.text, post.url, post.pictures) == (WORDS, URL, ())


@pytest.mark.parametrize("fault", [BREAK, Fault(502, when="after"), Fault(500, when="after")])
async def test_an_answer_that_is_lost_is_unknown_and_then_found_among_the_pages_posts(facebook, clock, fault) -> None:
    network, options = facebook
    began = clock()
    network.fail(fault, path="*/feed")
    async with opened("facebook", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)
        receipt = await channel.recall(parcel(BARE), began)
    assert receipt is not None
    assert receipt.id == network.visible[0].id


async def test_a_photo_whose_answer_never_came_is_found_too(facebook, clock, store) -> None:
    network, options = facebook
    began = clock()
    post = pictured(hosted(store, clock))
    network.fail(HANG, path="*/photos")
    async with opened("facebook", clock, store=store, timeout="1s", **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(post)), options["token"]), OutcomeUnknown)
        clock.advance(minutes=2)
        assert (await channel.recall(parcel(post), began)).id == network.visible[0].id


async def test_what_never_arrived_is_surely_not_there(facebook, clock) -> None:
    network, options = facebook
    network.fail(Fault(502), path="*/feed")
    began = clock()
    async with opened("facebook", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)
        clock.advance(minutes=1)
        error = await refusal(channel.recall(parcel(BARE), began), options["token"])
        assert (type(error), error.permanent, error.retry_after) == (DeliveryError, False, 240)
        clock.advance(minutes=4)
        assert await channel.recall(parcel(BARE), began) is None


async def test_an_older_post_is_not_taken_for_it_and_one_that_is_like_it_is_for_an_editor(facebook, clock) -> None:
    _, options = facebook
    async with opened("facebook", clock, **options) as channel:
        await channel.send(parcel(BARE))
        clock.advance(hours=1)
        began = clock()
        clock.advance(minutes=6)
        assert await channel.recall(parcel(BARE), began) is None
        await channel.send(parcel(replace(BARE, text=f"{TITLE}\n\nBy hand")))
        assert isinstance(await refusal(channel.recall(parcel(BARE), began), options["token"]), OutcomeUnknown)


@pytest.mark.parametrize(
    "row",
    [{"message": BARE.text, "from": {"id": "900100200300400", "name": "A visitor"}}, {"story": "The cover photo"}],
    ids=["a visitor's", "without words"],
)
async def test_what_another_wrote_or_nobody_is_not_taken_for_it(facebook, clock, row) -> None:
    network, options = facebook
    told = {"id": "1_2", "created_time": f"{clock():%Y-%m-%dT%H:%M:%S}+0000", **row}
    network.fail(Fault(200, body=json.dumps({"data": [told]})), path="*/feed", method="GET")
    post = replace(BARE, text=URL) if "story" in row else BARE
    async with opened("facebook", clock, **options) as channel:
        assert not (await refusal(channel.recall(parcel(post), clock()), options["token"])).permanent


async def test_a_clock_that_is_minutes_ahead_of_the_networks_hides_no_post(facebook, clock) -> None:
    _, options = facebook
    async with opened("facebook", clock, **options) as channel:
        sent = await channel.send(parcel(BARE))
        began = clock() + timedelta(minutes=5)
        clock.advance(minutes=11)
        assert (await channel.recall(parcel(BARE), began)).id == sent.id


async def test_a_recall_that_cannot_be_asked_is_asked_again(facebook, clock) -> None:
    network, options = facebook
    network.fail(Fault(502), path="*/feed", method="GET")
    async with opened("facebook", clock, **options) as channel:
        error = await refusal(channel.recall(parcel(BARE), clock() - timedelta(minutes=5)), options["token"])
    assert not isinstance(error, OutcomeUnknown | ChannelRefused)
    assert not error.permanent


async def test_a_post_is_changed_and_taken_down_and_twice_is_no_fault(facebook, clock) -> None:
    network, options = facebook
    said = replace(BARE, text=BARE.text.replace("again", "on Monday"))
    async with opened("facebook", clock, **options) as channel:
        receipt = await channel.send(parcel(BARE))
        for _ in range(2):
            assert (await channel.edit(receipt.id, parcel(said))).id == receipt.id
        assert network.visible[0].text == WORDS.replace("again", "on Monday")
        for _ in range(2):
            await channel.remove(receipt.id)
        error = await refusal(channel.edit(receipt.id, parcel(said)), options["token"])
        assert (await refusal(channel.remove("../me"), options["token"])).permanent
    assert network.visible == []
    assert error.permanent


async def test_a_token_that_was_revoked_refuses_the_channel_and_says_where_the_new_one_goes(facebook, clock) -> None:
    network, options = facebook
    network.revoke()
    async with opened("facebook", clock, **options) as channel:
        for asked in (channel.send(parcel(BARE)), channel.check()):
            error = await refusal(asked, options["token"])
            assert isinstance(error, ChannelRefused)
            assert "BROADSHEET_NEWS_TOKEN" in str(error)


@pytest.mark.parametrize("code", [4, 32, 613])
async def test_a_limit_makes_the_channel_wait(facebook, clock, code) -> None:
    network, options = facebook
    network.throttle(code, 60)
    async with opened("facebook", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), ServerBusy)
    assert network.visible == []


async def test_a_page_that_asked_too_often_waits_as_long_as_facebook_says(clock, stage) -> None:
    network = Facebook(clock, calls_an_hour=2)
    base = served_by(stage, network)
    options = {"api": base, "page": network.page, "token": network.credentials["token"]}
    async with opened("facebook", clock, **options) as channel:
        for number in range(2):
            await channel.send(parcel(replace(BARE, text=f"{number}")))
        error = await refusal(channel.send(parcel(BARE)), options["token"])
    assert isinstance(error, ServerBusy)
    assert error.retry_after == 3600


async def test_an_account_that_is_blocked_refuses_the_channel(facebook, clock) -> None:
    network, options = facebook
    network.throttle(368, 60)
    async with opened("facebook", clock, **options) as channel:
        error = await refusal(channel.send(parcel(BARE)), options["token"])
    assert isinstance(error, ChannelRefused)
    assert "support inbox" in str(error)


async def test_the_same_post_twice_is_refused_by_the_network_itself(facebook, clock) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        await channel.send(parcel(BARE))
        error = await refusal(channel.send(parcel(BARE)), options["token"])
    assert (type(error), error.permanent) == (DeliveryError, True)
    assert "stands there already" in str(error)
    assert len(network.visible) == 1


async def test_an_article_that_is_not_public_yet_is_tried_again(facebook, clock) -> None:
    network, options = facebook
    told = {"error": {"message": "Error Posting Link", "code": 1609005}}
    network.fail(Fault(400, {"Content-Type": "application/json"}, json.dumps(told)))
    async with opened("facebook", clock, **options) as channel:
        error = await refusal(channel.send(parcel(BARE)), options["token"])
        assert not error.permanent
        await channel.send(parcel(BARE))
    assert len(network.visible) == 1


async def test_a_server_in_trouble_never_refuses_the_channel(facebook, clock) -> None:
    network, options = facebook
    told = json.dumps({"error": {"message": "broken", "code": 190}})
    network.fail(Fault(500, {"Content-Type": "application/json"}, told))
    async with opened("facebook", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)


async def test_a_check_names_the_page(facebook, clock) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        assert (await channel.check()).startswith("posts to The Record on 127.0.0.1")
    other = {**options, "token": network.credentials["user_token"]}
    async with opened("facebook", clock, **other) as channel:
        error = await refusal(channel.check(), other["token"])
    assert error.permanent


async def test_a_post_that_is_too_long_never_goes_out(facebook, clock) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        error = await refusal(channel.send(parcel(Post(text="x" * 63_207))), options["token"])
    assert error.permanent
    assert network.asked == []


async def connected(channel, redirect: str = BACK):
    """What an editor does in the browser, and what comes of it."""
    begun = await channel.sign_in(redirect, "state-1")
    async with httpx.AsyncClient() as browser:
        came = await browser.get(begun.url)
    query = {key: values[0] for key, values in parse_qs(urlsplit(came.headers["location"]).query).items()}
    assert query["state"] == "state-1"
    return await channel.connect(query, begun, redirect)


async def test_an_editor_who_signs_in_gives_the_pages_token_and_it_posts(facebook, clock, store: Store) -> None:
    network, options = facebook
    async with opened("facebook", clock, store=store, **to_connect(network, options)) as channel:
        error = await refusal(channel.send(parcel(BARE)), "facebook-secret")
        assert isinstance(error, ChannelRefused)
        assert "broadsheet channels connect news" in str(error)
        credential = await connected(channel)
        assert (credential.account, credential.id, credential.ends) == ("The Record", network.page, None)
        with store.write() as tx:
            tx.channels.save("news", closed(credential, KEYS), account="", expires=None, now=clock(), serial=0)
        await channel.send(parcel(BARE))
        clock.advance(days=400)
        await channel.send(parcel(replace(BARE, text="A year later")))
        with pytest.raises(NothingToDo):
            await channel.renew(credential)
    assert len(network.visible) == 2


async def test_who_does_not_manage_the_page_is_told_which_they_do(facebook, clock, store: Store) -> None:
    network, options = facebook
    other = {**to_connect(network, options), "page": "99999999"}
    async with opened("facebook", clock, store=store, **other) as channel:
        error = await refusal(connected(channel), "facebook-secret")
    assert f"The Record ({network.page})" in str(error)


async def test_a_page_whose_token_is_given_needs_no_sign_in(facebook, clock, store: Store) -> None:
    network, options = facebook
    async with opened("facebook", clock, **options) as channel:
        assert not signs_in(channel)
        assert (await refusal(channel.sign_in(BACK, "s"), options["token"])).permanent
    async with opened("facebook", clock, store=store, **to_connect(network, options)) as channel:
        assert signs_in(channel)


async def test_without_a_way_to_sign_in_and_a_token_nothing_starts(clock) -> None:
    with pytest.raises(SettingsError, match="BROADSHEET_NEWS_CLIENT_SECRET"):
        async with opened("facebook", clock, page="546349135390552"):
            pass
