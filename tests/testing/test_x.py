"""The fake X refuses what X refuses."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from oauthlib.oauth1 import SIGNATURE_TYPE_AUTH_HEADER, Client

from tests.testing.asking import bearer, png

URL = "https://www.example.com/2026/11/a-story-about-the-harbour"


@pytest.fixture
def server(fake):
    client, network = fake("x")
    client.headers.update(bearer(network.credentials["token"]))
    return client, network


def post(client, text="The ferry returns", **fields):
    return client.post("/2/tweets", json={"text": text, **fields})


def upload(client, data=None, **fields):
    form = {"media_category": "tweet_image", **fields}
    return client.post("/2/media/upload", data=form, files={"media": ("a.png", data or png(), "image/png")})


def describe(client, identity, alt):
    return client.post("/2/media/metadata", json={"id": identity, "metadata": {"alt_text": {"text": alt}}})


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("a" * 280, 201),
        ("a" * 281, 403),
        ("漢" * 140, 201),
        ("漢" * 140 + "a", 403),
        ("👨‍👩‍👧‍👦" * 140, 201),
        ("👨‍👩‍👧‍👦" * 141, 403),
        ("a" * 256 + " " + URL, 201),
        ("a" * 257 + " " + URL, 403),
        ("e\u0301" * 280, 201),
        ("", 400),
        ("a\ufffeb", 400),
    ],
)
def test_a_text_has_280_of_weight(server, text, status):
    client, network = server
    assert post(client, text).status_code == status
    assert len(network.posts) == (status == 201)


def test_the_same_text_is_refused_for_a_day(server, clock):
    client, network = server
    assert post(client).status_code == 201
    answer = post(client, "The ferry returns ")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "You are not allowed to create a Tweet with duplicate content."
    clock.advance(hours=1)
    client.delete(f"/2/tweets/{network.posts[0].id}")
    assert post(client).status_code == 201


def test_a_key_that_is_not_in_the_schema_is_refused(server):
    client, network = server
    assert post(client, idempotency_key="a").status_code == 400
    assert client.post("/2/tweets", data={"text": "a"}).status_code == 400
    assert network.posts == []


def test_a_thread_answers_what_is_there(server):
    client, network = server
    first = post(client).json()["data"]["id"]
    assert post(client, "More", reply={"in_reply_to_tweet_id": first}).status_code == 201
    assert network.posts[1].reply_to == first
    assert post(client, "Lost", reply={"in_reply_to_tweet_id": "1"}).status_code == 403
    assert post(client, "Wrong", reply={"in_reply_to_tweet_id": int(first)}).status_code == 400


def test_texts_come_back_with_short_links_and_escaped(server):
    client, network = server
    identity = post(client, f"Fish & chips < 5 {URL}").json()["data"]["id"]
    plain = client.get(f"/2/users/{network.account}/tweets").json()["data"][0]
    assert plain["text"].startswith("Fish &amp; chips &lt; 5 https://t.co/")
    assert "entities" not in plain
    full = client.get(f"/2/tweets/{identity}", params={"tweet.fields": "entities,created_at"}).json()["data"]
    assert full["entities"]["urls"][0]["expanded_url"] == URL
    assert network.posts[0].text == f"Fish & chips < 5 {URL}"


def test_a_post_that_is_not_there_is_200_with_errors(server):
    client, _ = server
    answer = client.get("/2/tweets/12345")
    assert (answer.status_code, list(answer.json())) == (200, ["errors"])


def test_the_timeline_is_newest_first_and_has_its_bounds(server):
    client, network = server
    path = f"/2/users/{network.account}/tweets"
    assert client.get(path).json() == {"meta": {"result_count": 0}}
    for number in range(7):
        post(client, f"Story {number}")
    told = client.get(path, params={"max_results": 5}).json()
    assert [each["text"] for each in told["data"]] == [f"Story {number}" for number in (6, 5, 4, 3, 2)]
    assert client.get(path, params={"max_results": 4}).status_code == 400


def test_pictures_carry_their_alt_text(server, clock):
    client, network = server
    identity = upload(client).json()["data"]["id"]
    assert describe(client, identity, "a" * 1001).status_code == 400
    assert describe(client, identity, "A ferry").status_code == 200
    assert post(client, media={"media_ids": [identity]}).status_code == 201
    assert [each.alt for each in network.posts[0].pictures] == ["A ferry"]
    assert post(client, "Again", media={"media_ids": [identity]}).status_code == 400
    kept = [upload(client).json()["data"]["id"] for _ in range(5)]
    assert post(client, "Five", media={"media_ids": kept}).status_code == 400
    clock.advance(days=1)
    client.headers.update(
        bearer(network.grants.issue(network.account, scopes=("tweet.write", "tweet.read", "users.read")).access)
    )
    assert post(client, "Late", media={"media_ids": kept[:4]}).status_code == 400


def test_what_is_no_picture_of_five_megabytes_is_refused(server):
    client, _ = server
    assert upload(client, data=b"<svg/>").status_code == 400
    assert upload(client, data=png() + b"\0" * 5_242_880).status_code == 400
    assert upload(client, media_category="").status_code == 400
    encoded = base64.b64encode(png()).decode()
    answer = client.post("/2/media/upload", json={"media": encoded, "media_category": "tweet_image"})
    assert answer.json()["data"]["expires_after_secs"] == 86_400


def test_a_hundred_posts_in_a_quarter_of_an_hour(server, clock):
    client, network = server
    answers = [post(client, f"Story {number}") for number in range(101)]
    assert [each.status_code for each in answers] == [201] * 100 + [429]
    assert answers[0].headers["x-rate-limit-remaining"] == "99"
    assert answers[0].headers["x-app-limit-24hour-remaining"] == "9999"
    reset = (clock() + timedelta(minutes=15)).timestamp()
    assert answers[-1].headers["x-rate-limit-reset"] == str(int(reset))
    clock.advance(minutes=15)
    assert post(client).status_code == 201
    assert len(network.posts) == 101


def test_the_application_has_its_own_limit_of_a_day(fake, clock):
    client, network = fake("x", posts_a_day=3)
    client.headers.update(bearer(network.credentials["token"]))
    answers = [post(client, f"Story {number}") for number in range(4)]
    assert [each.status_code for each in answers] == [201, 201, 201, 429]
    assert answers[-1].headers["x-rate-limit-remaining"] == "96"
    assert answers[-1].headers["x-app-limit-24hour-remaining"] == "0"
    assert len(network.posts) == 3


def refresh(client, token):
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "x-client"}
    return client.post("/2/oauth2/token", data=form)


def test_a_token_lives_two_hours_and_is_renewed(server, clock):
    client, network = server
    clock.advance(seconds=7199)
    assert post(client).status_code == 201
    clock.advance(seconds=1)
    answer = post(client, "Late")
    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
    renewed = refresh(client, network.credentials["refresh_token"]).json()
    assert renewed["expires_in"] == 7200
    client.headers.update(bearer(renewed["access_token"]))
    assert post(client, "Late").status_code == 201


def test_an_old_refresh_token_used_again_ends_them_all(server):
    client, network = server
    old = network.credentials["refresh_token"]
    renewed = refresh(client, old).json()
    assert renewed["refresh_token"] != old
    assert refresh(client, old).status_code == 400
    client.headers.update(bearer(renewed["access_token"]))
    assert post(client).status_code == 401
    assert refresh(client, renewed["refresh_token"]).status_code == 400


def consent(client, verifier="a" * 43, scope="tweet.read tweet.write users.read offline.access", **changed):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": "x-client",
        "redirect_uri": "http://127.0.0.1:9/back",
        "scope": scope,
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    answer = client.get("/i/oauth2/authorize", params={**asked, **changed})
    return {name: value[0] for name, value in parse_qs(urlsplit(answer.headers.get("location", "")).query).items()}


def redeem(client, code, verifier="a" * 43, **changed):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:9/back",
        "client_id": "x-client",
        "code_verifier": verifier,
    }
    return client.post("/2/oauth2/token", data={**form, **changed})


def test_a_code_needs_its_verifier(server):
    client, _ = server
    back = consent(client)
    assert back["state"] == "s1"
    assert redeem(client, back["code"], verifier="b" * 43).status_code == 400
    token = redeem(client, consent(client)["code"]).json()
    client.headers.update(bearer(token["access_token"]))
    assert post(client).status_code == 201
    assert consent(client, code_challenge="")["error"] == "invalid_request"
    assert consent(client, scope="everything")["error"] == "invalid_scope"
    assert consent(client, client_id="other") == {}


def test_without_offline_access_there_is_nothing_to_renew(server):
    client, _ = server
    token = redeem(client, consent(client, scope="tweet.read users.read")["code"]).json()
    assert "refresh_token" not in token
    client.headers.update(bearer(token["access_token"]))
    assert client.get("/2/users/me").status_code == 200
    assert post(client).status_code == 403


def test_a_confidential_application_brings_its_secret(fake):
    client, network = fake("x", confidential=True)
    token = network.credentials["refresh_token"]
    assert refresh(client, token).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert client.post("/2/oauth2/token", data=form, auth=network.client).status_code == 200


def signed(client, network, clock, method, path, *, at=None, data=None, **request):
    """Signs as oauthlib's client does, and asks; what is named like ``oauthlib``'s arguments replaces them."""
    held = network.credentials
    names = ("client_secret", "resource_owner_key", "resource_owner_secret", "nonce", "callback_uri", "verifier")
    given = {
        "client_secret": held["consumer_secret"],
        "resource_owner_key": held["user_token"],
        "resource_owner_secret": held["user_secret"],
        **{name: request.pop(name) for name in names if name in request},
    }
    stamp = str(int((at or clock()).timestamp()))
    oauth = Client(held["consumer_key"], signature_type=SIGNATURE_TYPE_AUTH_HEADER, timestamp=stamp, **given)
    url, headers, _ = oauth.sign(str(client.base_url).rstrip("/") + path, method)
    return client.request(method, url, headers=headers, data=data, **request)


def test_a_signature_of_oauth_1_is_checked(fake, clock):
    client, network = fake("x")
    text = {"text": "The ferry returns"}
    assert signed(client, network, clock, "POST", "/2/tweets", nonce="n1", json=text).status_code == 201
    replayed = signed(client, network, clock, "POST", "/2/tweets", nonce="n1", json={"text": "Replayed"})
    assert replayed.status_code == 401
    for wrong in (
        {"resource_owner_secret": "x"},
        {"client_secret": "x"},
        {"resource_owner_key": "x"},
        {"at": clock() - timedelta(seconds=301)},
    ):
        assert signed(client, network, clock, "POST", "/2/tweets", json={"text": "Wrong"}, **wrong).status_code == 401
    path = f"/2/users/{network.account}/tweets?max_results=5&tweet.fields=created_at%2Centities"
    assert signed(client, network, clock, "GET", path).status_code == 200
    files = {"media": ("a.png", png(), "image/png")}
    form = {"media_category": "tweet_image"}
    assert signed(client, network, clock, "POST", "/2/media/upload", data=form, files=files).status_code == 200
    network.revoke()
    assert signed(client, network, clock, "GET", "/2/users/me").status_code == 401
    assert len(network.posts) == 1


def pairs(text):
    return {name: values[0] for name, values in parse_qs(text).items()}


@pytest.mark.parametrize("callback", ["http://127.0.0.1:9/back", "oob"])
def test_three_steps_lead_to_a_token_of_oauth_1(fake, clock, callback):
    client, network = fake("x")
    nobody = {"resource_owner_key": None, "resource_owner_secret": None}
    asked = signed(client, network, clock, "POST", "/oauth/request_token", callback_uri=callback, **nobody)
    told = pairs(asked.text)
    assert told["oauth_callback_confirmed"] == "true"
    half = {"resource_owner_key": told["oauth_token"], "resource_owner_secret": told["oauth_token_secret"]}
    early = signed(client, network, clock, "POST", "/oauth/access_token", verifier="7000001", **half)
    assert early.status_code == 401
    page = client.get("/oauth/authorize", params={"oauth_token": told["oauth_token"]})
    if callback == "oob":
        verifier = page.text.partition("<code>")[2].partition("</code>")[0]
    else:
        verifier = pairs(urlsplit(page.headers["location"]).query)["oauth_verifier"]
    assert signed(client, network, clock, "GET", "/2/users/me", **half).status_code == 401
    got = pairs(signed(client, network, clock, "POST", "/oauth/access_token", verifier=verifier, **half).text)
    assert got["screen_name"] == "record"
    whole = {"resource_owner_key": got["oauth_token"], "resource_owner_secret": got["oauth_token_secret"]}
    assert signed(client, network, clock, "GET", "/2/users/me", **whole).status_code == 200
    again = signed(client, network, clock, "POST", "/oauth/access_token", verifier=verifier, **half)
    assert again.status_code == 401
