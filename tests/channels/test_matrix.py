"""Matrix: the room's name, what is taken down with its edits, and who may write. More in tests/real/test_matrix.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from bot.channels.matrix import MatrixOptions, _formatted
from bot.errors import ChannelRefused, OutcomeUnknown
from bot.model import Post
from bot.testing import NOW
from bot.testing.networks.matrix import ALIAS, ROOM
from tests.channels.trial import OTHER, POST, TOKEN, parcel


def test_html_of_a_story_is_words_and_its_link_can_be_followed() -> None:
    post = Post(text='<b>"A"</b> & B\n\nhttps://r.example/?a=1&b="2"', url='https://r.example/?a=1&b="2"')
    link = "https://r.example/?a=1&amp;b=&quot;2&quot;"
    assert _formatted(post) == f'&lt;b&gt;"A"&lt;/b&gt; &amp; B<br><br><a href="{link}">{link}</a>'


async def test_what_is_sent_breaks_no_rule_of_clients_and_calls_nobody(trial_of) -> None:
    trial = trial_of("matrix")
    await trial.do("send", parcel())
    (post,) = trial.network.visible
    assert (post.fields["breaches"], post.fields["msgtype"]) == ((), "m.notice")
    assert post.fields["links"] == ((POST.url, POST.url),)
    assert b'"m.mentions":{}' in post.raw


@pytest.mark.parametrize("room", [ALIAS, ROOM])
async def test_an_address_is_asked_for_once_an_id_never(trial_of, room) -> None:
    trial = trial_of("matrix", {"room": room})
    async with trial.channel() as channel:
        for number in range(3):
            await channel.send(parcel(OTHER, f"{TOKEN}{number}"))
    asked = [each for each in trial.network.asked if "/directory/room/" in each.path]
    assert len(asked) == (1 if room == ALIAS else 0)


@pytest.mark.parametrize(("trouble", "act"), [("left", "check"), ("left", "send"), ("forbidden", "send")])
async def test_a_room_in_which_the_account_may_not_write_refuses_the_channel(trial_of, trouble, act) -> None:
    trial = trial_of("matrix")
    trial.network.trouble = trouble
    error = await trial.failure(act, *([parcel()] if act == "send" else []))
    assert isinstance(error, ChannelRefused)
    assert ALIAS in str(error)


async def test_the_same_words_are_found_though_the_token_is_a_new_one(trial_of) -> None:
    trial = trial_of("matrix")
    sent = await trial.do("send", parcel(token=TOKEN[::-1]))
    assert await trial.do("recall", parcel(), NOW) is None
    trial.network._events[0].transaction = ""
    assert (await trial.do("recall", parcel(), NOW)).id == sent.id


async def test_a_room_is_read_no_further_back_than_the_attempt(trial_of) -> None:
    trial = trial_of("matrix", burst=2000)
    await trial.do("send", parcel())
    trial.clock.advance(hours=1)
    assert await trial.do("recall", parcel(), NOW + timedelta(minutes=30)) is None


async def test_a_guest_whose_clock_is_wrong_hides_no_post(trial_of) -> None:
    trial = trial_of("matrix", burst=2000)
    sent = await trial.do("send", parcel())
    guest = trial.network._made("m.room.message", {"msgtype": "m.text", "body": "1970"}, "t1")
    trial.network._keep(replace(guest, sender="@guest:elsewhere.example", when=NOW - timedelta(days=9)))
    assert (await trial.do("recall", parcel(), NOW)).id == sent.id


async def test_a_room_in_which_too_much_was_said_leaves_it_unknown(trial_of) -> None:
    trial = trial_of("matrix", burst=2000)
    for number in range(1001):
        event = trial.network._made("m.room.message", {"msgtype": "m.text", "body": f"{number}"}, f"t{number}")
        trial.network._keep(event)
    assert isinstance(await trial.failure("recall", parcel(), NOW), OutcomeUnknown)


async def test_an_edit_to_something_else_is_another_transaction(trial_of) -> None:
    trial = trial_of("matrix")
    sent = await trial.do("send", parcel())
    for text in ("One", "Two", "Three"):
        await trial.do("edit", sent.id, parcel(replace(OTHER, text=text)))
    assert trial.texts() == ["Three"]


@pytest.mark.parametrize("room", ["news:record.example", "", "@bot:record.example", "#"])
def test_a_room_is_an_address_or_an_id(room: str) -> None:
    with pytest.raises(ValidationError):
        MatrixOptions(homeserver="https://m.example", token=SecretStr("t"), room=room)
