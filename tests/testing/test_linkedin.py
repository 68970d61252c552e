"""The fake LinkedIn refuses what LinkedIn refuses, and cuts what it cuts."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from bot.testing.networks.linkedin import little
from tests.testing.asking import bearer, png

URL = "https://record.example/story?utm_source=linkedin&utm_medium=social"


@pytest.fixture
def server(fake):
    client, network = fake("linkedin")
    dress(client, network)
    return client, network


def dress(client, network):
    client.headers.update(bearer(network.credentials["token"]))
    client.headers["LinkedIn-Version"] = network.credentials["version"]
    client.headers["X-Restli-Protocol-Version"] = "2.0.0"


def body(network, commentary="The ferry returns", **fields):
    given = {
        "author": network.organization,
        "commentary": commentary,
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    return {**given, **fields}


def post(client, network, commentary="The ferry returns", **fields):
    return client.post("/rest/posts", json=body(network, commentary, **fields))


def upload(client, network, data=None, owner=None):
    asked = {"initializeUploadRequest": {"owner": owner or network.organization}}
    value = client.post("/rest/images", params={"action": "initializeUpload"}, json=asked).json()["value"]
    return value["image"], client.put(value["uploadUrl"], content=data or png()).status_code


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("plain text, nothing else", "plain text, nothing else"),
        ("The ferry (at last) returns", "The ferry "),
        (r"The ferry \(at last\) returns", "The ferry (at last) returns"),
        ("50% off * today", "50% off "),
        ("snake_case", "snake"),
        (r"snake\_case \\ \| \{ \} \@ \[ \] \< \> \# \* \~", r"snake_case \ | { } @ [ ] < > # * ~"),
        (f"Read {URL}", f"Read {URL}"),
        (rf"\({URL}\)", f"({URL})"),
        (r"https://record.example/?utm\_source=a", r"https://record.example/?utm\_source=a"),
        ("https://record.example/a_(b)", "https://record.example/a_"),
        ("#harbour and #port_2", "#harbour and #port_2"),
        (r"{hashtag|\#|harbour} {hashtag|#|port}", "#harbour #port"),
        ("# 1", ""),
        ("Hello @[Acme \\(UK\\)](urn:li:organization:1234)!", "Hello Acme (UK)!"),
        ("mail a@b.example", "mail a"),
        ("a \\ b", "a "),
        ("日本語 🚢 → ok", "日本語 🚢 → ok"),
    ],
)
def test_text_ends_at_the_first_reserved_character_that_is_not_escaped(sent, seen):
    assert little(sent) == seen


def test_the_cut_is_silent(server):
    client, network = server
    answer = post(client, network, "The ferry (at last) returns")
    assert answer.status_code == 201
    assert answer.headers["x-restli-id"] == network.posts[0].id
    assert network.posts[0].text == "The ferry "


@pytest.mark.parametrize("version", ["202511", "202612", "2026", "202600"])
def test_a_version_that_does_not_live_is_426(server, version):
    client, network = server
    client.headers["LinkedIn-Version"] = version
    answer = post(client, network)
    assert (answer.status_code, answer.json()["code"]) == (426, "NONEXISTENT_VERSION")


def test_twelve_months_of_versions_live(server, clock):
    client, network = server
    assert network.versions == tuple(
        ["202611", "202610", "202609", "202608", "202607", "202606", "202605"]
        + ["202604", "202603", "202602", "202601", "202512"]
    )
    client.headers["LinkedIn-Version"] = "202512"
    assert post(client, network).status_code == 201
    clock.moment = datetime(2026, 12, 1, tzinfo=UTC)
    assert post(client, network, "Another").status_code == 426


@pytest.mark.parametrize("header", ["LinkedIn-Version", "X-Restli-Protocol-Version"])
def test_both_headers_are_needed(server, header):
    client, network = server
    del client.headers[header]
    assert post(client, network).status_code == 400
    assert network.posts == []


@pytest.mark.parametrize("field", ["author", "commentary", "visibility", "distribution", "lifecycleState"])
def test_required_fields_are_named(server, field):
    client, network = server
    given = body(network)
    del given[field]
    answer = client.post("/rest/posts", json=given)
    assert answer.status_code == 422
    assert f"ERROR :: /{field} :: field is required" in answer.json()["message"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"visibility": "ALL"}, 422),
        ({"distribution": {}}, 422),
        ({"text": "a"}, 422),
        ({"commentary": ""}, 422),
        ({"author": "urn:li:organization:1"}, 403),
        ({"commentary": "a" * 3001}, 422),
        ({"commentary": "🚢" * 1501}, 422),
        ({"commentary": "🚢" * 1500}, 201),
    ],
)
def test_what_the_schema_does_not_allow_is_refused(server, fields, status):
    client, network = server
    assert client.post("/rest/posts", json=body(network, **fields)).status_code == status


def test_the_same_content_is_refused_for_two_days_even_when_deleted(server, clock):
    client, network = server
    urn = post(client, network).headers["x-restli-id"]
    answer = post(client, network)
    assert answer.status_code == 422
    assert answer.json()["errorDetails"]["inputErrors"][0]["code"] == "DUPLICATE_POST"
    assert urn in answer.json()["message"]
    assert client.delete(f"/rest/posts/{quote(urn, safe='')}").status_code == 204
    assert post(client, network).status_code == 422
    assert post(client, network, author=network.member).status_code == 201
    clock.advance(hours=48)
    assert post(client, network).status_code == 201


def test_an_article_brings_its_own_card(server):
    client, network = server
    thumbnail, status = upload(client, network)
    assert status == 201
    article = {"source": URL, "title": "The ferry returns", "description": "After a year.", "thumbnail": thumbnail}
    assert post(client, network, "New", content={"article": article}).status_code == 201
    card = network.posts[0].card
    assert (card.url, card.title, card.description) == (URL, "The ferry returns", "After a year.")
    assert card.thumbnail.content_type == "image/png"
    assert post(client, network, "No title", content={"article": {"source": URL}}).status_code == 422
    assert post(client, network, "No link", content={"article": {**article, "source": "record"}}).status_code == 422


def test_pictures_are_uploaded_first_by_their_owner(server):
    client, network = server
    first, _ = upload(client, network)
    second, _ = upload(client, network)
    assert post(client, network, "One", content={"media": {"id": first, "altText": "A ferry"}}).status_code == 201
    images = [{"id": first, "altText": "A"}, {"id": second, "altText": "B"}]
    assert post(client, network, "Two", content={"multiImage": {"images": images}}).status_code == 201
    assert [each.alt for each in network.posts[1].pictures] == ["A", "B"]
    assert post(client, network, "Three", content={"multiImage": {"images": images[:1]}}).status_code == 422
    foreign, _ = upload(client, network, owner=network.member)
    assert post(client, network, "Four", content={"media": {"id": foreign}}).status_code == 400
    broken, status = upload(client, network, data=b"<svg/>")
    assert status == 400
    assert client.get(f"/rest/images/{quote(broken, safe='')}").json()["status"] == "WAITING_UPLOAD"
    assert (
        post(client, network, "Five", content={"media": {"id": broken}}).json()["code"] == "MEDIA_ASSET_WAITING_UPLOAD"
    )


def test_a_post_is_changed_read_back_and_deleted(server):
    client, network = server
    urn = post(client, network).headers["x-restli-id"]
    path = f"/rest/posts/{quote(urn, safe='')}"
    patch = {"patch": {"$set": {"commentary": r"The ferry \(new\)"}}}
    assert client.post(path, json=patch).status_code == 400
    assert client.post(path, json=patch, headers={"X-RestLi-Method": "PARTIAL_UPDATE"}).status_code == 204
    assert network.posts[0].text == "The ferry (new)"
    assert client.get(path).json()["commentary"] == r"The ferry \(new\)"
    assert client.get(f"/rest/posts/{urn}").status_code == 400
    found = client.get("/rest/posts", params={"q": "author", "author": network.organization}).json()["elements"]
    assert [each["id"] for each in found] == [urn]
    assert [client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert network.visible == []
    assert client.get(path).status_code == 404


def test_a_members_posts_cannot_be_read_back(server):
    client, network = server
    urn = post(client, network, author=network.member).headers["x-restli-id"]
    assert client.get(f"/rest/posts/{quote(urn, safe='')}").status_code == 403
    assert client.get("/rest/posts", params={"q": "author", "author": network.member}).status_code == 403


def test_a_hundred_and_fifty_posts_until_midnight(server, clock):
    client, network = server
    statuses = [post(client, network, f"Story {number}").status_code for number in range(151)]
    assert statuses == [201] * 150 + [429]
    clock.moment = datetime(2026, 11, 25, tzinfo=UTC)
    assert post(client, network, "Tomorrow").status_code == 201


def test_tokens_live_sixty_days(server, clock):
    client, network = server
    client.headers["LinkedIn-Version"] = "202611"
    clock.advance(days=60, seconds=-1)
    assert client.get("/v2/userinfo").json()["sub"] == network.member.rpartition(":")[2]
    clock.advance(seconds=1)
    assert client.get("/v2/userinfo").json()["code"] == "EXPIRED_ACCESS_TOKEN"
    network.revoke()
    answer = post(client, network)
    assert (answer.status_code, answer.json()["code"]) == (401, "REVOKED_ACCESS_TOKEN")


def consent(client, scope="openid profile w_member_social"):
    asked = {"response_type": "code", "client_id": "linkedin-client", "redirect_uri": "http://127.0.0.1:9/b"}
    back = client.get("/oauth/v2/authorization", params={**asked, "scope": scope, "state": "s"})
    return parse_qs(urlsplit(back.headers["location"]).query)["code"][0]


def redeem(client, **fields):
    form = {"client_id": "linkedin-client", "client_secret": "linkedin-secret", "redirect_uri": "http://127.0.0.1:9/b"}
    return client.post("/oauth/v2/accessToken", data={**form, **fields})


def test_a_code_becomes_a_token_with_its_scopes(server):
    client, network = server
    code = consent(client)
    assert redeem(client, grant_type="authorization_code", code=code, client_secret="x").status_code == 401
    token = redeem(client, grant_type="authorization_code", code=code).json()
    assert (token["expires_in"], "refresh_token" in token) == (5_184_000, False)
    client.headers.update(bearer(token["access_token"]))
    assert post(client, network, author=network.member).status_code == 201
    assert post(client, network).status_code == 403
    assert redeem(client, grant_type="authorization_code", code=code).status_code == 400


def test_partners_renew_their_tokens(fake, clock):
    client, network = fake("linkedin", refreshable=True, versions=["202611"])
    dress(client, network)
    clock.advance(days=61)
    assert post(client, network).status_code == 401
    token = redeem(client, grant_type="refresh_token", refresh_token=network.credentials["refresh_token"]).json()
    client.headers.update(bearer(token["access_token"]))
    assert post(client, network).status_code == 201
