"""What every channel that posts must do, against the fake of its network.

A new kind is covered by being there: its file in ``bot/channels``, its template, and its fake in
``bot/testing/networks`` with a ``SAMPLE``.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from bot.channels.base import Editing, Learning, Measuring, Posting, Recalling, Removing, kinds
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Idempotency, Limits, Pace, Post, PostAct, PostPicture, PostRules, Reactions
from bot.settings import PostTable, shipped
from bot.testing.networks import BREAK, DROP, Fault, Posted
from bot.testing.ports import free_port
from tests.channels.trial import OTHER, POST, TOKEN, URL, Trial, parcel

POSTING: dict[str, Any] = {name: cls for name, cls in sorted(kinds().items()) if cls.medium == "post"}
OTHERS = {"apprise"}
"""What stands for many networks, and has no fake of its own: its file of tests has to do."""
FORGETFUL = {"ntfy", "webhook"}
"""They keep nothing of what was taken down, and take its edit for a new message, or for done."""
WORDLESS = {"telegram"}
"""A picture has no description there: what it shows stands in no field of the network's."""
TRUSTING = {"teams", "webhook"}
"""Any success is one there: the receiver's answer has no words that we know."""
KINDS = [name for name in POSTING if name not in OTHERS]
KEYED = [name for name in KINDS if POSTING[name].idempotency is not Idempotency.NONE]


def able(*whats: Any) -> Any:
    """The kinds whose channels can do all of it."""
    able_kinds = [name for name in KINDS if all(isinstance(POSTING[name], what) for what in whats)]
    return pytest.mark.parametrize("trial", able_kinds, indirect=True)


@pytest.fixture(params=KINDS)
def trial(request: pytest.FixtureRequest, trial_of: Any) -> Trial:
    made: Trial = trial_of(request.param)
    return made


def words(text: str) -> str:
    """Without line breaks, and without what only keeps a network from reading a mention."""
    return " ".join(text.replace("\u200b", "").split())


def says(seen: Posted, post: Post) -> bool:
    """Whether followers see the text of ``post``, and can follow its link, wherever the network shows that."""
    card = f"{seen.card.url} {seen.card.title}" if seen.card else ""
    reach = f"{seen.text} {seen.url} {card} {seen.fields} {seen.raw.decode('utf-8', 'replace')}"
    bare = words(post.text.replace(post.url, "")) if post.url else words(post.text)
    return bare in words(seen.text.replace(post.url, "")) and (not post.url or post.url in reach)


@pytest.mark.parametrize("kind", POSTING)
def test_it_says_what_it_is(kind: str) -> None:
    cls = POSTING[kind]
    assert issubclass(cls.Options, PostTable)
    assert cls.idempotency in Idempotency
    assert cls.verified == "" or date.fromisoformat(cls.verified) <= datetime.now(UTC).date()
    assert cls.template == kind
    assert (shipped("templates") / "posts" / f"{kind}.txt.j2").is_file()
    documented = importlib.import_module(cls.__module__).__doc__ or ""
    assert re.search(r"https?://", documented), "the file opens with the address of the API's page"
    assert re.search(r"\d{4}-\d\d-\d\d|from memory", documented), "and with the date on which it was checked"
    assert all(each.description for each in cls.Options.model_fields.values())


async def test_it_can_be_composed_for_paced_and_previewed(trial: Trial) -> None:
    async with trial.channel() as channel:
        assert isinstance(channel, Posting)
        assert channel.connections >= 1
        for value, kind in ((channel.limits, Limits), (channel.rules, PostRules), (channel.pace, Pace)):
            assert isinstance(value, kind)


async def test_its_payload_is_pure_and_holds_no_secret(trial: Trial) -> None:
    pictured = replace(POST, pictures=(PostPicture(url="https://record.example/a.jpg", alt="The ferry"),))
    async with trial.channel() as channel:
        for post in (POST, pictured, Post(text="Nothing but words")):
            first = channel.payload(parcel(post))
            written = json.dumps(first, ensure_ascii=False, sort_keys=True)
            assert json.dumps(channel.payload(parcel(post)), ensure_ascii=False, sort_keys=True) == written
            assert not [secret for secret in trial.secrets if secret in written]
    assert trial.network.asked == []


async def test_a_post_is_up_once_and_says_what_it_should(trial: Trial) -> None:
    receipt = await trial.do("send", parcel())
    (seen,) = trial.seen()
    assert says(seen, POST)
    assert receipt.server
    assert not [secret for secret in trial.secrets if secret in f"{receipt!r}"]


async def test_a_check_says_one_line_and_posts_nothing(trial: Trial) -> None:
    said = await trial.do("check")
    assert said
    assert "\n" not in said
    assert not [secret for secret in trial.secrets if secret in said]
    assert trial.texts() == []


@pytest.mark.parametrize("trial", KEYED, indirect=True)
async def test_a_parcel_that_is_sent_again_is_still_one_post_where_the_network_has_a_key(trial: Trial) -> None:
    for minutes in (0, 30, 300):
        trial.clock.advance(minutes=minutes)
        await trial.do("send", parcel())
    assert len(trial.texts()) == 1


async def test_another_parcel_is_another_post(trial: Trial) -> None:
    await trial.do("send", parcel())
    trial.clock.advance(minutes=2)
    await trial.do("send", parcel(OTHER, TOKEN[::-1]))
    assert len(trial.texts()) == 2


async def test_an_answer_that_is_lost_is_unknown_or_harmless(trial: Trial) -> None:
    await trial.meets(BREAK)
    began = trial.clock()
    error = await trial.failure("send", parcel())
    # Some networks list a post only after a while.
    trial.clock.advance(minutes=2)
    assert not error.permanent
    assert not isinstance(error, ChannelRefused)
    async with trial.channel() as channel:
        if channel.idempotency is Idempotency.NONE:
            assert isinstance(error, OutcomeUnknown)
        if isinstance(channel, Recalling):
            found = await channel.recall(parcel(), began)
            assert found is not None
            assert found.id
        if channel.idempotency is not Idempotency.NONE:
            await channel.send(parcel())
    assert len(trial.texts()) == 1


@able(Recalling)
async def test_a_post_that_never_came_is_not_recalled(trial: Trial) -> None:
    async with trial.channel() as channel:
        await channel.send(parcel(replace(OTHER, url="", card=None, text="Another story altogether"), TOKEN[::-1]))
        began = trial.clock()
        trial.clock.advance(hours=1)
        try:
            assert await channel.recall(parcel(), began) is None
        except OutcomeUnknown as error:
            trial.shows_no_secret(error)


@pytest.mark.parametrize("trial", [name for name in KINDS if name not in TRUSTING], indirect=True)
async def test_a_success_that_names_no_post_is_not_taken_for_one(trial: Trial) -> None:
    """A proxy's page, or an error in the clothes of a success: the post would be lost without a word."""
    for body in ("<html>Back soon</html>", "{}", '{"ok": false, "error": {"message": "no"}}', "[]"):
        await trial.meets(Fault(200, {"content-type": "text/html"}, body))
        error = await trial.failure("send", parcel())
        assert not error.permanent
        async with trial.channel() as channel:
            if channel.idempotency is not Idempotency.KEY:
                assert isinstance(error, OutcomeUnknown)
        assert trial.texts() == []


@able(Recalling)
async def test_an_answer_of_something_else_than_the_network_does_not_say_what_is_there(trial: Trial) -> None:
    """A proxy's page for maintenance, with a 200: to believe that the post is not there would be to double it."""
    await trial.meets(BREAK)
    began = trial.clock()
    await trial.failure("send", parcel())
    trial.clock.advance(hours=1)
    await trial.do("recall", parcel(), began)
    last = trial.network.asked[-1]
    for body in ("<html>Back soon</html>", "{}", "[1]", '{"ok": true, "error": {"code": 1}}'):
        trial.network.fail(Fault(200, {"content-type": "text/html"}, body), method=last.method, path=unquote(last.path))
        try:
            found = await trial.do("recall", parcel(), began)
        except DeliveryError as error:
            assert not error.permanent or isinstance(error, OutcomeUnknown)
        else:
            # Not the place where it looked last: it knows from elsewhere.
            assert found is not None


@pytest.mark.parametrize("seconds", [7, 900])
async def test_a_limit_is_waited_for_as_long_as_it_asks(trial: Trial, seconds: int) -> None:
    await trial.meets(Fault(429, {"Retry-After": str(seconds)}))
    error = await trial.failure("send", parcel())
    assert isinstance(error, ServerBusy)
    assert error.retry_after == seconds
    assert trial.texts() == []
    await trial.do("send", parcel())
    assert len(trial.texts()) == 1


async def test_access_that_was_taken_back_refuses_the_channel(trial: Trial) -> None:
    async with trial.channel() as channel:
        trial.network.revoke()
        for _ in range(2):
            with pytest.raises(ChannelRefused) as raised:
                await channel.send(parcel())
            trial.shows_no_secret(raised.value)
    assert trial.network.visible == []


@pytest.mark.parametrize(
    "fault",
    [Fault(500), Fault(502, body="<html>"), Fault(503), Fault(504, when="after"), DROP],
    ids=["500", "502", "503", "504 though it is up", "dropped"],
)
async def test_trouble_of_the_server_refuses_nobody_and_fails_nothing_for_good(trial: Trial, fault: Fault) -> None:
    await trial.meets(fault)
    error = await trial.failure("send", parcel())
    assert not isinstance(error, ChannelRefused)
    assert not error.permanent
    if trial.network.visible:
        assert isinstance(error, OutcomeUnknown) or trial.kind in KEYED


async def test_a_secret_that_the_server_says_back_is_not_shown(trial: Trial) -> None:
    method, path = await trial.publishing()
    async with trial.channel():
        said = " ".join(trial.secrets)
    for status in (400, 401, 403):
        body = json.dumps({"error": said, "message": said, "description": said})
        trial.network.fail(Fault(status, {"Content-Type": "application/json"}, body), method=method, path=path)
        await trial.failure("send", parcel())
        trial.network.faults.clear()


async def test_a_server_that_is_not_there_is_busy(trial: Trial) -> None:
    base = f"http://127.0.0.1:{free_port()}"
    assert isinstance(await trial.failure("send", parcel(), base=base), ServerBusy)


async def test_what_is_too_long_fails_for_good_and_is_not_up_in_part(trial: Trial) -> None:
    async with trial.channel() as channel:
        most = max(channel.limits.characters or 0, channel.limits.size or 0)
    if not most:
        pytest.skip("any length is taken")
    error = await trial.failure("send", parcel(replace(POST, text="word " * most + URL)))
    assert error.permanent
    assert trial.texts() == []


@able(Editing)
async def test_an_edit_makes_the_post_say_something_else(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        amended = parcel(replace(OTHER, act=PostAct.EDIT, target=sent.id), TOKEN[::-1])
        for _ in range(2):
            trial.clock.advance(minutes=1)
            edited = await channel.edit(sent.id, amended)
            assert edited.id == sent.id
        (seen,) = trial.seen()
        assert says(seen, OTHER)
        assert "14,1" not in seen.text


@able(Removing)
async def test_a_post_that_is_taken_down_is_gone(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        trial.clock.advance(minutes=1)
        other = await channel.send(parcel(OTHER, TOKEN[::-1]))
        for _ in range(2):
            await channel.remove(sent.id)
            trial.clock.advance(minutes=1)
        (left,) = trial.seen()
        assert says(left, OTHER)
        if isinstance(channel, Editing) and trial.kind not in FORGETFUL:
            with pytest.raises(DeliveryError) as raised:
                await channel.edit(sent.id, parcel(OTHER))
            assert raised.value.permanent
        await channel.remove(other.id)
    assert trial.texts() == []


async def test_a_reply_names_the_post_it_answers(trial: Trial) -> None:
    async with trial.channel() as channel:
        if not channel.limits.thread:
            pytest.skip("posts answer none there")
        sent = await channel.send(parcel())
        trial.clock.advance(minutes=1)
        await channel.send(parcel(replace(OTHER, answers=sent.id), TOKEN[::-1]))
    first, second = trial.seen()
    assert second.reply_to == first.id or sent.id.encode() in second.raw


async def test_a_picture_comes_with_its_description(trial: Trial) -> None:
    async with trial.channel() as channel:
        if not channel.limits.images:
            pytest.skip("posts have no pictures of their own there")
        alt = "" if trial.kind in WORDLESS else "The ferry at the quay"
        picture = PostPicture(url=trial.picture, alt="The ferry at the quay")
        await channel.send(parcel(replace(POST, pictures=(picture,))))
    (seen,) = trial.seen()
    assert [each.alt for each in seen.pictures] == [alt]


@able(Learning)
async def test_what_a_server_tells_of_its_limits_holds_from_then_on(trial: Trial) -> None:
    async with trial.channel() as channel:
        learned = await channel.learn()
        assert isinstance(learned, Limits)
        assert channel.limits == learned


@able(Measuring)
async def test_how_followers_reacted_is_told_as_far_as_the_network_counts(trial: Trial) -> None:
    given = {"likes": 12, "reposts": 3, "replies": 1, "quotes": 2, "views": 1040}
    async with trial.channel() as channel:
        assert channel.at_once >= 1
        assert all(period.total_seconds() >= 1 and most >= 1 for period, most in channel.measures.items())
        sent = await channel.send(parcel())
        trial.clock.advance(minutes=1)
        other = await channel.send(parcel(OTHER, TOKEN[::-1]))
        trial.network.react(sent.id, **given)
        before = trial.texts()
        told = await channel.measure([sent.id, other.id])
    liked, quiet = told[sent.id], told[other.id]
    assert liked.likes == 12
    assert all(getattr(liked, name) in (None, value) for name, value in given.items())
    # What nobody did is a zero, what is not told is none.
    assert quiet == Reactions(**{name: 0 if getattr(liked, name) is not None else None for name in given})
    assert trial.texts() == before


@able(Measuring)
async def test_as_many_posts_as_it_says_may_be_asked_for_at_once(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        trial.network.react(sent.id, likes=7)
        others = [f"{sent.id[:-3]}{number:03d}" for number in range(channel.at_once)]
        told = await channel.measure([sent.id, *[each for each in others if each != sent.id][: channel.at_once - 1]])
    assert told[sent.id].likes == 7
    assert all(found is None for id, found in told.items() if id != sent.id)


@able(Measuring, Removing)
async def test_of_a_post_that_is_gone_it_is_told_that_it_is(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        trial.clock.advance(minutes=1)
        other = await channel.send(parcel(OTHER, TOKEN[::-1]))
        trial.network.react(other.id, likes=4)
        await channel.remove(sent.id)
        ids = [sent.id, other.id][: channel.at_once]
        told = await channel.measure(ids)
    assert told[sent.id] is None
    assert channel.at_once < 2 or told[other.id].likes == 4


@able(Measuring)
async def test_what_names_no_post_of_the_network_is_not_asked_for(trial: Trial) -> None:
    async with trial.channel() as channel:
        await channel.measure([])
        for id in ("", "../../me", "1 OR 1", "https://record.example/1?x=1", "\u0661\u0662"):
            assert not [found for found in (await channel.measure([id])).values() if found]
    assert trial.network.asked == []


@able(Measuring)
async def test_figures_that_are_none_are_not_believed(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        for nonsense in (-1, "12", 10**30, 1.5, True):
            trial.network.react(sent.id, likes=nonsense, reposts=nonsense, replies=nonsense, quotes=nonsense)
            told = (await channel.measure([sent.id]))[sent.id]
            assert told is not None
            assert (told.likes, told.reposts, told.replies, told.quotes) == (None, None, None, None)


@able(Measuring)
async def test_an_answer_that_is_none_does_not_say_that_a_post_is_gone(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        await channel.measure([sent.id])
        last = trial.network.asked[-1]
        for body in ("<html>Back soon</html>", "{}", "[1]", '{"ok": true, "error": {"code": 1}}'):
            fault = Fault(200, {"content-type": "text/html"}, body)
            trial.network.fail(fault, method=last.method, path=unquote(last.path))
            try:
                told = await channel.measure([sent.id])
            except DeliveryError as error:
                assert not error.permanent
                trial.shows_no_secret(error)
            else:
                assert sent.id not in told or told[sent.id] is not None


@able(Measuring)
@pytest.mark.parametrize("fault", [Fault(429, {"Retry-After": "900"}), Fault(503), DROP], ids=["429", "503", "dropped"])
async def test_a_network_that_does_not_answer_now_is_asked_later(trial: Trial, fault: Fault) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        await channel.measure([sent.id])
        last = trial.network.asked[-1]
        trial.network.fail(fault, times=2, method=last.method, path=unquote(last.path))
        with pytest.raises(DeliveryError) as raised:
            await channel.measure([sent.id])
    trial.shows_no_secret(raised.value)
    assert not raised.value.permanent
    assert not isinstance(raised.value, ChannelRefused)
    if fault.status == 429:
        assert isinstance(raised.value, ServerBusy)
        assert raised.value.retry_after == 900


@able(Measuring)
async def test_who_may_not_ask_any_more_is_told_so(trial: Trial) -> None:
    async with trial.channel() as channel:
        sent = await channel.send(parcel())
        trial.network.revoke()
        with pytest.raises(ChannelRefused) as raised:
            await channel.measure([sent.id])
    trial.shows_no_secret(raised.value)
