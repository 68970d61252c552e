"""OAuth against the authorization servers of the fakes, which check PKCE, redirects, secrets and signatures."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from bot.channels.credentials import SignIn
from bot.channels.oauth import OAuth2, Provider, UserKeys, challenge
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, ServerBusy
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.testing import NOW
from bot.testing.networks import BREAK, Fault, running
from bot.testing.networks.x import SCOPES, X

REDIRECT = "https://news.record.example/oauth/callback"


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with Http(HttpTable(allow_loopback=True, timeout="2s"), tls=tls) as opened:  # type: ignore[arg-type]
        yield opened


def provider(base: str, **fields: Any) -> Provider:
    given: dict[str, Any] = {
        "name": "X",
        "authorize": f"{base}/i/oauth2/authorize",
        "token": f"{base}/2/oauth2/token",
        "client_id": "x-client",
        "client_secret": SecretStr("x-secret"),
        "scopes": SCOPES,
        "basic": True,
    }
    return Provider(**{**given, **fields})


async def consent(http: Http, begun: SignIn) -> dict[str, str]:
    """What the browser comes back with when the owner says yes."""
    answer = await http.request("GET", begun.url)
    assert answer.status == 302, answer.body
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def test_the_challenge_is_that_of_the_rfcs_example() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_an_account_is_connected_with_a_code_and_its_verifier(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        oauth = OAuth2(provider(base), http, clock)
        begun = oauth.sign_in(REDIRECT, "state-1")
        back = await consent(http, begun)
        assert back["state"] == "state-1"
        credential = await oauth.connect(back, begun, REDIRECT)
        renewed = await oauth.renew(credential)
    assert credential.expires == NOW + timedelta(hours=2)
    assert credential.ends is None
    assert renewed.refresh not in ("", credential.refresh)
    assert credential.access not in repr(credential)
    assert begun.kept["verifier"] not in repr(begun)


async def test_each_sign_in_has_a_verifier_of_its_own(http: Http, clock: SetClock) -> None:
    oauth = OAuth2(provider("https://api.x.example"), http, clock)
    first, second = oauth.sign_in(REDIRECT, "s"), oauth.sign_in(REDIRECT, "s")
    assert first.kept["verifier"] != second.kept["verifier"]
    assert 43 <= len(first.kept["verifier"]) <= 128


async def test_a_code_is_worth_nothing_to_another_sign_in(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        oauth = OAuth2(provider(base), http, clock)
        begun, other = oauth.sign_in(REDIRECT, "s"), oauth.sign_in(REDIRECT, "s")
        back = await consent(http, begun)
        with pytest.raises(DeliveryError, match="code is good once"):
            await oauth.connect(back, other, REDIRECT)


async def test_a_redirect_that_is_another_is_refused_with_what_helps(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        oauth = OAuth2(provider(base), http, clock)
        begun = oauth.sign_in(REDIRECT, "s")
        back = await consent(http, begun)
        with pytest.raises(DeliveryError, match="exactly the redirect address"):
            await oauth.connect(back, begun, f"{REDIRECT}/")


async def test_an_owner_who_says_no_is_quoted(http: Http, clock: SetClock) -> None:
    oauth = OAuth2(provider("https://api.x.example"), http, clock)
    with pytest.raises(DeliveryError, match="X gave no permission: access_denied The owner said no"):
        said = {"error": "access_denied", "error_description": "The owner\nsaid no"}
        await oauth.connect(said, oauth.sign_in(REDIRECT, "s"), REDIRECT)


async def test_a_permission_that_was_left_out_is_named(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        asked = OAuth2(provider(base, scopes=("tweet.read", "tweet.write")), http, clock)
        begun = asked.sign_in(REDIRECT, "s")
        back = await consent(http, begun)
        wanted = OAuth2(provider(base), http, clock)
        with pytest.raises(DeliveryError, match="users.read, media.write, offline.access is missing"):
            await wanted.connect(back, begun, REDIRECT)


async def test_an_app_with_the_wrong_secret_is_told_so_and_never_by_its_secret(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        oauth = OAuth2(provider(base, client_secret=SecretStr("not-the-secret")), http, clock)
        begun = oauth.sign_in(REDIRECT, "s")
        back = await consent(http, begun)
        with pytest.raises(ChannelRefused, match="compare the app's client id and secret") as raised:
            await oauth.connect(back, begun, REDIRECT)
    assert "not-the-secret" not in str(raised.value)


async def test_a_refresh_token_that_is_used_twice_ends_the_permission(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        oauth = OAuth2(provider(base), http, clock)
        begun = oauth.sign_in(REDIRECT, "s")
        credential = await oauth.connect(await consent(http, begun), begun, REDIRECT)
        await oauth.renew(credential)
        with pytest.raises(ChannelRefused, match="X renews the permission no more"):
            await oauth.renew(credential)


async def test_what_cannot_be_renewed_is_said_to_be_nothing_to_do(http: Http, clock: SetClock) -> None:
    with running("x", clock, confidential=True) as (base, _):
        oauth = OAuth2(provider(base), http, clock)
        begun = oauth.sign_in(REDIRECT, "s")
        credential = await oauth.connect(await consent(http, begun), begun, REDIRECT)
        with pytest.raises(NothingToDo):
            await oauth.renew(replace(credential, refresh=""))


@pytest.mark.parametrize("fault", [Fault(503), Fault(500), Fault(429, {"retry-after": "9"}), BREAK], ids=str)
async def test_a_network_that_fails_a_moment_is_busy_and_nothing_is_unknown(
    http: Http, clock: SetClock, fault: Fault
) -> None:
    with running("x", clock, confidential=True) as (base, state):
        oauth = OAuth2(provider(base), http, clock)
        begun = oauth.sign_in(REDIRECT, "s")
        credential = await oauth.connect(await consent(http, begun), begun, REDIRECT)
        state.fail(fault, path="/2/oauth2/token")
        with pytest.raises(ServerBusy):
            await oauth.renew(credential)


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_what_a_network_repeats_of_our_secrets_is_struck_out(http: Http, clock: SetClock, status: int) -> None:
    with running("x", clock, confidential=True) as (base, state):
        oauth = OAuth2(provider(base), http, clock)
        begun = oauth.sign_in(REDIRECT, "s")
        credential = await oauth.connect(await consent(http, begun), begun, REDIRECT)
        body = f'{{"error": "weird", "error_description": "no {credential.refresh} of x-secret"}}'
        state.fail(Fault(status, {"content-type": "application/json"}, body), path="/2/oauth2/token")
        with pytest.raises(DeliveryError) as raised:
            await oauth.renew(credential)
    cause: BaseException | None = raised.value
    while cause:
        assert credential.refresh not in str(cause)
        assert "x-secret" not in str(cause)
        cause = cause.__cause__ or cause.__context__
    assert "weird" in str(raised.value) or "no […] of […]" in str(raised.value)


async def test_a_request_is_signed_as_the_network_verifies_it(http: Http, clock: SetClock) -> None:
    with running("x", clock) as (base, state):
        x = cast(X, state)
        keys = UserKeys(
            consumer=x.consumer[0],
            consumer_secret=SecretStr(x.consumer[1]),
            token=x.user[0],
            token_secret=SecretStr(x.user[1]),
        )
        url = f"{base}/2/users/{x.account}/tweets?max_results=10&tweet.fields=created_at%2Centities"
        good = await http.request("GET", url, headers={"Authorization": keys.authorization("GET", url, clock)})
        forged = replace(keys, token_secret=SecretStr("another"))
        bad = await http.request("GET", url, headers={"Authorization": forged.authorization("GET", url, clock)})
    assert (good.status, bad.status) == (200, 401)
    assert x.consumer[1] not in repr(keys)


def test_a_signature_is_the_same_for_the_same_nonce_and_moment(clock: SetClock) -> None:
    secret = SecretStr("consumer-secret")
    keys = UserKeys(consumer="c", consumer_secret=secret, token="t", token_secret=SecretStr("s"))
    url = "https://api.x.example/2/tweets"
    made = [keys.authorization("POST", url, clock, random=lambda count: b"\1" * count) for _ in range(2)]
    assert made[0] == made[1]
    assert 'oauth_signature_method="HMAC-SHA1"' in made[0]
