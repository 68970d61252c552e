"""The fake Threads refuses what Threads refuses."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.testing.networks.threads import counted, links
from tests.testing.asking import bearer

IMAGE = "https://record.news/ferry.jpg"


@pytest.fixture
def server(fake):
    client, network = fake("threads")
    client.headers.update(bearer(network.credentials["token"]))
    return client, network


def create(client, text="The ferry returns", **fields):
    return client.post("/v1.0/me/threads", data={"media_type": "TEXT", "text": text, **fields})


def publish(client, container):
    return client.post("/v1.0/me/threads_publish", data={"creation_id": container})


def status(client, container):
    return client.get(f"/v1.0/{container}", params={"fields": "status,error_message"}).json()["status"]


def out(client, text="The ferry returns", **fields):
    """Posts as one should: the container, its status until it is finished, the publishing."""
    container = create(client, text, **fields).json()["id"]
    while status(client, container) != "FINISHED":
        pass
    return publish(client, container)


def error(answer):
    told = answer.json()["error"]
    return answer.status_code, told["code"], told.get("error_subcode")


@pytest.mark.parametrize(
    ("text", "length"),
    [("abc", 3), ("é", 1), ("漢字", 2), ("🚢", 4), ("👨‍👩‍👧‍👦", 25), ("🇵🇹", 8), ("a❤️b", 8), ("1234", 4)],
)
def test_emoji_count_as_their_bytes(text, length):
    assert counted(text) == length


def test_a_text_has_five_hundred_characters(server):
    client, network = server
    assert create(client, "a" * 500).status_code == 200
    assert create(client, "🚢" * 125).status_code == 200
    assert error(create(client, "🚢" * 125 + "a")) == (400, 100, None)
    assert error(create(client, "")) == (400, 100, None)
    assert network.posts == []


def test_a_container_is_published_when_it_is_finished_and_once(server):
    client, network = server
    container = create(client).json()["id"]
    assert status(client, container) == "IN_PROGRESS"
    assert status(client, container) == "FINISHED"
    assert network.posts == []
    media = publish(client, container).json()["id"]
    assert [each.id for each in network.posts] == [media]
    assert status(client, container) == "PUBLISHED"
    assert error(publish(client, container)) == (400, 24, 4_279_009)
    assert len(network.posts) == 1


def test_a_container_that_is_not_ready_cannot_be_found(server):
    client, network = server
    container = create(client).json()["id"]
    assert error(publish(client, container)) == (400, 24, 4_279_009)
    assert network.posts == []
    assert publish(client, container).status_code == 200


def test_a_container_expires_in_a_day(server, clock):
    client, network = server
    container = create(client).json()["id"]
    status(client, container)
    clock.advance(hours=24)
    assert status(client, container) == "EXPIRED"
    assert publish(client, container).status_code == 400
    assert network.posts == []


def test_a_post_has_five_different_links(server):
    client, _ = server
    five = " ".join(f"https://record.news/{number}" for number in range(5))
    assert create(client, five).status_code == 200
    assert create(client, f"{five} https://record.news/4", link_attachment="https://record.news/0").status_code == 200
    refused = create(client, five, link_attachment="https://record.news/5")
    assert refused.json()["error"]["message"].startswith("THREADS_API__LINK_LIMIT_EXCEEDED")
    assert links("www.record.news, (https://a.example/b)") == 2


def test_a_link_is_for_texts_and_public(server):
    client, network = server
    assert out(client, link_attachment="https://record.news/a").status_code == 200
    assert network.posts[0].card.url == "https://record.news/a"
    assert create(client, link_attachment="http://127.0.0.1/a").status_code == 400
    assert create(client, media_type="IMAGE", image_url=IMAGE, link_attachment=IMAGE).status_code == 400


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1/a.jpg", "http://10.0.0.1/a.jpg", "http://printer.local/a.jpg", "a.jpg"]
)
def test_a_picture_lies_on_a_public_server(server, url):
    client, _ = server
    assert create(client, media_type="IMAGE", image_url=url).status_code == 400


def test_pictures_carry_their_alt_text_alone_and_in_a_carousel(server):
    client, network = server
    assert out(client, media_type="IMAGE", image_url=IMAGE, alt_text="A ferry").status_code == 200
    assert [(each.url, each.alt) for each in network.posts[0].pictures] == [(IMAGE, "A ferry")]
    assert create(client, media_type="IMAGE", image_url=IMAGE, alt_text="a" * 1001).status_code == 400
    parts = []
    for alt in ("A", "B"):
        told = create(client, "", media_type="IMAGE", image_url=IMAGE, alt_text=alt, is_carousel_item="true")
        parts.append(told.json()["id"])
    children = ",".join(parts)
    assert error(create(client, "Two", media_type="CAROUSEL", children=children)) == (400, 24, 4_279_009)
    for each in parts:
        status(client, each)
    assert create(client, "One", media_type="CAROUSEL", children=parts[0]).status_code == 400
    assert out(client, "Two", media_type="CAROUSEL", children=children).status_code == 200
    assert [each.alt for each in network.posts[1].pictures] == ["A", "B"]


def test_a_thread_answers_what_is_there(server):
    client, network = server
    first = out(client).json()["id"]
    assert out(client, "More", reply_to_id=first).status_code == 200
    assert network.posts[1].reply_to == first
    assert create(client, "Lost", reply_to_id="1").status_code == 400


def test_250_posts_in_any_24_hours(fake, clock):
    client, network = fake("threads", processing=0)
    client.headers.update(bearer(network.credentials["token"]))

    def quota():
        wanted = {"fields": "quota_usage,config"}
        return client.get("/v1.0/me/threads_publishing_limit", params=wanted).json()["data"][0]

    for number in range(250):
        if number == 1:
            clock.advance(hours=1)
        assert publish(client, create(client, f"Story {number}").json()["id"]).status_code == 200
    assert quota() == {"quota_usage": 250, "config": {"quota_total": 250, "quota_duration": 86_400}}
    waiting = create(client, "One more").json()["id"]
    assert error(publish(client, waiting))[:2] == (400, 9)
    clock.advance(hours=23)
    assert publish(client, waiting).status_code == 200
    assert quota()["quota_usage"] == 250
    assert len(network.posts) == 251


def test_posts_are_listed_and_deleted(server):
    client, network = server
    identity = out(client).json()["id"]
    (listed,) = client.get("/v1.0/me/threads", params={"fields": "id,text,timestamp"}).json()["data"]
    assert (listed["id"], listed["text"]) == (identity, "The ferry returns")
    assert client.delete(f"/v1.0/{identity}").json() == {"success": True, "deleted_id": identity}
    assert client.delete(f"/v1.0/{identity}").status_code == 400
    assert network.visible == []


def test_other_users_cannot_be_posted_for(server):
    client, network = server
    form = {"media_type": "TEXT", "text": "a"}
    assert client.post(f"/v1.0/{network.user}/threads", data=form).status_code == 200
    assert client.post("/v1.0/1784/threads", data=form).status_code == 400


def refresh(client, token):
    return client.get("/refresh_access_token", params={"grant_type": "th_refresh_token", "access_token": token})


def test_a_token_lives_sixty_days_and_is_renewed_after_a_day(fake, clock):
    client, network = fake("threads")
    token = network.credentials["token"]
    assert refresh(client, token).status_code == 400
    clock.advance(days=59)
    renewed = refresh(client, token).json()
    assert renewed["expires_in"] == 5_184_000
    clock.advance(days=1)
    assert error(create(client, access_token=token)) == (401, 190, 463)
    assert refresh(client, token).status_code == 401
    assert create(client, access_token=renewed["access_token"]).status_code == 200
    network.revoke()
    assert error(create(client, access_token=renewed["access_token"])) == (400, 190, 458)


def test_a_code_becomes_a_short_and_then_a_long_token(fake, clock):
    client, network = fake("threads")
    asked = {"client_id": "threads-app", "redirect_uri": "https://a.example/b", "response_type": "code"}
    back = client.get("/oauth/authorize", params={**asked, "scope": "threads_basic,threads_content_publish"})
    code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
    form = {
        "client_id": "threads-app",
        "client_secret": "threads-secret",
        "grant_type": "authorization_code",
        "redirect_uri": "https://a.example/b",
        "code": code,
    }
    short = client.post("/oauth/access_token", data=form).json()["access_token"]
    assert client.post("/oauth/access_token", data=form).status_code == 400
    way = {"grant_type": "th_exchange_token", "client_secret": "threads-secret", "access_token": short}
    long = client.get("/access_token", params=way).json()
    clock.advance(hours=1)
    assert client.get("/access_token", params=way).status_code == 401
    client.headers.update(bearer(long["access_token"]))
    assert out(client).status_code == 200
    assert error(client.delete(f"/v1.0/{network.posts[0].id}"))[1] == 200
