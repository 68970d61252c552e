"""A post on a real Bluesky PDS: whole, with its card, once, whatever happens between request and answer."""

from __future__ import annotations

import io
import json
import secrets
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from PIL import Image

from bot.channels.bluesky import BlueskyChannel, BlueskyOptions, record_key
from bot.clock import system_clock
from bot.editions.counting import fits
from bot.editions.posts import compose_post
from bot.errors import ChannelRefused, DeliveryError
from bot.http import Http
from bot.model import EditionStory, Limits, Newsroom, Parcel, Post, PostPicture, Rendition, Summary
from bot.model import Image as Picture
from bot.settings import shipped
from bot.settings.tables import HttpTable
from bot.testing import KEYS, article
from tests.real.holding import Proxy, holding

pytestmark = pytest.mark.real

NEWSROOM = Newsroom(name="The Port Alder Record", url="https://record.example")
SLOT = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


@dataclass
class Surroundings:
    http: Http
    clock: Any = system_clock
    store: Any = None
    newsroom: Newsroom = NEWSROOM
    keys: Any = KEYS


def parcel(post: Post, token: str) -> Parcel:
    rendition = Rendition(channel="sky", post=post)
    return Parcel(token=token, edition="k7f3q9xdabcd", schedule="morning", slot=SLOT, rendition=rendition)


def story(picture: str = "", **fields: Any) -> Post:
    told = article(
        **{
            "title": "Fähre 🏳️‍🌈 fährt wieder: 14,1 Millionen für den Hafen",
            "standfirst": "Ab Montag legen die Boote wieder an. " * 12,
            "tags": ("Hafen", "City Council"),
            "language": "de",
            "image": Picture(url=picture, alt="Die Fähre am Kai") if picture else None,
            **fields,
        }
    )
    return compose_post(
        story=EditionStory(position=1, article=told, summary=Summary(told.standfirst)),
        edition_name="Morning briefing",
        newsroom=NEWSROOM,
        template="bluesky",
        folders=(shipped("templates"),),
        limits=Limits(characters=300, size=3000, card=True),
    )


async def send(
    server: dict[str, str],
    *sent: Any,
    password: str = "",
    kind: type[BlueskyChannel] = BlueskyChannel,
    act: str = "send",
) -> list[Any]:
    """Sends parcels; ``recall`` asks for them, ``remove`` takes down what has these ids."""
    options = BlueskyOptions(
        service=server["SERVICE"], handle=server["HANDLE"], password=password or server["PASSWORD"]
    )
    async with (
        Http(HttpTable(allow_loopback=True), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http,
        kind("sky", options, Surroundings(http)) as channel,
    ):
        more = [SLOT] if act == "recall" else []
        return [await getattr(channel, act)(each, *more) for each in sent]


def records(server: dict[str, str], token: str) -> list[dict[str, Any]]:
    """All records of the account whose text holds ``token``."""
    query = urlencode({"repo": server["DID"], "collection": "app.bsky.feed.post", "limit": 100})
    with urlopen(f"{server['SERVICE']}/xrpc/com.atproto.repo.listRecords?{query}") as answer:
        return [each for each in json.load(answer)["records"] if token in each["value"]["text"]]


@pytest.fixture
def token() -> str:
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))


@pytest.fixture
def picture() -> Iterator[str]:
    """The URL of a large photograph, served on loopback."""
    photo = io.BytesIO()
    Image.effect_noise((2400, 1600), 90).convert("RGB").save(photo, "JPEG", quality=95)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(photo.tell()))
            self.end_headers()
            self.wfile.write(photo.getvalue())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/photo.jpg"
    server.shutdown()
    server.server_close()


async def test_a_post_stands_there_whole_with_its_card(bluesky_server, token, picture) -> None:
    post = story(picture, url=f"https://record.example/{token}")
    (receipt,) = await send(bluesky_server, parcel(post, token))
    (found,) = records(bluesky_server, token)
    assert found["uri"] == receipt.id
    record = found["value"]
    assert record["text"] == post.text
    assert record["createdAt"] == "2026-11-24T07:00:00.000Z"
    assert record["langs"] == ["de"]
    (facet,) = record["facets"]
    index = facet["index"]
    assert record["text"].encode()[index["byteStart"] : index["byteEnd"]].decode() == post.url
    card = record["embed"]["external"]
    assert (card["uri"], card["title"]) == (post.url, "Fähre 🏳️‍🌈 fährt wieder: 14,1 Millionen für den Hafen")
    assert card["thumb"]["mimeType"] == "image/jpeg"
    assert 10_000 < card["thumb"]["size"] <= 1_000_000


async def test_the_same_parcel_sent_twice_is_one_record_with_one_cid(bluesky_server, token) -> None:
    post = story(url=f"https://record.example/{token}")
    await send(bluesky_server, parcel(post, token))
    (first,) = records(bluesky_server, token)
    (again,) = await send(bluesky_server, parcel(post, token))
    assert again.text == "already there"
    assert records(bluesky_server, token) == [first]


async def test_a_correction_is_a_reply_to_the_post_that_was_wrong(bluesky_server, token) -> None:
    (wrong,) = await send(bluesky_server, parcel(story(url=f"https://record.example/{token}"), token))
    (first,) = records(bluesky_server, token)
    correction = Post(text=f"Correction: it is $1.4 million. {token}", answers=wrong.id)
    await send(bluesky_server, parcel(correction, f"{token}7"))
    (reply,) = (each for each in records(bluesky_server, token) if "Correction" in each["value"]["text"])
    named = {"uri": first["uri"], "cid": first["cid"]}
    assert reply["value"]["reply"] == {"root": named, "parent": named}


CJK = "渡轮 🏳️‍🌈 は戻る 👩‍👩‍👧‍👦 #渡轮 https://record.example/{} #Hafen"


async def test_facets_lie_on_their_words_over_emoji_and_cjk(bluesky_server, token) -> None:
    text = CJK.format(token)
    url = f"https://record.example/{token}"
    await send(bluesky_server, parcel(Post(text=text, url=url, hashtags=("#渡轮", "#Hafen"), language="ja"), token))
    (found,) = records(bluesky_server, token)
    encoded = found["value"]["text"].encode()
    marked = {
        encoded[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode(): each["features"][0]
        for each in found["value"]["facets"]
    }
    assert {word: feature.get("tag") or feature["uri"] for word, feature in marked.items()} == {
        "#渡轮": "渡轮",
        "#Hafen": "Hafen",
        url: url,
    }


async def test_pictures_stand_there_with_their_descriptions(bluesky_server, token, picture) -> None:
    pictures = tuple(PostPicture(url=picture, alt=f"Die Fähre {number}") for number in range(4))
    await send(bluesky_server, parcel(Post(text=f"Bilder {token}", pictures=pictures, sensitive=True), token))
    (found,) = records(bluesky_server, token)
    images = found["value"]["embed"]["images"]
    assert [each["alt"] for each in images] == [f"Die Fähre {number}" for number in range(4)]
    assert [each["aspectRatio"] for each in images] == [{"width": 2000, "height": 1333}] * 4
    assert all(10_000 < each["image"]["size"] <= 1_000_000 for each in images)
    assert found["value"]["labels"]["values"] == [{"val": "graphic-media"}]


async def test_a_thread_hangs_together(bluesky_server, token) -> None:
    ids = [""]
    for part in range(1, 4):
        told = Post(text=f"{part}/3 {token}", answers=ids[-1], part=part, parts=3)
        (sent,) = await send(bluesky_server, parcel(told, f"{token[:-1]}{part + 1}"))
        ids.append(sent.id)
    replies = {each["uri"]: each["value"].get("reply") for each in records(bluesky_server, token)}
    assert replies[ids[1]] is None
    assert [replies[each]["root"]["uri"] for each in ids[2:]] == [ids[1], ids[1]]
    assert [replies[each]["parent"]["uri"] for each in ids[2:]] == [ids[1], ids[2]]


async def test_a_post_is_recalled_until_it_is_taken_down(bluesky_server, token) -> None:
    sent = parcel(story(url=f"https://record.example/{token}"), token)
    assert await send(bluesky_server, sent, act="recall") == [None]
    (receipt,) = await send(bluesky_server, sent)
    (found,) = await send(bluesky_server, sent, act="recall")
    assert found.id == receipt.id
    for _ in range(2):
        await send(bluesky_server, receipt.id, act="remove")
    assert records(bluesky_server, token) == []


class Forgetful(BlueskyChannel):
    """Does not look whether the record is there, as when two attempts overlap."""

    async def _exists(self, did: str, key: str) -> bool:
        return False


async def test_even_unlooked_for_the_same_parcel_is_the_same_record(bluesky_server, token, picture) -> None:
    sent = parcel(story(picture, url=f"https://record.example/{token}"), token)
    await send(bluesky_server, sent, kind=Forgetful)
    (first,) = records(bluesky_server, token)
    await send(bluesky_server, sent, kind=Forgetful)
    assert records(bluesky_server, token) == [first]


async def test_posts_of_one_slot_stand_beside_each_other(bluesky_server, token) -> None:
    post = story(url=f"https://record.example/{token}")
    await send(bluesky_server, *(parcel(post, f"{token[:-1]}{last}") for last in "abc"))
    assert len(records(bluesky_server, token)) == 3


@pytest.mark.parametrize("cluster", ["क्षि", "👩‍👩‍👧‍👦", "é", "中"])
async def test_the_server_counts_as_we_do(bluesky_server, token, cluster) -> None:
    limits = Limits(characters=300, size=3000)
    most = next(number for number in range(300, 0, -1) if fits(cluster * number, limits))
    assert most > 100
    assert (await send(bluesky_server, parcel(Post(text=cluster * most), token)))[0].code == 200


async def test_one_character_more_than_the_network_takes_fails_for_good(bluesky_server, token) -> None:
    with pytest.raises(DeliveryError) as raised:
        await send(bluesky_server, parcel(Post(text="क्षि" * 301), token))
    assert raised.value.permanent


async def test_a_wrong_password_refuses_the_channel(bluesky_server, token) -> None:
    with pytest.raises(ChannelRefused):
        await send(bluesky_server, parcel(Post(text=token), token), password="aaaa-bbbb-cccc-dddd")
    assert records(bluesky_server, token) == []


@pytest.fixture
def proxy(bluesky_server) -> Iterator[Proxy]:
    with holding(bluesky_server["SERVICE"], "com.atproto.repo.putRecord") as made:
        yield made


async def test_an_answer_that_is_lost_is_tried_again_and_makes_no_second_record(bluesky_server, token, proxy) -> None:
    sent = parcel(story(url=f"https://record.example/{token}"), token)
    proxy.release.set()
    with pytest.raises(DeliveryError) as raised:
        await send({**bluesky_server, "SERVICE": proxy.url}, sent)
    assert not raised.value.permanent
    (first,) = records(bluesky_server, token)
    await send(bluesky_server, sent)
    assert records(bluesky_server, token) == [first]


SENDER = """
import asyncio, json, os, ssl, sys
from bot.channels.bluesky import BlueskyChannel, BlueskyOptions
from bot.model import Card, Newsroom, Parcel, Post, Rendition
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.clock import system_clock
from datetime import datetime

class Around:
    newsroom, keys, clock = None, None, staticmethod(system_clock)

async def main(told):
    post = Post(text=told["text"], url=told["url"], card=Card(url=told["url"], title="Ferry"), language="en")
    async with Http(HttpTable(allow_loopback=True), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        Around.http = http
        options = BlueskyOptions(service=told["service"], handle=told["handle"], password=os.environ["PASSWORD"])
        rendition = Rendition(channel="sky", post=post)
        slot = datetime.fromisoformat(told["slot"])
        parcel = Parcel(token=told["token"], edition="e", schedule="s", slot=slot, rendition=rendition)
        async with BlueskyChannel("sky", options, Around) as channel:
            receipt = await channel.send(parcel)
            print(receipt.text, receipt.id)

asyncio.run(main(json.loads(sys.argv[1])))
"""


def test_a_process_killed_between_request_and_answer_and_started_again_makes_one_record(
    bluesky_server, token, proxy
) -> None:
    link = f"https://record.example/{token}"
    told = {
        "service": proxy.url,
        "handle": bluesky_server["HANDLE"],
        "token": token,
        "slot": SLOT.isoformat(),
        "text": f"The ferry returns {link}",
        "url": link,
    }
    environment = {"PASSWORD": bluesky_server["PASSWORD"]}

    def command(**other: str) -> list[str]:
        return [sys.executable, "-c", SENDER, json.dumps({**told, **other})]

    first = subprocess.Popen(command(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert proxy.held.wait(30)
    first.kill()
    out, _ = first.communicate()
    assert out == ""
    (found,) = records(bluesky_server, token)
    again = subprocess.run(
        command(service=bluesky_server["SERVICE"]), env=environment, capture_output=True, text=True, check=True
    )
    assert again.stdout.split() == ["already", "there", found["uri"]]
    assert found["uri"].endswith(record_key(SLOT, token))
    assert records(bluesky_server, token) == [found]
