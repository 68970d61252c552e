"""A post in a room of a real Matrix Synapse: once, changed, taken down, and found again after a kill."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from bot.channels.matrix import MatrixChannel, MatrixOptions
from bot.clock import system_clock
from bot.errors import ChannelRefused, DeliveryError, ServerBusy
from bot.http import Http
from bot.model import Newsroom, Parcel, Post, Rendition
from bot.settings.tables import HttpTable
from bot.testing import KEYS
from bot.testing.ports import free_port
from tests.real.conftest import _missing
from tests.real.holding import holding
from tests.real.synapse import Synapse, installed, running

pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    """A Synapse with nothing in it but three accounts."""
    try:
        programs = installed()
    except (subprocess.CalledProcessError, OSError) as error:
        _missing(f"matrix: Synapse cannot be installed ({getattr(error, 'stderr', '') or error})")
    with running(programs, free_port()) as server:
        yield server


@pytest.fixture
def room(synapse: Synapse, token: str) -> str:
    """A public room of ``bot``; its address is ``#TOKEN:matrix.test``."""
    asked = {"preset": "public_chat", "room_alias_name": token, "name": "The Port Alder Record"}
    made: str = synapse.ask("POST", "/_matrix/client/v3/createRoom", synapse.bot, asked)["room_id"]
    return made


@pytest.fixture
def token() -> str:
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))


@dataclass
class Surroundings:
    http: Http
    clock: Any = system_clock
    store: Any = None
    newsroom: Newsroom = field(default_factory=lambda: Newsroom(name="The Record", url="https://record.example"))
    keys: Any = KEYS


POST = Post(
    text="Fähre <b>fährt</b> & legt an 🏳️‍🌈\n\nhttps://record.example/a?b=1&c=2",
    url="https://record.example/a?b=1&c=2",
    language="de",
)


def parcel(token: str, post: Post = POST, late: timedelta = timedelta(0)) -> Parcel:
    rendition = Rendition(channel="room", post=post)
    slot = system_clock() - late
    return Parcel(token=token, edition="k7f3q9xdabcd", schedule="morning", slot=slot, rendition=rendition)


class Opened:
    """The channel, opened for one act."""

    def __init__(self, server: Synapse, room: str, token: str = "", url: str = "") -> None:
        self._options = MatrixOptions(homeserver=url or server.url, token=token or server.bot, room=room)

    async def do(self, act: str, *arguments: Any) -> Any:
        async with (
            Http(HttpTable(allow_loopback=True, timeout="20s"), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http,
            MatrixChannel("room", self._options, Surroundings(http)) as channel,
        ):
            return await getattr(channel, act)(*arguments)


def messages(server: Synapse, room: str) -> list[dict[str, Any]]:
    """The room's messages, oldest first."""
    path = f"/_matrix/client/v3/rooms/{quote(room)}/messages?dir=f&limit=100"
    events = server.ask("GET", path, server.bot)["chunk"]
    return [each for each in events if each["type"] == "m.room.message"]


async def test_a_post_is_a_notice_whose_link_can_be_followed_and_whose_signs_are_words(synapse, room, token) -> None:
    receipt = await Opened(synapse, room).do("send", parcel(token))
    (event,) = messages(synapse, room)
    content = event["content"]
    assert (event["event_id"], content["msgtype"], content["body"]) == (receipt.id, "m.notice", POST.text)
    assert content["formatted_body"] == (
        "Fähre &lt;b&gt;fährt&lt;/b&gt; &amp; legt an 🏳️‍🌈<br><br>"
        '<a href="https://record.example/a?b=1&amp;c=2">https://record.example/a?b=1&amp;c=2</a>'
    )


async def test_a_rooms_address_is_as_good_as_its_id(synapse, room, token) -> None:
    channel = Opened(synapse, f"#{token}:matrix.test")
    assert f"@bot:matrix.test, which is in #{token}" in await channel.do("check")
    await channel.do("send", parcel(token))
    assert len(messages(synapse, room)) == 1


async def test_the_same_parcel_sent_twice_is_one_event(synapse, room, token) -> None:
    first = await Opened(synapse, room).do("send", parcel(token))
    again = await Opened(synapse, room).do("send", parcel(token))
    assert first.id == again.id
    assert len(messages(synapse, room)) == 1


async def test_a_late_parcel_is_looked_for_before_it_is_sent_again(synapse, room, token) -> None:
    first = await Opened(synapse, room).do("send", parcel(token, late=timedelta(days=2)))
    again = await Opened(synapse, room).do("send", parcel(token, late=timedelta(days=2)))
    assert (again.id, again.text) == (first.id, "already there")
    assert len(messages(synapse, room)) == 1


async def test_a_reply_names_the_message_it_answers(synapse, room, token) -> None:
    wrong = await Opened(synapse, room).do("send", parcel(token))
    await Opened(synapse, room).do("send", parcel(f"{token}2", Post(text="Correction", answers=wrong.id)))
    _, reply = messages(synapse, room)
    assert reply["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": wrong.id}}


async def test_an_edit_changes_what_the_room_shows_however_often_it_is_made(synapse, room, token) -> None:
    sent = await Opened(synapse, room).do("send", parcel(token))
    for _ in range(2):
        edited = await Opened(synapse, room).do("edit", sent.id, parcel(token, Post(text="It is $1.4 million.")))
    assert edited.id == sent.id
    assert len(messages(synapse, room)) == 2
    path = f"/_matrix/client/v3/rooms/{quote(room)}/event/{quote(sent.id)}"
    newest = synapse.ask("GET", path, synapse.bot)["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]
    assert (newest["body"], newest["formatted_body"]) == ("It is $1.4 million.", "It is $1.4 million.")


async def test_what_is_taken_down_is_gone_with_its_edits_and_cannot_be_changed(synapse, room, token) -> None:
    channel = Opened(synapse, room)
    sent = await channel.do("send", parcel(token))
    await channel.do("edit", sent.id, parcel(token, Post(text="Another text")))
    for _ in range(2):
        await channel.do("remove", sent.id)
    assert [each["content"] for each in messages(synapse, room)] == [{}, {}]
    with pytest.raises(DeliveryError) as raised:
        await channel.do("edit", sent.id, parcel(token, Post(text="A third")))
    assert raised.value.permanent
    await channel.do("remove", "$no-such-event")


async def test_too_many_messages_wait_as_long_as_the_server_asks(synapse, room, token) -> None:
    synapse.ask("POST", f"/_matrix/client/v3/join/{quote(room)}", synapse.slow, {})
    channel = Opened(synapse, room, synapse.slow)
    with pytest.raises(ServerBusy) as raised:
        for number in range(6):
            await channel.do("send", parcel(f"{token}{number}"))
    assert raised.value.code == 429
    assert 0 < (raised.value.retry_after or 0) <= 10


async def test_an_event_that_is_too_large_fails_for_good(synapse, room, token) -> None:
    class Unlimited(MatrixChannel):
        def payload(self, parcel: Parcel) -> dict[str, Any]:
            return {**super().payload(parcel), "formatted_body": "x" * 66_000}

    options = MatrixOptions(homeserver=synapse.url, token=synapse.bot, room=room)
    async with Http(HttpTable(allow_loopback=True), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        with pytest.raises(DeliveryError) as raised:
            await Unlimited("room", options, Surroundings(http)).send(parcel(token))
    assert (raised.value.code, raised.value.permanent) == (413, True)


async def test_the_longest_post_fits_its_event(synapse, room, token) -> None:
    channel = Opened(synapse, room)
    longest = Post(text="&" * 4000)
    sent = await channel.do("send", parcel(token, longest))
    await channel.do("edit", sent.id, parcel(token, Post(text='"' * 4000)))
    assert messages(synapse, room)[0]["content"]["body"] == longest.text
    with pytest.raises(DeliveryError) as raised:
        await channel.do("send", parcel(token, Post(text="&" * 4001)))
    assert raised.value.permanent


@pytest.mark.parametrize("room_of", ["id", "address"])
async def test_a_room_that_is_not_ours_refuses_the_channel(synapse, token, room_of) -> None:
    room = "!nowhere:matrix.test" if room_of == "id" else "#nowhere:matrix.test"
    for act in ("check", "send"):
        with pytest.raises(ChannelRefused):
            await Opened(synapse, room).do(act, *([parcel(token)] if act == "send" else []))


async def test_a_token_that_ended_refuses_the_channel_and_names_the_variable(synapse, room, token) -> None:
    with pytest.raises(ChannelRefused) as raised:
        await Opened(synapse, room, "syt_bogus_token").do("send", parcel(token))
    assert "BROADSHEET_ROOM_TOKEN" in str(raised.value)
    assert "syt_bogus_token" not in str(raised.value)


async def test_a_post_that_never_came_is_not_recalled(synapse, room, token) -> None:
    await Opened(synapse, room).do("send", parcel(f"{token}2", Post(text="Another post")))
    assert await Opened(synapse, room).do("recall", parcel(token), system_clock()) is None


SENDER = """
import asyncio, json, os, ssl, sys
from bot.channels.matrix import MatrixChannel, MatrixOptions
from bot.model import Parcel, Post, Rendition
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.clock import system_clock

class Around:
    newsroom, keys, store, clock = None, None, None, staticmethod(system_clock)

async def main(told):
    async with Http(HttpTable(allow_loopback=True), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        Around.http = http
        options = MatrixOptions(homeserver=told["url"], token=os.environ["TOKEN"], room=told["room"])
        rendition = Rendition(channel="room", post=Post(text=told["text"]))
        parcel = Parcel(token=told["token"], edition="e", schedule="s", slot=system_clock(), rendition=rendition)
        async with MatrixChannel("room", options, Around) as channel:
            print((await channel.send(parcel)).id)

asyncio.run(main(json.loads(sys.argv[1])))
"""


async def test_a_process_killed_between_request_and_answer_is_recalled_and_sent_again_makes_one_event(
    synapse, room, token
) -> None:
    began = system_clock()
    told = {"room": room, "token": token, "text": f"The ferry returns {token}"}
    environment = {**os.environ, "TOKEN": synapse.bot}

    def command(url: str) -> list[str]:
        return [sys.executable, "-c", SENDER, json.dumps({**told, "url": url})]

    with holding(synapse.url, "/send/m.room.message/") as proxy:
        first = subprocess.Popen(command(proxy.url), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert proxy.held.wait(30)
        first.kill()
        assert first.communicate()[0] == b""
    (event,) = messages(synapse, room)
    found = await Opened(synapse, room).do("recall", parcel(token, Post(text=told["text"])), began)
    assert found is not None
    assert found.id == event["event_id"]
    again = subprocess.run(command(synapse.url), env=environment, capture_output=True, text=True, check=True)
    assert again.stdout.split() == [event["event_id"]]
    assert len(messages(synapse, room)) == 1
