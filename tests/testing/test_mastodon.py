"""The fake Mastodon refuses what Mastodon refuses."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.testing.networks import BREAK, HANG, Fault
from bot.testing.networks.mastodon import countable
from tests.testing.asking import bearer, png

URL = "https://record.example/2026/11/a-story-about-the-harbour"


@pytest.fixture
def server(fake):
    client, network = fake("mastodon")
    client.headers.update(bearer(network.credentials["token"]))
    return client, network


def post(client, status="The ferry returns", key="", **fields):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/v1/statuses", json={"status": status, **fields}, headers=headers)


def upload(client, description="A ferry", data=None, ready=True):
    given = {"description": description} if description else {}
    answer = client.post("/api/v2/media", data=given, files={"file": ("a.png", data or png(), "image/png")})
    if ready and answer.status_code == 202:
        assert client.get(f"/api/v1/media/{answer.json()['id']}").status_code == 206
        assert client.get(f"/api/v1/media/{answer.json()['id']}").status_code == 200
    return answer


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("abc", 3),
        ("e\u0301a", 2),
        ("👨‍👩‍👧‍👦", 1),
        (URL, 23),
        ("http://a.b", 23),
        (f"({URL}).", 26),
        ("see example.com", 15),
        ("@ines@far.example.org hi", 8),
        ("@ines hi", 8),
        ("a@b.example", 11),
        ("ftp://a.example/x", 17),
    ],
)
def test_characters_are_counted_as_mastodon_counts_them(text, length):
    assert countable(text, 23) == length


def test_the_limit_is_of_the_text_and_the_warning_together(server):
    client, network = server
    assert post(client, "a" * 470 + " " + URL + " " + "b" * 5).status_code == 200
    assert post(client, "a" * 490, spoiler_text="w" * 10).status_code == 200
    answer = post(client, "a" * 490, spoiler_text="w" * 11)
    assert (answer.status_code, answer.json()) == (
        422,
        {"error": "Validation failed: Text character limit of 500 exceeded"},
    )
    assert len(network.posts) == 2
    assert network.posts[1].warning == "w" * 10


def test_a_status_of_nothing_is_refused(server):
    client, network = server
    assert post(client, " ").status_code == 422
    assert network.posts == []


def test_the_limits_are_those_the_instance_names(fake):
    client, network = fake("mastodon", max_characters=12, characters_reserved_per_url=10)
    client.headers.update(bearer(network.credentials["token"]))
    named = client.get("/api/v2/instance").json()["configuration"]["statuses"]
    assert (named["max_characters"], named["characters_reserved_per_url"]) == (12, 10)
    assert post(client, f"a {URL}").status_code == 200
    assert post(client, f"ab {URL}").status_code == 422


def test_a_key_makes_one_status_for_an_hour(server, clock):
    client, network = server
    first = post(client, key="edition-1").json()
    clock.advance(minutes=59)
    again = post(client, "Something else", key="edition-1").json()
    assert again["id"] == first["id"]
    assert len(network.posts) == 1
    clock.advance(minutes=2)
    assert post(client, key="edition-1").json()["id"] != first["id"]
    assert len(network.posts) == 2


@pytest.mark.parametrize("fault", [BREAK, HANG, Fault(504, when="after")])
def test_a_lost_answer_and_the_same_key_make_one_status(server, fault):
    client, network = server
    network.fail(fault, path="/api/v1/statuses", method="POST")
    with suppress(httpx.TransportError):
        client.post("/api/v1/statuses", json={"status": "a"}, headers={"Idempotency-Key": "k"}, timeout=0.2)
    again = post(client, "a", key="k").json()
    assert [each.id for each in network.posts] == [again["id"]]


def test_markup_is_escaped_and_hashtags_are_linked(server):
    client, _ = server
    content = post(client, "A <b> & #harbour\n\nTwo\nlines").json()["content"]
    tag = '<a href="/tags/harbour" class="mention hashtag" rel="tag">#<span>harbour</span></a>'
    assert content == f"<p>A &lt;b&gt; &amp; {tag}</p><p>Two<br />lines</p>"


def test_a_key_in_the_body_is_no_key(server):
    client, network = server
    for _ in range(2):
        assert post(client, **{"Idempotency-Key": "edition-1"}).status_code == 200
    assert len(network.posts) == 2


def test_language_sensitivity_and_thread_are_kept(server):
    client, network = server
    first = post(client, language="pt", sensitive="true").json()
    reply = client.post("/api/v1/statuses", data={"status": "More", "in_reply_to_id": first["id"]}).json()
    assert reply["in_reply_to_id"] == first["id"]
    assert (network.posts[0].language, network.posts[0].fields["sensitive"]) == ("pt", True)
    assert network.posts[1].reply_to == first["id"]
    assert post(client, in_reply_to_id="1").status_code == 404


def test_a_picture_is_processed_before_it_can_be_attached(server):
    client, network = server
    answer = upload(client, ready=False)
    assert (answer.status_code, answer.json()["url"]) == (202, None)
    identity = answer.json()["id"]
    assert post(client, media_ids=[identity]).status_code == 422
    assert client.get(f"/api/v1/media/{identity}").status_code == 206
    assert client.get(f"/api/v1/media/{identity}").json()["url"]
    assert post(client, media_ids=[identity]).status_code == 200
    assert [(each.alt, each.content_type) for each in network.posts[0].pictures] == [("A ferry", "image/png")]
    assert post(client, "Again", media_ids=[identity]).status_code == 422


def test_pictures_have_their_limits(fake):
    client, network = fake("mastodon", image_size_limit=3000, image_matrix_limit=10_000, description_limit=20)
    client.headers.update(bearer(network.credentials["token"]))
    assert upload(client).status_code == 202
    assert upload(client, description="a" * 20).status_code == 202
    assert upload(client, description="a" * 21).status_code == 422
    assert upload(client, data=png() + b"\0" * 3000).status_code == 422
    assert upload(client, data=png(101, 100)).status_code == 422
    assert upload(client, data=b"<svg/>").status_code == 422
    assert upload(client, data=png(kind="BMP")).status_code == 422
    assert client.post("/api/v2/media", data={"description": "none"}).status_code == 422
    kept = [upload(client).json()["id"] for _ in range(5)]
    assert post(client, media_ids=kept).status_code == 422
    assert post(client, media_ids=kept[:4]).status_code == 200


def test_three_hundred_requests_in_five_minutes(server, clock):
    client, network = server
    answers = [client.get("/api/v1/accounts/verify_credentials") for _ in range(300)]
    assert answers[0].headers["x-ratelimit-limit"] == "300"
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    refused = post(client)
    assert (refused.status_code, refused.json()) == (429, {"error": "Too many requests"})
    assert datetime.fromisoformat(refused.headers["x-ratelimit-reset"]) == clock() + timedelta(minutes=5)
    clock.advance(minutes=5)
    assert post(client).status_code == 200


def test_thirty_uploads_in_half_an_hour(server, clock):
    client, _ = server
    assert [upload(client, ready=False).status_code for _ in range(31)] == [202] * 30 + [429]
    clock.advance(minutes=30)
    assert upload(client).status_code == 202


def test_a_bad_and_a_revoked_token_are_401(server):
    client, network = server
    assert client.post("/api/v1/statuses", json={"status": "a"}, headers=bearer("guess")).status_code == 401
    network.revoke()
    answer = post(client)
    assert (answer.status_code, answer.json()) == (401, {"error": "The access token was revoked"})
    assert network.posts == []


def test_an_edit_replaces_text_and_takes_unnamed_pictures_away(server):
    client, network = server
    medium = upload(client).json()["id"]
    made = post(client, "Befor", media_ids=[medium]).json()
    path = f"/api/v1/statuses/{made['id']}"
    attributes = [{"id": medium, "description": "The ferry"}]
    edited = client.put(path, json={"status": "Before", "media_ids": [medium], "media_attributes": attributes})
    assert edited.json()["edited_at"]
    assert (network.posts[0].text, network.posts[0].pictures[0].alt) == ("Before", "The ferry")
    assert client.put(path, json={"status": "After"}).json()["media_attachments"] == []
    assert client.put(path, json={"status": "a" * 501}).status_code == 422
    assert network.posts[0].text == "After"
    assert network.posts[0].edited


def test_a_deleted_status_is_gone_and_its_text_comes_back(server):
    client, network = server
    made = post(client).json()
    assert client.delete(f"/api/v1/statuses/{made['id']}").json()["text"] == "The ferry returns"
    assert client.get(f"/api/v1/statuses/{made['id']}").status_code == 404
    assert network.visible == []


def test_what_was_posted_can_be_read_back_newest_first(server):
    client, network = server
    for text in ("One", "Two", "Three"):
        post(client, f"{text} {URL}")
    listed = client.get(f"/api/v1/accounts/{network.account}/statuses", params={"limit": 2}).json()
    assert [each["content"].split()[0] for each in listed] == ["<p>Three", "<p>Two"]
    assert f'href="{URL}"' in listed[0]["content"]
    shown = re.sub(r"<[^>]+>", "", listed[0]["content"])
    assert shown == f"Three {URL}"
    source = client.get(f"/api/v1/statuses/{listed[0]['id']}/source").json()
    assert (source["text"], source["spoiler_text"]) == (f"Three {URL}", "")
    assert client.get("/api/v1/accounts/1/statuses").status_code == 404


def test_snac_knows_no_second_version_of_the_instance(fake):
    client, _ = fake("mastodon", like="snac", max_characters=100_000)
    assert client.get("/api/v2/instance").status_code == 404
    assert client.get("/api/v1/instance").json()["configuration"]["statuses"]["max_characters"] == 100_000


def test_takahe_says_400(fake):
    client, network = fake("mastodon", like="takahe")
    assert client.get("/api/v2/instance").status_code == 500
    assert post(client).status_code == 400
    client.headers.update(bearer(network.credentials["token"]))
    assert post(client, "a" * 501).json() == {"error": "Status is too long"}
    assert post(client).status_code == 200


def test_a_code_becomes_a_token_once(server):
    client, network = server
    wanted = {"client_name": "Broadsheet", "redirect_uris": "http://127.0.0.1:9/back", "scopes": "write:statuses"}
    app = client.post("/api/v1/apps", json=wanted).json()
    asked = {"client_id": app["client_id"], "redirect_uri": app["redirect_uri"], "response_type": "code"}
    back = client.get("/oauth/authorize", params={**asked, "scope": "write:statuses", "state": "s1"})
    query = parse_qs(urlsplit(back.headers["location"]).query)
    assert query["state"] == ["s1"]
    form = {
        "grant_type": "authorization_code",
        "code": query["code"][0],
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": app["redirect_uri"],
    }
    token = client.post("/oauth/token", data=form).json()
    assert token["scope"] == "write:statuses"
    assert client.post("/oauth/token", data=form).json()["error"] == "invalid_grant"
    client.headers.update(bearer(token["access_token"]))
    assert post(client).status_code == 200
    assert client.get("/api/v1/accounts/verify_credentials").status_code == 403
