"""A sign-in from its beginning to its end, against a network that checks it: once, in ten minutes, of one channel."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from bot.channels.credentials import Credential, opened
from bot.channels.x import XChannel
from bot.clock import SetClock
from bot.delivery.pausing import moved_at, pause_channel
from bot.errors import DeliveryError, NotFound, NothingToDo, TokenError, UsageError
from bot.schedules.connection import begin, callback, disconnect, finish, finish_pasted, pasted, waits
from bot.schedules.installation import Installation
from bot.store import Store
from bot.testing import KEYS, NOW, settings
from bot.testing.networks import Fault, running
from bot.testing.networks.x import X

TOML = """
[http]
allow_loopback = true

[channels.news]
type = "x"
client_id = "x-client"
api = "{base}"
authorize = "{base}/i/oauth2/authorize"

[channels.sport]
type = "x"
client_id = "x-client"
api = "{base}"
authorize = "{base}/i/oauth2/authorize"

[channels.hook]
type = "webhook"
url = "https://hook.record.example/"
"""
ENVIRONMENT = {"BROADSHEET_HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture
def x(clock: SetClock) -> Any:
    with running("x", clock) as (base, state):
        yield base, cast(X, state)


@pytest.fixture
def newsroom(x: Any, store: Store, clock: SetClock, tmp_path: Any) -> Installation:
    return Installation(settings(tmp_path, TOML.format(base=x[0]), environment=ENVIRONMENT), store, KEYS, clock)


async def said_yes(url: str) -> str:
    """The address that the browser came back to."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
    return answer.headers["location"]


def parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


async def test_an_account_is_connected_and_its_tokens_are_kept_encrypted(newsroom: Installation, x: Any) -> None:
    begun = await begin(newsroom, "news", "ines")
    assert waits(newsroom, "news")
    back = await said_yes(begun.url)
    assert back.startswith("https://news.record.example/oauth/callback?")
    account = await finish(newsroom, parameters(back))
    assert (account.channel, account.account, account.resumed) == ("news", "@record", False)
    with newsroom.store.read() as tx:
        state, acts = tx.channels.get("news"), tx.acts.newest(thing="channel:news")
    credential = opened(state.credential, KEYS, "news")
    assert credential.access
    assert credential.access not in state.credential
    assert [(act.who, act.what, act.after) for act in acts] == [("ines", "connect", "@record")]
    assert not waits(newsroom, "news")


@pytest.mark.parametrize("disconnected", [False, True])
async def test_that_another_account_was_connected_before_is_said(newsroom: Installation, x: Any, disconnected) -> None:
    first = await begin(newsroom, "news", "ines")
    assert (await finish(newsroom, parameters(await said_yes(first.url)))).before == ""
    again = await begin(newsroom, "news", "ines")
    assert (await finish(newsroom, parameters(await said_yes(again.url)))).before == ""
    if disconnected:
        disconnect(newsroom, "news", "ines")
    x[1].username = "sport"
    other = await begin(newsroom, "news", "ines")
    account = await finish(newsroom, parameters(await said_yes(other.url)))
    assert (account.account, account.before) == ("@sport", "@record")
    with newsroom.store.read() as tx:
        assert moved_at(tx, "news") == newsroom.clock()
        assert moved_at(tx, "sport") is None


async def test_a_name_with_control_characters_does_not_reach_a_terminal(
    newsroom: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await begin(newsroom, "news", "ines")
    back = parameters(await said_yes(begun.url))

    async def connect(*_: Any) -> Credential:
        return Credential(access="a", account="The \x1b]0;Record\x07")

    monkeypatch.setattr(XChannel, "connect", connect)
    assert (await finish(newsroom, back)).account == "The  ]0;Record "


async def test_a_sign_in_is_good_once(newsroom: Installation) -> None:
    begun = await begin(newsroom, "news", "ines")
    back = parameters(await said_yes(begun.url))
    await finish(newsroom, back)
    with pytest.raises(TokenError, match="no sign-in of news waits"):
        await finish(newsroom, back)


async def test_a_sign_in_is_good_for_ten_minutes(newsroom: Installation, clock: SetClock) -> None:
    begun = await begin(newsroom, "news", "ines")
    back = parameters(await said_yes(begun.url))
    clock.advance(minutes=10, seconds=1)
    with pytest.raises(TokenError, match="more than ten minutes ago"):
        await finish(newsroom, back)
    with pytest.raises(TokenError, match="no sign-in of news waits"):
        await finish_pasted(newsroom, "news", back["code"])


async def test_another_beginning_makes_the_earlier_one_worthless(newsroom: Installation) -> None:
    first = await begin(newsroom, "news", "ines")
    second = await begin(newsroom, "news", "ines")
    with pytest.raises(TokenError):
        await finish(newsroom, parameters(await said_yes(first.url)))
    await finish(newsroom, parameters(await said_yes(second.url)))


@pytest.mark.parametrize("state", ["", "nonsense", KEYS.sign("unsubscribe", "news", "n", 1), "v1.k1.sign-in.e30.AAAA"])
async def test_a_state_that_is_not_ours_is_refused(newsroom: Installation, state: str) -> None:
    await begin(newsroom, "news", "ines")
    with pytest.raises(TokenError, match="none that a sign-in of ours came back to"):
        await finish(newsroom, {"code": "x-code-1", "state": state})
    assert waits(newsroom, "news")


async def test_a_state_of_another_payload_is_refused(newsroom: Installation) -> None:
    with pytest.raises(TokenError):
        await finish(newsroom, {"code": "c", "state": KEYS.sign("sign-in", "news")})


async def test_what_one_channel_began_ends_none_of_another(newsroom: Installation) -> None:
    await begin(newsroom, "sport", "ines")
    begun = await begin(newsroom, "news", "ines")
    back = await said_yes(begun.url)
    with pytest.raises(TokenError, match="of the channel news, not of sport"):
        await finish_pasted(newsroom, "sport", back)


@pytest.mark.parametrize("whole", [True, False])
async def test_what_was_pasted_ends_it_without_any_web_server(newsroom: Installation, whole: bool) -> None:
    begun = await begin(newsroom, "news", "ines")
    back = await said_yes(begun.url)
    account = await finish_pasted(newsroom, "news", back if whole else parameters(back)["code"])
    assert account.account == "@record"


async def test_an_owner_who_says_no_is_quoted_and_must_begin_again(newsroom: Installation) -> None:
    begun = await begin(newsroom, "news", "ines")
    state = parameters(await said_yes(begun.url))["state"]
    with pytest.raises(
        DeliveryError, match="gave no permission: access_denied; run `broadsheet channels connect news`"
    ):
        await finish(newsroom, {"error": "access_denied", "state": state})
    with newsroom.store.read() as tx:
        assert tx.channels.get("news").credential == ""


async def test_a_network_that_fails_leaves_nothing_half_done(newsroom: Installation, x: Any) -> None:
    begun = await begin(newsroom, "news", "ines")
    back = parameters(await said_yes(begun.url))
    x[1].fail(Fault(503), path="/2/oauth2/token")
    with pytest.raises(DeliveryError, match="again"):
        await finish(newsroom, back)
    with newsroom.store.read() as tx:
        state, acts = tx.channels.get("news"), tx.acts.newest()
    assert (state.credential, acts) == ("", [])


async def test_a_paused_channel_goes_on(newsroom: Installation) -> None:
    with newsroom.store.write() as tx:
        pause_channel(tx, "news", "news: its permission was taken back", NOW)
    begun = await begin(newsroom, "news", "ines")
    account = await finish(newsroom, parameters(await said_yes(begun.url)))
    assert account.resumed
    with newsroom.store.read() as tx:
        assert tx.channels.get("news").paused == ""
        acts = {act.what for act in tx.acts.newest(thing="channel:news") if act.who == "ines"}
    assert len(acts) == 2


async def test_an_account_can_be_forgotten_and_what_else_is_known_stays(newsroom: Installation) -> None:
    begun = await begin(newsroom, "news", "ines")
    await finish(newsroom, parameters(await said_yes(begun.url)))
    with newsroom.store.write() as tx:
        pause_channel(tx, "news", "by hand", NOW)
    assert disconnect(newsroom, "news", "ines") == "@record"
    with newsroom.store.read() as tx:
        state = tx.channels.get("news")
    assert (state.credential, state.account, state.expires, state.paused) == ("", "", None, "by hand")
    with pytest.raises(NothingToDo):
        disconnect(newsroom, "news", "ines")


async def test_nothing_of_a_sign_in_lies_open_in_the_store(newsroom: Installation) -> None:
    begun = await begin(newsroom, "news", "ines")
    with newsroom.store.read() as tx:
        kept = tx.flags.get("sign-in:news")
    assert begun.redirect not in kept
    with pytest.raises(ValueError):
        json.loads(kept)


async def test_a_channel_without_a_sign_in_says_so(newsroom: Installation) -> None:
    with pytest.raises(UsageError, match="channel hook is not signed in to"):
        await begin(newsroom, "hook", "ines")
    with pytest.raises(NotFound, match='there is no channel "new"'):
        await begin(newsroom, "new", "ines")


def test_the_redirect_address_is_the_newsrooms(newsroom: Installation) -> None:
    assert callback(newsroom) == "https://news.record.example/oauth/callback"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" abc-DEF_1 ", {"code": "abc-DEF_1"}),
        ("https://n.example/oauth/callback?code=a%2Fb&state=s#_=_", {"code": "a/b", "state": "s"}),
        ("<https://n.example/oauth/callback?error=access_denied&state=s>", {"error": "access_denied", "state": "s"}),
        ("?code=a&state=s", {"code": "a", "state": "s"}),
        ("code=a", {"code": "a"}),
        ("QUJD==", {"code": "QUJD=="}),
    ],
)
def test_what_people_paste_is_understood(text: str, found: dict[str, str]) -> None:
    assert pasted(text) == found


@pytest.mark.parametrize("text", ["", "  ", "two words", "https://n.example/", "a" * 5000, "a\x00b", "http://[::1"])
def test_what_is_no_code_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UsageError):
        pasted(text)
