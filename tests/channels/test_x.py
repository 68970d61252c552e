"""X against its strict fake: signatures, limits, pictures, what broke off, what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.channels.base import Posting, Recalling, Removing
from bot.channels.credentials import Credential, opened
from bot.channels.x import XChannel, XOptions, _loosely, shown
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.model import PostPicture
from bot.store import Store
from bot.testing import KEYS, NOW
from bot.testing.networks import BREAK, DROP, HANG, Fault, running
from bot.testing.networks.x import X
from tests.channels.account import around, keep, parcel
from tests.pictures import photograph, picture_site

SECRETS = ("x-consumer-secret", "x-user-secret", "x-access", "x-refresh", "x-secret")


@dataclass
class Account:
    """A fake X with what a newsroom would put into its settings."""

    base: str
    x: X

    def keys(self, **fields: Any) -> XOptions:
        told = self.x.credentials
        given = {
            "api": self.base,
            "consumer_key": told["consumer_key"],
            "consumer_secret": told["consumer_secret"],
            "access_token": told["user_token"],
            "access_secret": told["user_secret"],
        }
        return XOptions(**{**given, **fields})

    def app(self, **fields: Any) -> XOptions:
        given = {"api": self.base, "authorize": f"{self.base}/i/oauth2/authorize", "client_id": "x-client"}
        return XOptions(**{**given, **fields})


@pytest.fixture
def account(clock: SetClock) -> Iterator[Account]:
    with running("x", clock) as (base, state):
        yield Account(base, cast(X, state))


@pytest.fixture
def channel(account: Account, clock: SetClock) -> Callable[..., Any]:
    """A channel with the account's own keys."""

    @asynccontextmanager
    async def opened_channel(options: XOptions | None = None, store: Store | None = None) -> AsyncIterator[XChannel]:
        async with around(clock, store) as here, XChannel("x", options or account.keys(), here) as made:
            yield made

    return opened_channel


async def test_a_post_goes_out_signed_and_brings_its_id_and_what_is_left(account: Account, channel: Any) -> None:
    async with channel() as x:
        receipt = await x.send(parcel("Fähre zurück & mehr <heute> https://record.example/ferry"))
    (post,) = account.x.visible
    assert (receipt.id, receipt.code) == (post.id, 201)
    assert post.text == "Fähre zurück & mehr <heute> https://record.example/ferry"
    assert (receipt.quota.remaining, receipt.quota.limit) == (99, 100)
    assert receipt.quota.resets == NOW + timedelta(minutes=15)


async def test_the_window_with_the_least_left_is_the_quota(account: Account, channel: Any) -> None:
    limits = {
        "x-rate-limit-remaining": "90",
        "x-rate-limit-limit": "100",
        "x-rate-limit-reset": str(int(NOW.timestamp()) + 900),
        "x-user-limit-24hour-remaining": "3",
        "x-user-limit-24hour-limit": "17",
        "x-user-limit-24hour-reset": str(int(NOW.timestamp()) + 80_000),
    }
    account.x.fail(Fault(201, limits, '{"data": {"id": "77"}}'), path="/2/tweets")
    async with channel() as x:
        receipt = await x.send(parcel())
    assert (receipt.quota.remaining, receipt.quota.limit) == (3, 17)


async def test_pictures_are_uploaded_with_their_words(account: Account, channel: Any) -> None:
    with picture_site() as site:
        first, second = site.put("/dusk.jpg", photograph()), site.put("/captain.png", photograph(form="PNG"))
        pictures = (PostPicture(url=first, alt="A ferry at dusk"), PostPicture(url=second, alt="Its captain"))
        async with channel() as x:
            await x.send(parcel(pictures=pictures))
    (post,) = account.x.visible
    assert [each.alt for each in post.pictures] == ["A ferry at dusk", "Its captain"]


async def test_a_picture_that_is_not_to_be_had_never_costs_the_post(account: Account, channel: Any) -> None:
    async with channel() as x:
        await x.send(parcel(pictures=(PostPicture(url=f"{account.base}/nothing.jpg", alt="Nothing"),)))
    (post,) = account.x.visible
    assert post.pictures == ()


async def test_the_parts_of_a_thread_answer_one_another(account: Account, channel: Any) -> None:
    async with channel() as x:
        first = await x.send(parcel("One"))
        await x.send(parcel("Two", answers=first.id))
    one, two = account.x.visible
    assert two.reply_to == one.id == first.id


async def test_an_answer_to_a_post_that_is_gone_is_refused_for_good(account: Account, channel: Any) -> None:
    async with channel() as x:
        first = await x.send(parcel("One"))
        await x.remove(first.id)
        with pytest.raises(DeliveryError, match="the post that it answers is gone") as raised:
            await x.send(parcel("Two", answers=first.id))
    assert raised.value.permanent


async def test_what_is_too_long_is_not_even_sent(account: Account, channel: Any) -> None:
    async with channel() as x:
        with pytest.raises(DeliveryError, match="more than the 280 characters") as raised:
            await x.send(parcel("漢" * 141))
        with pytest.raises(DeliveryError):
            x.payload(parcel("漢" * 141))
        await x.send(parcel("漢" * 140))
    assert raised.value.permanent
    assert [each.path for each in account.x.asked] == ["/2/tweets"]


async def test_the_same_words_twice_are_explained(account: Account, channel: Any) -> None:
    async with channel() as x:
        await x.send(parcel())
        with pytest.raises(DeliveryError, match="says the same already: leave it at that one") as raised:
            await x.send(parcel())
    assert raised.value.permanent
    assert not isinstance(raised.value, ChannelRefused)


@pytest.mark.parametrize("fault", [BREAK, HANG, Fault(504, when="after"), Fault(503, when="after")], ids=str)
async def test_what_broke_off_after_it_was_written_is_unknown_and_found_again(
    account: Account, clock: SetClock, fault: Fault
) -> None:
    account.x.fail(fault, path="/2/tweets", method="POST")
    text = "Fähre & Fahrrad: https://record.example/ferry?a=1&b=2"
    async with around(clock, seconds="1s") as here:
        x = XChannel("x", account.keys(), here)
        with pytest.raises(OutcomeUnknown):
            await x.send(parcel(text))
        clock.advance(minutes=2)
        receipt = await x.recall(parcel(text), NOW)
    assert receipt is not None
    assert receipt.id == account.x.visible[0].id


async def test_what_never_arrived_is_surely_not_there(account: Account, channel: Any, clock: SetClock) -> None:
    account.x.fail(DROP, path="/2/tweets", method="POST")
    async with channel() as x:
        with pytest.raises(OutcomeUnknown):
            await x.send(parcel("Lost"))
        await x.send(parcel("Another"))
        clock.advance(minutes=2)
        assert await x.recall(parcel("Lost"), NOW) is None


async def test_an_older_post_of_the_same_words_is_not_taken_for_it(
    account: Account, channel: Any, clock: SetClock
) -> None:
    async with channel() as x:
        await x.send(parcel("Weather"))
        clock.advance(hours=30)
        began = clock()
        clock.advance(minutes=2)
        assert await x.recall(parcel("Weather"), began) is None


def listing(account: Account, *texts: str, clock: SetClock, **meta: Any) -> None:
    """X answers the next look at its timeline with these."""
    urls = [{"url": "https://t.co/1", "expanded_url": "http://record.example"}]
    when = f"{clock():%Y-%m-%dT%H:%M:%S}.000Z"
    data = [{"id": str(70 + n), "text": each, "created_at": when} for n, each in enumerate(texts)]
    body = {"data": [{**each, "entities": {"urls": urls}} for each in data], "meta": {"result_count": 1, **meta}}
    account.x.fail(Fault(200, {"content-type": "application/json"}, json.dumps(body)), path="/2/users/*/tweets")


async def test_a_name_that_x_made_a_link_of_is_still_the_same_post(
    account: Account, channel: Any, clock: SetClock
) -> None:
    listing(account, "The Record (https://t.co/1) is back", clock=clock)
    async with channel() as x:
        receipt = await x.recall(parcel("The Record (record.example) is back"), NOW)
    assert receipt.id == "70"


def test_what_keeps_an_at_sign_from_calling_may_get_lost_on_the_way() -> None:
    assert _loosely("Hoax about @\u200bmayor") == _loosely("Hoax about @mayor")


@pytest.mark.parametrize(
    ("texts", "meta"),
    [(["The ferry returns: more soon"], {}), (["Another"], {"next_token": "7140dibdnow9c7btw3z2vwioavpvutgzrzm9icis"})],
    ids=["one like it", "a next page"],
)
async def test_what_may_be_it_is_left_to_the_editor(
    account: Account, channel: Any, clock: SetClock, texts: list[str], meta: dict[str, str]
) -> None:
    clock.advance(minutes=2)
    listing(account, *texts, clock=clock, **meta)
    async with channel() as x:
        with pytest.raises(OutcomeUnknown):
            await x.recall(parcel("The ferry returns"), NOW)


async def test_a_clock_that_is_minutes_ahead_of_xs_hides_no_post(
    account: Account, channel: Any, clock: SetClock
) -> None:
    async with channel() as x:
        sent = await x.send(parcel())
        clock.advance(minutes=7)
        assert (await x.recall(parcel(), NOW + timedelta(minutes=5))).id == sent.id


async def test_what_x_may_not_list_yet_is_asked_for_again(account: Account, channel: Any) -> None:
    async with channel() as x:
        with pytest.raises(DeliveryError) as raised:
            await x.recall(parcel(), NOW)
    assert not raised.value.permanent
    assert not isinstance(raised.value, OutcomeUnknown)
    assert raised.value.retry_after == 60


@pytest.mark.parametrize("status", [402, 403])
async def test_an_app_that_may_not_read_leaves_it_to_the_editor(
    account: Account, channel: Any, clock: SetClock, status: int
) -> None:
    body = '{"title": "Client Forbidden", "detail": "This plan cannot read", "reason": "client-not-enrolled"}'
    account.x.fail(Fault(status, {"content-type": "application/json"}, body), path="/2/users/*/tweets")
    clock.advance(minutes=2)
    async with channel() as x:
        with pytest.raises(OutcomeUnknown, match="look at the account"):
            await x.recall(parcel(), NOW)


def test_a_post_is_read_back_as_it_was_sent() -> None:
    told = {
        "text": "A &amp; B https://t.co/1 https://t.co/2",
        "entities": {
            "urls": [
                {"url": "https://t.co/1", "expanded_url": "https://record.example/?a=1&b=2"},
                {"url": "https://t.co/2", "expanded_url": "https://x.com/r/status/1/photo/1", "media_key": "3_1"},
            ]
        },
    }
    assert shown(told) == "A & B https://record.example/?a=1&b=2"
    assert shown({"text": "odd", "entities": {"urls": [None, {}]}}) == "odd"


async def test_a_removed_post_is_gone_and_may_be_removed_again(account: Account, channel: Any) -> None:
    async with channel() as x:
        receipt = await x.send(parcel())
        await x.remove(receipt.id)
        await x.remove(receipt.id)
        with pytest.raises(DeliveryError):
            await x.remove("../users/me")
    assert account.x.visible == []


async def test_keys_that_were_revoked_pause_the_channel_and_name_where_new_ones_go(
    account: Account, channel: Any
) -> None:
    account.x.revoke()
    async with channel() as x:
        with pytest.raises(ChannelRefused, match="put them into BROADSHEET_X_CONSUMER_KEY, ") as raised:
            await x.send(parcel())
    assert not any(secret in str(raised.value) for secret in SECRETS)


async def test_an_app_without_credits_is_told_where_to_look(account: Account, channel: Any) -> None:
    body = '{"title": "CreditsDepleted", "detail": "Your enrolled account does not have any credits."}'
    account.x.fail(Fault(402, {"content-type": "application/json"}, body), path="/2/tweets")
    async with channel() as x:
        with pytest.raises(ChannelRefused, match="look at its plan and credits"):
            await x.send(parcel())


async def test_a_full_window_is_waited_for(account: Account, channel: Any) -> None:
    async with channel() as x:
        for number in range(100):
            await x.send(parcel(f"Number {number}"))
        with pytest.raises(ServerBusy) as raised:
            await x.send(parcel("One too many"))
    assert raised.value.retry_after == pytest.approx(900, abs=1)


async def test_a_refusal_that_is_none_of_the_posts_pauses_the_channel(account: Account, channel: Any) -> None:
    body = '{"title": "Forbidden", "detail": "Your account is suspended and is not permitted to access this feature."}'
    account.x.fail(Fault(403, {"content-type": "application/json"}, body), path="/2/tweets")
    async with channel() as x:
        with pytest.raises(ChannelRefused, match="not locked the account; then connect again"):
            await x.send(parcel())


async def test_an_account_signs_in_and_posts_until_its_token_is_renewed(
    account: Account, clock: SetClock, store: Store
) -> None:
    redirect = "https://news.record.example/oauth/callback"
    async with around(clock, store) as here:
        x = XChannel("x", account.app(), here)
        begun = await x.sign_in(redirect, "state")
        answer = await here.http.request("GET", begun.url)
        back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        credential = await x.connect(back, begun, redirect)
        assert (credential.account, credential.id) == ("@record", account.x.account)
        keep(store, "x", credential)
        await x.send(parcel("Before"))
        clock.advance(hours=3)
        await x.send(parcel("After"))
    assert [each.text for each in account.x.visible] == ["Before", "After"]
    with store.read() as tx:
        now = opened(tx.channels.get("x").credential, KEYS, "x")
    assert now.access != credential.access
    assert now.account == "@record"


async def test_a_token_that_x_forgot_is_renewed_and_the_post_goes_out_once(
    account: Account, clock: SetClock, store: Store
) -> None:
    first = account.x.credentials
    forgotten = Credential(access="x-access-of-yesterday", refresh=first["refresh_token"], account="@record")
    keep(store, "x", forgotten)
    async with around(clock, store) as here:
        await XChannel("x", account.app(), here).send(parcel("Once"))
    assert [each.text for each in account.x.visible] == ["Once"]


async def test_a_permission_that_was_taken_back_names_the_command(
    account: Account, clock: SetClock, store: Store
) -> None:
    first = account.x.credentials
    keep(store, "x", Credential(access=first["token"], refresh=first["refresh_token"], account="@record"))
    account.x.revoke()
    async with around(clock, store) as here:
        with pytest.raises(ChannelRefused, match="broadsheet channels connect x") as raised:
            await XChannel("x", account.app(), here).send(parcel())
    assert not any(secret in str(raised.value) for secret in SECRETS)


async def test_a_moment_of_trouble_while_renewing_is_no_refusal(
    account: Account, clock: SetClock, store: Store
) -> None:
    first = account.x.credentials
    ended = Credential(access=first["token"], refresh=first["refresh_token"], expires=NOW, account="@record")
    keep(store, "x", ended)
    account.x.fail(Fault(503), path="/2/oauth2/token")
    async with around(clock, store) as here:
        x = XChannel("x", account.app(), here)
        with pytest.raises(ServerBusy):
            await x.send(parcel("Later"))
        await x.send(parcel("Later"))
    assert len(account.x.visible) == 1


async def test_check_says_who_it_is(channel: Any) -> None:
    async with channel() as x:
        assert (await x.check()).endswith("as @record")


async def test_the_payload_shows_what_is_sent(account: Account, channel: Any) -> None:
    pictures = (PostPicture(url="https://record.example/f.jpg", alt="A ferry"),)
    async with channel() as x:
        assert isinstance(x, Posting)
        assert isinstance(x, Recalling)
        assert isinstance(x, Removing)
        payload = x.payload(parcel("Hello", pictures=pictures, answers="12"))
    assert payload == {
        "text": "Hello",
        "media": [{"url": "https://record.example/f.jpg", "alt_text": "A ferry"}],
        "reply": {"in_reply_to_tweet_id": "12"},
    }
    assert json.loads(json.dumps(payload)) == payload


async def test_half_of_the_keys_are_no_keys(account: Account, clock: SetClock) -> None:
    async with around(clock) as here:
        with pytest.raises(SettingsError, match="BROADSHEET_X_ACCESS_SECRET is missing"):
            XChannel("x", account.keys(access_secret=""), here)
        with pytest.raises(SettingsError, match=r"channels\.x\.client_id: is missing"):
            XChannel("x", XOptions(api=account.base), here)
