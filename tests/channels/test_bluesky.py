from __future__ import annotations

import io
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.channels.base import kinds
from bot.channels.bluesky import BlueskyChannel, BlueskyOptions, facets_of, record_key, record_of
from bot.channels.bluesky.record import check_facets
from bot.clock import SetClock
from bot.editions.image import fitted
from bot.editions.posts import compose_post
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.http import Http
from bot.model import (
    Card,
    EditionStory,
    Limits,
    Newsroom,
    Parcel,
    Post,
    PostPicture,
    PostRules,
    Rendition,
    Summary,
)
from bot.settings import shipped
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, NOW, article
from tests.channels.trial import PICTURE
from tests.pictures import photograph

DID = "did:plc:abcdefghijklmnop"
PASSWORD = "abcd-efgh-ijkl-mnop"
Answers = Callable[[], tuple[int, dict[str, str], bytes]]


def says(status: int, told: Any = None, **headers: str) -> Answers:
    return lambda: (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps(told).encode(),
    )


class Service:
    """A server on loopback that answers each XRPC method as the test says; the last answer of a list stays."""

    def __init__(self) -> None:
        self.called: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, list[Answers]] = {
            "com.atproto.server.createSession": [
                says(200, {"did": DID, "accessJwt": "access-1", "refreshJwt": "refresh-1"}),
                says(200, {"did": DID, "accessJwt": "access-9", "refreshJwt": "refresh-9"}),
            ],
            "com.atproto.server.refreshSession": [
                says(200, {"did": DID, "accessJwt": "access-2", "refreshJwt": "refresh-2"})
            ],
            "com.atproto.repo.getRecord": [says(400, {"error": "RecordNotFound"})],
            "com.atproto.repo.uploadBlob": [says(200, {"blob": {"$type": "blob", "ref": {"$link": "bafk"}}})],
            "com.atproto.repo.putRecord": [says(200, {"uri": "at://x", "cid": "bafyrei"})],
        }
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2].partition("?")[0]
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.called.append((name, self.headers.get("authorization", ""), body))
                answers = outer.answers[name]
                status, headers, told = (answers.pop(0) if len(answers) > 1 else answers[0])()
                if status == 0:
                    self.connection.close()
                    return
                self.send_response(status)
                for header, value in headers.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # hanging up is what one test is about

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def names(self) -> list[str]:
        return [name.rpartition(".")[2] for name, _, _ in self.called]

    def record(self) -> dict[str, Any]:
        (put,) = [body for name, _, body in self.called if name.endswith("putRecord")]
        told: dict[str, Any] = json.loads(put)
        return told

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    opened = Service()
    yield opened
    opened.close()


@dataclass
class Surroundings:
    http: Http
    clock: Any
    store: Any = None
    newsroom: Newsroom = field(default_factory=lambda: Newsroom(name="The Record", url="https://record.example"))
    keys: Any = KEYS


POST = Post(
    text="Fähre 🏳️‍🌈 zurück\n\nhttps://record.example/ferry #Fähre",
    url="https://record.example/ferry",
    card=Card(url="https://record.example/ferry", title="Fähre zurück", description="Ab Montag."),
    language="de",
    data={"hashtags": ["#Fähre", "#Harbour"]},
)


def parcel(post: Post = POST, token: str = "abcdefghijklmnopqrstuvwxyz", slot: datetime = NOW) -> Parcel:
    rendition = Rendition(channel="sky", post=post)
    return Parcel(token=token, edition="k7f3q9xdabcd", schedule="morning", slot=slot, rendition=rendition)


async def send(service: Service, *parcels: Parcel, store: Any = None) -> list[Any]:
    async with Http(HttpTable(allow_loopback=True, timeout="5s"), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        options = BlueskyOptions(service=service.url, handle="@record.test", password=PASSWORD)
        async with BlueskyChannel("sky", options, Surroundings(http, SetClock(NOW), store)) as channel:
            return [await channel.send(each) for each in parcels or [parcel()]]


async def failure(service: Service) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await send(service)
    assert "\n" not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    return raised.value


async def test_a_post_is_put_under_a_key_of_its_own_with_its_slot_as_time(service: Service) -> None:
    (receipt,) = await send(service)
    put = service.record()
    key = record_key(NOW, "abcdefghijklmnopqrstuvwxyz")
    assert (put["repo"], put["collection"], put["rkey"]) == (DID, "app.bsky.feed.post", key)
    assert put["record"]["createdAt"] == "2026-11-24T07:00:00.000Z"
    assert put["record"]["langs"] == ["de"]
    assert put["record"]["embed"]["external"] == {
        "uri": "https://record.example/ferry",
        "title": "Fähre zurück",
        "description": "Ab Montag.",
    }
    assert receipt.id == f"at://{DID}/app.bsky.feed.post/{key}"
    assert receipt.text == "bafyrei"


async def test_a_post_that_is_there_already_is_left_as_it_is(service: Service) -> None:
    service.answers["com.atproto.repo.getRecord"] = [says(200, {"value": {}})]
    (receipt,) = await send(service)
    assert receipt.text == "already there"
    assert service.names() == ["createSession", "getRecord"]


FIRST = {"uri": f"at://{DID}/app.bsky.feed.post/first", "cid": "bafyfirst"}
WRONG = {"uri": f"at://{DID}/app.bsky.feed.post/wrong", "cid": "bafywrong"}


@pytest.mark.parametrize(
    ("held", "root"), [({"value": {}}, WRONG), ({"value": {"reply": {"root": FIRST, "parent": FIRST}}}, FIRST)]
)
async def test_a_correction_answers_the_post_and_names_the_first_of_its_thread(service, held, root) -> None:
    missing = says(400, {"error": "RecordNotFound"})
    service.answers["com.atproto.repo.getRecord"] = [missing, says(200, {"cid": WRONG["cid"], **held})]
    await send(service, parcel(Post(text="Correction", answers=WRONG["uri"])))
    assert service.record()["record"]["reply"] == {"root": root, "parent": WRONG}


async def test_a_correction_of_a_post_that_is_gone_stands_alone(service: Service) -> None:
    await send(service, parcel(Post(text="Correction", answers=WRONG["uri"])))
    assert "reply" not in service.record()["record"]


async def test_one_sign_in_serves_all_posts(service: Service) -> None:
    await send(service, parcel(token="a" * 26), parcel(token="b" * 26), parcel(token="c" * 26))
    assert service.names().count("createSession") == 1
    assert service.names().count("putRecord") == 3


async def test_an_expired_session_is_renewed_without_another_sign_in(service: Service) -> None:
    service.answers["com.atproto.repo.putRecord"] = [says(400, {"error": "ExpiredToken"}), says(200, {"cid": "c"})]
    await send(service)
    assert service.names() == ["createSession", "getRecord", "putRecord", "refreshSession", "putRecord"]
    assert [token for _, token, _ in service.called][-2:] == ["Bearer refresh-1", "Bearer access-2"]


async def test_a_session_that_cannot_be_renewed_is_made_anew(service: Service) -> None:
    service.answers["com.atproto.repo.putRecord"] = [says(400, {"error": "ExpiredToken"}), says(200, {"cid": "c"})]
    service.answers["com.atproto.server.refreshSession"] = [says(400, {"error": "ExpiredToken"})]
    await send(service)
    assert service.names()[-3:] == ["refreshSession", "createSession", "putRecord"]
    assert service.called[-1][1] == "Bearer access-9"


async def test_a_service_that_takes_no_session_refuses_the_channel(service: Service) -> None:
    service.answers["com.atproto.repo.putRecord"] = [says(400, {"error": "InvalidToken", "message": "no"})]
    assert isinstance(await failure(service), ChannelRefused)


async def test_a_wrong_password_refuses_the_channel_and_says_which_to_change(service: Service) -> None:
    service.answers["com.atproto.server.createSession"] = [says(401, {"error": "AuthenticationRequired"})]
    error = await failure(service)
    assert isinstance(error, ChannelRefused)
    assert "BROADSHEET_SKY_PASSWORD" in str(error)


@pytest.mark.parametrize(
    ("answer", "kind", "permanent"),
    [
        (says(400, {"error": "InvalidRecord", "message": "text too long"}), DeliveryError, True),
        (says(401, {"error": "AuthMissing"}), ChannelRefused, False),
        (says(403, {"error": "AccountTakedown"}), ChannelRefused, False),
        (says(429, {"error": "RateLimitExceeded"}), ServerBusy, False),
        (says(500, {"error": "InternalServerError"}), DeliveryError, False),
        (says(502, "<html>"), ServerBusy, False),
        (says(0), DeliveryError, False),
    ],
)
async def test_an_answer_means(service: Service, answer: Answers, kind: type, permanent: bool) -> None:
    service.answers["com.atproto.repo.putRecord"] = [answer]
    error = await failure(service)
    assert (type(error), error.permanent) == (kind, permanent)
    assert not isinstance(error, OutcomeUnknown)


async def test_a_limit_says_when_it_ends(service: Service) -> None:
    reset = str(int(NOW.timestamp()) + 240)
    service.answers["com.atproto.server.createSession"] = [says(429, {}, RateLimit_Reset=reset)]
    error = await failure(service)
    assert isinstance(error, ServerBusy)
    assert error.retry_after == 240


async def test_a_service_that_is_not_there_is_busy(service: Service) -> None:
    service.close()
    assert isinstance(await failure(service), ServerBusy)


def pictured(service: Service, status: int, body: bytes) -> Post:
    service.answers["ferry.jpg"] = [lambda: (status, {}, body)]
    assert POST.card
    return replace(POST, card=replace(POST.card, image_url=f"{service.url}/ferry.jpg"))


async def test_the_cards_picture_is_fetched_made_small_and_uploaded(service: Service) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (2400, 1260), "teal").save(picture, "PNG")
    await send(service, parcel(pictured(service, 200, picture.getvalue())))
    (blob,) = [body for name, _, body in service.called if name.endswith("uploadBlob")]
    made = Image.open(io.BytesIO(blob))
    assert (made.format, made.size) == ("JPEG", (1200, 630))
    assert service.record()["record"]["embed"]["external"]["thumb"] == {"$type": "blob", "ref": {"$link": "bafk"}}


async def test_a_hosted_picture_is_uploaded_from_the_store_though_no_page_serves_it(
    service: Service, store: Store
) -> None:
    file, _ = fitted(photograph())
    with store.write() as tx:
        tx.images.put(file.image, file.content, NOW)
    assert POST.card
    # The address of the newsroom's own pages, where nobody answers.
    card = replace(POST.card, image_url=f"{Newsroom(name='', url='').public_url}/i/{file.image.name}")
    await send(service, parcel(replace(POST, card=card)), store=store)
    (uploaded,) = [body for name, _, body in service.called if name.endswith("uploadBlob")]
    assert Image.open(io.BytesIO(uploaded)).size == (1200, 800)
    assert "thumb" in service.record()["record"]["embed"]["external"]


@pytest.mark.parametrize(("status", "body"), [(404, b""), (200, b"<svg/>")])
async def test_a_picture_that_is_not_to_be_had_costs_the_thumb_not_the_post(
    service: Service, status: int, body: bytes
) -> None:
    await send(service, parcel(pictured(service, status, body)))
    assert "thumb" not in service.record()["record"]["embed"]["external"]


def features(post: Post) -> list[tuple[str, str]]:
    text = post.text.encode()
    return [
        (text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(), facet["features"][0]["$type"][23:])
        for facet in facets_of(post)
    ]


def test_facets_count_bytes() -> None:
    assert features(POST) == [("https://record.example/ferry", "#link"), ("#Fähre", "#tag")]


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_the_link_facet_covers_the_link_whatever_stands_around_it(before: str, after: str) -> None:
    text = f"{before} https://record.example/x {after}".encode("utf-8", "ignore").decode()
    post = Post(text=text, url="https://record.example/x")
    assert features(post)[0] == ("https://record.example/x", "#link")


MARKS = [
    "\u0301",
    "\u200d",
    "\ufe0f",
    "👩‍👩‍👧‍👦",
    "🇩🇪",
    "क्षि",
    "中",
    "#",
    "@",
    "https://record.example/ferry",
    "\u200b",
]
WORDS = st.text(max_size=60) | st.lists(st.sampled_from([*"ab 1.", *MARKS]), max_size=60).map("".join)


@settings(max_examples=150, deadline=None)
@given(title=WORDS, standfirst=WORDS, tags=st.lists(WORDS, max_size=4))
def test_of_any_article_the_facets_lie_on_whole_clusters(title: str, standfirst: str, tags: list[str]) -> None:
    told = article(title=title, standfirst=standfirst, tags=tuple(tags), url="https://record.example/ferry")
    composed = compose_post(
        story=EditionStory(position=1, article=told, summary=Summary(standfirst)),
        edition_name="Morning",
        newsroom=Newsroom(name="The Record", url="https://record.example"),
        template="bluesky",
        folders=(shipped("templates"),),
        limits=Limits(characters=300, size=3000, card=True),
        rules=PostRules(hashtags=3),
    )
    check_facets(composed.text, facets_of(composed))
    assert [each for each in features(composed) if each[1] == "#link"] == [("https://record.example/ferry", "#link")]


def test_a_hashtag_inside_the_link_or_a_word_is_none() -> None:
    post = Post(text="a#Ferry https://r.example/#Ferry", url="https://r.example/#Ferry", data={"hashtags": ["#Ferry"]})
    assert features(post) == [("https://r.example/#Ferry", "#link")]


def test_hashtags_are_marked_though_the_link_did_not_fit() -> None:
    post = Post(text="#Ferry returns", url="https://record.example/very/long", data={"hashtags": ["#Ferry"]})
    assert features(post) == [("#Ferry", "#tag")]


def test_a_post_without_a_link_has_no_embed() -> None:
    assert "embed" not in record_of(Post(text="x", url="", card=Card(url="", title="x")), NOW, None)


def test_a_language_that_is_none_is_left_out() -> None:
    assert "langs" not in record_of(replace(POST, language="x y"), NOW, None)


@given(
    slot=st.integers(946_684_800, 7_258_118_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    token=st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26),
)
def test_a_record_key_is_a_tid_of_its_slots_second(slot: datetime, token: str) -> None:
    key = record_key(slot, token)
    assert re.fullmatch(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", key)
    value = 0
    for character in key:
        value = value << 5 | "234567abcdefghijklmnopqrstuvwxyz".index(character)
    assert (value >> 10) // 1_000_000 == int(slot.timestamp())
    assert record_key(slot, token) == key


def test_the_posts_of_one_slot_have_different_keys_and_later_slots_later_ones() -> None:
    keys = {record_key(NOW, f"{number:026d}") for number in range(2000)}
    assert len(keys) == 2000
    assert max(keys) < min(record_key(NOW + timedelta(seconds=1), f"{number:026d}") for number in range(2000))


def test_a_record_key_is_for_ever() -> None:
    assert record_key(NOW, "abcdefghijklmnopqrstuvwxyz") == "3n32336uufj62"


def test_the_type_is_registered() -> None:
    assert kinds()["bluesky"] is BlueskyChannel


def test_hashtags_are_those_that_the_post_names() -> None:
    post = Post(text="Fähre 🏳️‍🌈 #Fähre #Hafen", hashtags=("#Fähre", "#Hafen"))
    assert features(post) == [("#Fähre", "#tag"), ("#Hafen", "#tag")]


def test_a_hashtag_whose_last_letter_goes_on_is_none() -> None:
    assert features(Post(text="#Fa\u0301 x", hashtags=("#Fa",))) == []


@pytest.mark.parametrize("text", ["x https://r.example/a\u0301 y", "https://r.example/a\u200d"])
def test_a_link_that_does_not_stand_apart_fails_before_anything_is_sent(text: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        record_of(Post(text=text, url="https://r.example/a"), NOW, None)
    assert raised.value.permanent
    assert "https://r.example/a" in str(raised.value)


@pytest.mark.parametrize(
    ("begin", "end", "tag"),
    [(0, 6, "F"), (0, 99, "Fä"), (1, 4, "Fä"), (4, 4, ""), (0, 3, "F"), (0, 4, "Hafen")],
)
def test_a_facet_beside_its_word_is_a_fault(begin: int, end: int, tag: str) -> None:
    facet = {
        "index": {"byteStart": begin, "byteEnd": end},
        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}],
    }
    with pytest.raises(DeliveryError):
        check_facets("#Fä x", [facet])


def test_facets_that_overlap_are_a_fault() -> None:
    facet = {
        "index": {"byteStart": 0, "byteEnd": 4},
        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "Fä"}],
    }
    check_facets("#Fä x", [facet])
    with pytest.raises(DeliveryError):
        check_facets("#Fä x", [facet, facet])


async def test_pictures_stand_with_their_description_and_shape_in_the_place_of_the_card(trial_of) -> None:
    trial = trial_of("bluesky")
    pictures = tuple(PostPicture(url=f"{trial.base}{PICTURE}", alt=f"Ferry {number}") for number in range(5))
    gone = PostPicture(url=f"{trial.base}/nowhere.jpg", alt="Gone")
    await trial.do("send", parcel(replace(POST, pictures=(gone, *pictures))))
    (seen,) = trial.network.visible
    assert [each.alt for each in seen.pictures] == ["Ferry 0", "Ferry 1", "Ferry 2"]
    embed = json.loads(seen.raw)["embed"]
    assert [each["aspectRatio"] for each in embed["images"]] == [{"width": 640, "height": 420}] * 3
    assert seen.card is None


async def test_a_post_whose_pictures_are_not_to_be_had_shows_its_card(trial_of) -> None:
    trial = trial_of("bluesky")
    gone = PostPicture(url=f"{trial.base}/nowhere.jpg", alt="Gone")
    await trial.do("send", parcel(replace(POST, pictures=(gone,))))
    assert trial.network.visible[0].card.title == "Fähre zurück"


async def test_a_sensitive_post_says_so(trial_of) -> None:
    trial = trial_of("bluesky")
    await trial.do("send", parcel(replace(POST, sensitive=True)))
    labels = json.loads(trial.network.visible[0].raw)["labels"]
    assert labels == {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]}


async def test_a_third_part_of_a_thread_names_the_first(trial_of) -> None:
    trial = trial_of("bluesky")
    async with trial.channel() as channel:
        ids = [""]
        for part in range(3):
            told = Post(text=f"Part {part + 1}", answers=ids[-1], part=part + 1, parts=3)
            ids.append((await channel.send(parcel(told, f"{'a' * 25}{part}"))).id)
    replies = [json.loads(each.raw).get("reply") for each in trial.network.visible]
    assert replies[0] is None
    assert [(each["root"]["uri"], each["parent"]["uri"]) for each in replies[1:]] == [
        (ids[1], ids[1]),
        (ids[1], ids[2]),
    ]


async def test_points_that_are_left_are_told(trial_of) -> None:
    receipt = await trial_of("bluesky").do("send", parcel())
    assert (receipt.quota.limit, receipt.quota.remaining) == (5000, 4997)


async def test_a_post_of_another_account_is_not_taken_down(trial_of) -> None:
    trial = trial_of("bluesky")
    for id in ("at://did:plc:somebodyelse/app.bsky.feed.post/3n32336uufj62", "", "https://bsky.app/x"):
        assert (await trial.failure("remove", id)).permanent
    assert not [each for each in trial.network.asked if each.path.endswith("deleteRecord")]
