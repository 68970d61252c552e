"""The fake Facebook refuses what Facebook refuses."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.testing.asking import bearer, png

URL = "https://record.news/story"


@pytest.fixture
def server(fake):
    client, network = fake("facebook")
    client.headers.update(bearer(network.credentials["token"]))
    return client, network


def post(client, network, message="The ferry returns", **fields):
    return client.post(f"/v25.0/{network.page}/feed", json={"message": message, **fields})


def photo(client, network, data=None, **fields):
    return client.post(f"/v25.0/{network.page}/photos", data=fields, files={"source": ("a.png", data or png())})


def error(answer):
    told = answer.json()["error"]
    assert told["fbtrace_id"]
    return answer.status_code, told["code"], told.get("error_subcode")


def test_a_post_has_a_text_and_a_link(server):
    client, network = server
    identity = post(client, network, link=URL).json()["id"]
    assert identity.startswith(f"{network.page}_")
    assert (network.posts[0].text, network.posts[0].url) == ("The ferry returns", URL)
    assert error(post(client, network, "")) == (400, 100, None)


def test_the_token_may_stand_in_the_body_or_the_header(fake):
    client, network = fake("facebook")
    assert error(post(client, network)) == (400, 2500, None)
    form = {"message": "In a form", "access_token": network.credentials["token"]}
    assert client.post(f"/v25.0/{network.page}/feed", data=form).status_code == 200
    assert network.posts[0].text == "In a form"


@pytest.mark.parametrize(("text", "status"), [("a" * 63_206, 200), ("a" * 63_207, 400), ("🚢" * 31_604, 400)])
def test_a_text_has_63206_characters(server, text, status):
    client, network = server
    assert post(client, network, text).status_code == status


@pytest.mark.parametrize(
    "link",
    ["http://127.0.0.1:8000/a", "http://localhost/a", "ftp://record.news/a", "record.news/a", "http://10.1.1.1/"],
)
def test_a_link_is_one_that_facebooks_crawler_can_read(server, link):
    client, network = server
    assert post(client, network, link=link).status_code == 400
    assert network.posts == []


def test_links_of_this_machine_may_be_allowed(fake):
    client, network = fake("facebook", public_only=False)
    client.headers.update(bearer(network.credentials["token"]))
    assert post(client, network, link="http://127.0.0.1:8000/a").status_code == 200


def test_the_same_post_twice_in_a_row_is_506(server):
    client, network = server
    assert post(client, network).status_code == 200
    assert error(post(client, network)) == (400, 506, 1_455_006)
    assert post(client, network, "Another").status_code == 200
    assert post(client, network).status_code == 200


def test_photos_are_uploaded_first_and_then_attached(server):
    client, network = server
    kept = [photo(client, network, published="false", alt_text_custom=alt).json()["id"] for alt in ("A", "B")]
    assert network.posts == []
    attached = [{"media_fbid": each} for each in kept]
    assert post(client, network, attached_media=attached).status_code == 200
    assert [each.alt for each in network.posts[0].pictures] == ["A", "B"]
    assert post(client, network, "Again", attached_media=attached).status_code == 400
    third = photo(client, network, published="false").json()["id"]
    form = {"message": "In a form", "attached_media[0]": json.dumps({"media_fbid": third})}
    assert client.post(f"/v25.0/{network.page}/feed", data=form).status_code == 200
    assert len(network.posts[1].pictures) == 1


def test_a_photo_may_be_a_post_of_its_own(server):
    client, network = server
    told = photo(client, network, caption="The ferry", alt_text_custom="A ferry").json()
    assert network.posts[0].id == told["post_id"]
    assert (network.posts[0].text, network.posts[0].pictures[0].alt) == ("The ferry", "A ferry")
    assert error(photo(client, network, data=b"<svg/>")) == (400, 324, None)
    assert error(photo(client, network, data=png() + b"\0" * 10_000_000)) == (400, 324, None)
    path = f"/v25.0/{network.page}/photos"
    assert error(client.post(path, data={"url": "http://127.0.0.1/a.png"})) == (400, 324, None)
    assert client.post(path, data={"url": "https://record.news/a.png"}).status_code == 200


def test_a_post_is_read_back_changed_and_deleted(server):
    client, network = server
    identity = post(client, network).json()["id"]
    path = f"/v25.0/{identity}"
    assert client.get(path, params={"fields": "message,permalink_url"}).json()["message"] == "The ferry returns"
    assert client.post(path, data={"message": "The ferry is back"}).json() == {"success": True}
    assert (network.posts[0].text, network.posts[0].edited is not None) == ("The ferry is back", True)
    post(client, network, "Newer")
    listed = client.get(f"/v25.0/{network.page}/feed").json()["data"]
    assert [each["message"] for each in listed] == ["Newer", "The ferry is back"]
    assert client.delete(path).json() == {"success": True}
    assert error(client.delete(path)) == (400, 100, 33)
    assert error(client.get(path)) == (400, 100, 33)
    assert [each.text for each in network.visible] == ["Newer"]


def test_only_the_pages_own_token_posts(server):
    client, network = server
    client.headers.update(bearer(network.credentials["user_token"]))
    assert error(post(client, network)) == (403, 200, None)


def test_every_bad_token_is_190(server, clock):
    client, network = server
    client.headers.update(bearer("guess"))
    assert error(post(client, network)) == (400, 190, None)
    client.headers.update(bearer(network.credentials["user_token"]))
    clock.advance(days=60)
    assert error(client.get("/v25.0/me/accounts")) == (401, 190, 463)
    client.headers.update(bearer(network.credentials["token"]))
    assert post(client, network).status_code == 200
    network.revoke()
    assert error(post(client, network, "More")) == (400, 190, 458)


@pytest.mark.parametrize(
    ("code", "told"),
    [(4, (403, 4, None)), (32, (403, 32, None)), (368, (400, 368, 1_390_008)), (613, (403, 613, None))],
)
def test_facebook_slows_us_by_codes(server, clock, code, told):
    client, network = server
    network.throttle(code, 600)
    assert error(post(client, network)) == told
    clock.advance(seconds=600)
    assert post(client, network).status_code == 200


def test_the_pages_calls_are_counted_in_a_header(fake, clock):
    client, network = fake("facebook", calls_an_hour=4)
    client.headers.update(bearer(network.credentials["token"]))
    answers = [post(client, network, f"Story {number}") for number in range(5)]
    assert [each.status_code for each in answers] == [200] * 4 + [403]
    assert json.loads(answers[0].headers["x-app-usage"])["call_count"] == 25
    (told,) = json.loads(answers[-1].headers["x-business-use-case-usage"])[network.page]
    assert told["estimated_time_to_regain_access"] == 60
    clock.advance(hours=1)
    assert post(client, network, "Later").status_code == 200


def test_an_unknown_version_is_refused(server):
    client, network = server
    assert client.post(f"/v26.0/{network.page}/feed", json={"message": "a"}).status_code == 400
    assert client.post(f"/v24.0/{network.page}/feed", json={"message": "a"}).status_code == 200


def consent(client):
    asked = {"response_type": "code", "client_id": "facebook-app", "redirect_uri": "https://a.example/b", "state": "s"}
    scope = "pages_show_list,pages_manage_posts,pages_read_engagement"
    back = client.get("/v25.0/dialog/oauth", params={**asked, "scope": scope})
    return parse_qs(urlsplit(back.headers["location"]).query)["code"][0]


def exchange(client, **fields):
    given = {"client_id": "facebook-app", "client_secret": "facebook-secret", **fields}
    return client.get("/v25.0/oauth/access_token", params=given)


def page_token(client, token):
    (page,) = client.get("/v25.0/me/accounts", headers=bearer(token)).json()["data"]
    return page["access_token"]


def test_a_pages_token_has_no_end_only_when_the_users_was_long_lived(fake, clock):
    client, network = fake("facebook")
    code = consent(client)
    short = exchange(client, code=code, redirect_uri="https://a.example/b").json()
    assert short["expires_in"] == 3600
    assert exchange(client, code=code, redirect_uri="https://a.example/b").status_code == 400
    early = page_token(client, short["access_token"])
    long = exchange(client, grant_type="fb_exchange_token", fb_exchange_token=short["access_token"]).json()
    assert long["expires_in"] == 5_184_000
    kept = page_token(client, long["access_token"])
    debug = {"access_token": "facebook-app|facebook-secret"}
    assert client.get("/v25.0/debug_token", params={**debug, "input_token": kept}).json()["data"]["expires_at"] == 0
    clock.advance(hours=1)
    client.headers.update(bearer(early))
    assert error(post(client, network)) == (401, 190, 463)
    clock.advance(days=90)
    client.headers.update(bearer(kept))
    assert post(client, network).status_code == 200
