from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.channels.email.answers import Reply
from bot.channels.email.greeting import Server
from bot.channels.email.transport import Envelope, Session
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Email, Parcel, Rendition
from bot.testing import NOW
from tests.channels.scripted import ONE_BY_ONE, PIPELINING, Script, serving


def envelope(number: int, recipient: str = "", size: int = 0) -> Envelope:
    token = f"token-{number}"
    rendition = Rendition(channel="mail", email=Email(subject="x", preheader="", html="", text=""))
    parcel = Parcel(token=token, edition="e", schedule="morning", slot=NOW, rendition=rendition, delivery=number)
    content = f"Message-ID: <{token}@record.example>\r\n\r\nThe ferry returns.\r\n".encode() + b"More of it.\r\n" * size
    return Envelope(parcel, "bounces@record.example", recipient or f"reader{number}@readers.test", content)


@dataclass
class Tray:
    """A queue that holds its session to the protocol: each message ends once, and says nothing before ``ahead``."""

    script: Script
    waiting: deque[Envelope]
    denied: frozenset[int] = frozenset()
    patience: float = 0.0
    out: set[int] = field(default_factory=set)
    allowed: set[int] = field(default_factory=set)
    answers: dict[int, Reply | DeliveryError] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    most_out: int = 0

    def take(self) -> Envelope | None:
        if not self.waiting:
            return None
        taken = self.waiting.popleft()
        self.out.add(taken.parcel.delivery)
        self.most_out = max(self.most_out, len(self.out))
        return taken

    async def ahead(self, envelope: Envelope) -> bool:
        number = envelope.parcel.delivery
        assert number in self.out
        assert number not in self.allowed
        await asyncio.sleep(self.patience)
        assert f"<token-{number}@".encode() not in self.script.received
        if number in self.denied:
            self.out.remove(number)
            self.dropped.append(number)
            return False
        self.allowed.add(number)
        assert len(self.allowed - self.answers.keys()) == 1, "more than one message of a connection can be unknown"
        return True

    def settle(self, envelope: Envelope, answer: Reply | DeliveryError) -> None:
        number = envelope.parcel.delivery
        self.out.remove(number)
        assert number not in self.answers
        self.answers[number] = answer

    def give_back(self, envelope: Envelope) -> None:
        number = envelope.parcel.delivery
        assert number not in self.allowed, "what was said to be on its way is not given back"
        self.out.remove(number)
        self.back.append(number)
        self.waiting.appendleft(envelope)

    def of(self, kind: type) -> list[int]:
        return [number for number, answer in self.answers.items() if type(answer) is kind]


def tray(script: Script, *envelopes: Envelope, **fields: Any) -> Tray:
    return Tray(script, deque(envelopes), **fields)


def three(script: Script, **fields: Any) -> Tray:
    return tray(script, *(envelope(number) for number in (1, 2, 3)), **fields)


def target(port: int, **fields: Any) -> Server:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "hello": "record.example", "timeout": 2.0}
    return Server(**{**given, **fields})


async def one_session(script: Script, queue: Tray, *, most: int = 100, **fields: Any) -> None:
    """What one connection makes of the queue."""
    async with serving(script) as port:
        session = await Session.open(target(port, **fields), None)
        await session.work(queue, most=most)
        await session.quit()
    assert not queue.out


async def sessions(script: Script, queue: Tray, *, at_most: int = 12, **fields: Any) -> None:
    """Connections one after the other, until nothing waits."""
    async with serving(script) as port:
        for _ in range(at_most):
            if not queue.waiting:
                break
            try:
                session = await Session.open(target(port, **fields), None)
            except DeliveryError:
                continue
            await session.work(queue, most=100)
            await session.quit()
            assert not queue.out
            await asyncio.sleep(0.01)


def recipients(script: Script) -> list[str]:
    return [recipient for _, recipient, _ in script.kept]


# --- what is written together


async def test_a_group_is_written_at_once_and_the_next_behind_the_messages_end() -> None:
    script = Script()
    queue = three(script, patience=0.01)
    await one_session(script, queue)
    assert len(script.kept) == 3
    _, first, *ends, goodbye = script.chunks
    assert re.fullmatch(
        rb"MAIL FROM:<bounces@record.example> SIZE=\d+\r\nRCPT TO:<reader1@readers.test>\r\nDATA\r\n", first
    )
    assert len(ends) == 3
    for number, chunk in enumerate(ends, 1):
        content, end, group = chunk.partition(b"\r\n.\r\n")
        assert end
        assert content + b"\r\n" == envelope(number).content
        assert (group.startswith(b"MAIL") and group.endswith(b"DATA\r\n")) if number < 3 else not group
    assert goodbye == b"QUIT\r\n"


async def test_without_pipelining_each_command_waits_for_the_answer_before() -> None:
    script = Script(offers=ONE_BY_ONE, answers={"RCPT": ["normal", "550 5.1.1 no such user"]})
    queue = three(script)
    await one_session(script, queue)
    assert script.early == []
    assert queue.of(Reply) == [1, 3]
    assert "RSET" in script.said
    assert [chunk[:4] for chunk in script.chunks if not chunk.startswith(b"Mess")] == [
        b"EHLO",
        *[b"MAIL", b"RCPT", b"DATA"],
        *[b"MAIL", b"RCPT"],
        *[b"RSET", b"MAIL", b"RCPT", b"DATA"],
        b"QUIT",
    ]


async def test_after_helo_nothing_is_taken_for_granted() -> None:
    script = Script(answers={"EHLO": ["502 5.5.2 what?"]})
    queue = three(script)
    await one_session(script, queue)
    assert b" SIZE=" not in script.received
    assert all(chunk.count(b"\r\n") == 1 for chunk in script.chunks if not chunk.startswith(b"Mess"))
    assert queue.of(Reply) == [1, 2, 3]


@pytest.mark.parametrize("offers", [PIPELINING, ONE_BY_ONE])
async def test_a_message_that_must_not_go_out_costs_its_connection_and_arrives_nowhere(offers: tuple[str, ...]) -> None:
    script = Script(offers=offers)
    queue = three(script, denied=frozenset([2]), patience=0.01)
    await sessions(script, queue)
    assert recipients(script) == ["reader1@readers.test", "reader3@readers.test"]
    assert script.connections == 2
    assert (queue.dropped, queue.back) == ([2], [])
    assert b"<token-2@" not in script.received


async def test_a_connection_takes_as_many_messages_as_it_may() -> None:
    script = Script()
    queue = tray(script, *(envelope(number) for number in range(1, 8)))
    async with serving(script) as port:
        while queue.waiting:
            session = await Session.open(target(port), None)
            await session.work(queue, most=3)
            await session.quit()
    assert script.per_connection == {1: 3, 2: 3, 3: 1}
    assert queue.back == []


# --- what the server can do, and what not


async def test_a_message_that_is_too_large_is_refused_before_anything_of_it_is_said() -> None:
    script = Script(offers=("PIPELINING", "SIZE 200"))
    queue = tray(script, envelope(1), envelope(2, size=100), envelope(3))
    await one_session(script, queue)
    assert isinstance(queue.answers[2], ChannelRefused)
    assert "200 bytes at most" in str(queue.answers[2])
    assert b"reader2" not in script.received
    assert queue.of(Reply) == [1, 3]
    assert f" SIZE={len(envelope(1).content)}\r\n".encode() in script.received


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE ²", "SIZE many", "SIZE " + "9" * 5000])
async def test_a_size_that_is_no_limit_limits_nothing(size: str) -> None:
    script = Script(offers=("PIPELINING", size))
    queue = three(script)
    await one_session(script, queue)
    assert queue.of(Reply) == [1, 2, 3]


async def test_rfc6531_3_4_utf8_is_asked_for_only_where_it_is_needed() -> None:
    script = Script()
    queue = tray(script, envelope(1), envelope(2, "zoë@readers.test"))
    await one_session(script, queue)
    lines = script.received.split(b"\r\n")
    first, second = [line for line in lines if line.startswith(b"MAIL")]
    assert b"UTF8" not in first
    assert b"BODY" not in first
    assert second.endswith(b" BODY=8BITMIME SMTPUTF8")
    assert "RCPT TO:<zoë@readers.test>".encode() in lines


@pytest.mark.parametrize("missing", ["SMTPUTF8", "8BITMIME"])
async def test_rfc6531_3_5_utf8_is_not_sent_to_a_server_that_does_not_take_it(missing: str) -> None:
    script = Script(offers=[each for each in PIPELINING if each != missing])
    queue = tray(script, envelope(1), envelope(2, "zoë@readers.test"), envelope(3))
    await one_session(script, queue)
    refused = queue.answers[2]
    assert isinstance(refused, DeliveryError)
    assert (refused.permanent, refused.enhanced) == (True, "5.6.7")
    assert "zoë".encode() not in script.received
    assert queue.of(Reply) == [1, 3]


# --- refusals


@pytest.mark.parametrize("offers", [PIPELINING, ONE_BY_ONE])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize("answer", ["451 4.3.0 later", "550 5.1.1 no such user", "554-5.7.1 no\r\n554 5.7.1 never"])
async def test_a_refusal_hits_its_own_message_only(offers: tuple[str, ...], stage: str, answer: str) -> None:
    script = Script(offers=offers, answers={stage: ["normal", answer]})
    queue = three(script)
    await one_session(script, queue)
    assert queue.of(Reply) == [1, 3]
    assert isinstance(queue.answers[2], DeliveryError)
    assert recipients(script) == ["reader1@readers.test", "reader3@readers.test"]
    assert script.connections == 1


async def test_a_message_without_recipient_that_the_server_waits_for_is_ended_empty() -> None:
    script = Script(lenient=True, answers={"RCPT": ["550 5.1.1 no such user"]})
    queue = three(script)
    await one_session(script, queue)
    assert b"DATA\r\n.\r\n" in script.received.replace(b"354", b"")
    assert b"<token-1@" not in script.received
    assert queue.of(Reply) == [2, 3]
    assert "RSET" not in script.said


async def test_a_refused_recipient_and_data_are_followed_by_a_reset() -> None:
    script = Script(answers={"RCPT": ["550 5.1.1 no such user"]})
    await one_session(script, three(script))
    assert script.said[1:7] == ["MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT"]


async def test_a_reader_whom_a_server_takes_without_the_sender_gets_no_empty_mail() -> None:
    script = Script(lenient=True, answers={"MAIL": ["451 4.3.0 later"], "RCPT": ["250 whoever"]})
    queue = three(script)
    await sessions(script, queue)
    assert isinstance(queue.answers[1], ServerBusy)
    assert [content for _, _, content in script.kept if not content] == []
    assert recipients(script) == ["reader2@readers.test", "reader3@readers.test"]


@pytest.mark.parametrize("answer", ["502 5.5.1 what?", "421 4.3.2 going", "354 odd", "close", "421 bye|close"])
@pytest.mark.parametrize("offers", [PIPELINING, ONE_BY_ONE])
async def test_a_reset_that_fails_ends_the_connection_and_blames_nobody(offers: tuple[str, ...], answer: str) -> None:
    script = Script(offers=offers, answers={"RCPT": ["550 5.1.1 no such user"], "RSET": [answer]})
    queue = three(script)
    await sessions(script, queue)
    assert queue.back == [2]
    assert queue.of(Reply) == [2, 3]
    assert script.connections == 2


@pytest.mark.parametrize("offers", [PIPELINING, ONE_BY_ONE])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize("answer", ["421 4.3.2 going down", "421 4.3.2 going down|close"])
async def test_a_server_that_goes_down_says_so_once(offers: tuple[str, ...], stage: str, answer: str) -> None:
    script = Script(offers=offers, answers={stage: ["normal", answer]})
    queue = three(script)
    await sessions(script, queue)
    gone = queue.answers[2]
    assert isinstance(gone, ServerBusy)
    assert gone.code == 421
    assert queue.of(Reply) == [1, 3]
    assert script.connections == 2
    assert recipients(script) == ["reader1@readers.test", "reader3@readers.test"]


# --- lines that break


@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_a_server_that_hangs_up_after_a_message_costs_the_next_one_nothing(pause: float) -> None:
    # Some do after so many messages, without a 421; the line is found broken at once, or only when it is used.
    script = Script(answers={"BODY": ["normal|close"]}, pace=pause)
    queue = three(script)
    await sessions(script, queue)
    assert queue.of(Reply) == [1, 2, 3]
    assert queue.back == [2]
    assert recipients(script) == [f"reader{number}@readers.test" for number in (1, 2, 3)]


async def test_a_server_that_hangs_up_at_the_next_sender_costs_it_nothing() -> None:
    script = Script(answers={"MAIL": ["normal", "close"]})
    queue = three(script)
    await sessions(script, queue)
    assert queue.of(Reply) == [1, 2, 3]
    assert queue.back == [2]


async def test_what_a_server_says_before_it_has_the_message_is_no_answer_to_it() -> None:
    script = Script(answers={"DATA": ["normal|250 2.0.0 queued already"]})
    queue = three(script)
    await sessions(script, queue)
    assert isinstance(queue.answers[1], ServerBusy)
    assert b"<token-1@" not in script.received
    assert queue.of(Reply) == [2, 3]


async def test_a_server_that_goes_while_the_ledger_is_written_was_sent_nothing() -> None:
    script = Script(answers={"DATA": ["normal|421 4.4.2 idle too long|close"]})
    queue = three(script, patience=0.02)
    await sessions(script, queue)
    assert isinstance(queue.answers[1], ServerBusy)
    assert b"<token-1@" not in script.received


class Cut(asyncio.Protocol):
    """Between client and server; cuts the line when so many bytes went up."""

    def __init__(self, port: int, most: int) -> None:
        self.port, self.left, self.up, self.down = port, most, None, None
        self.early = b""

    def connection_made(self, transport: Any) -> None:
        self.down = transport
        self.task = asyncio.get_running_loop().create_task(self.dial())

    async def dial(self) -> None:
        down = self

        class Up(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                down.down.write(data)

            def connection_lost(self, error: Exception | None) -> None:
                down.down.close()

        self.up, _ = await asyncio.get_running_loop().create_connection(Up, "127.0.0.1", self.port)
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        self.early += data
        if self.up is None:
            return
        data, self.early = self.early[: self.left], b""
        self.left -= len(data)
        self.up.write(data)
        if not self.left:
            self.up.close()
            self.down.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self.up:
            self.up.close()


def cuts() -> Iterator[int]:
    whole = b"EHLO record.example\r\n" + b"".join(
        f"MAIL FROM:<bounces@record.example> SIZE={len(envelope(n).content)}\r\n".encode()
        + f"RCPT TO:<reader{n}@readers.test>\r\nDATA\r\n".encode()
        + envelope(n).content
        + b".\r\n"
        for n in (1, 2)
    )
    return iter(range(1, len(whole) + 1))


async def test_a_line_that_breaks_at_any_byte_loses_and_doubles_nothing() -> None:
    content = len(envelope(1).content)
    seen = set()
    for most in cuts():
        script = Script()
        queue = tray(script, envelope(1), envelope(2))
        async with serving(script) as port:
            proxy = await asyncio.get_running_loop().create_server(
                lambda port=port, most=most: Cut(port, most), "127.0.0.1", 0
            )
            async with proxy:
                broken = proxy.sockets[0].getsockname()[1]
                try:
                    session = await Session.open(target(broken), None)
                    await session.work(queue, most=100)
                    session.close()
                except ServerBusy:
                    assert queue.answers == {}
                assert not queue.out
        for number in (1, 2):
            answer, kept = queue.answers.get(number), f"reader{number}@readers.test" in recipients(script)
            whole = f"<token-{number}@".encode() in script.received
            seen.add((number, type(answer).__name__, kept))
            if answer is None:
                assert not whole
                assert number in queue.back or any(each.parcel.delivery == number for each in queue.waiting)
            elif isinstance(answer, Reply):
                assert kept
            elif not isinstance(answer, OutcomeUnknown):
                assert not kept
                assert not whole
    assert content
    assert {(1, "OutcomeUnknown", False), (2, "OutcomeUnknown", False), (2, "NoneType", False)} <= seen


# --- a kept connection


async def test_a_kept_connection_that_died_meanwhile_costs_nothing() -> None:
    script = Script()
    queue = tray(script, envelope(1))
    async with serving(script) as port:
        session = await Session.open(target(port), None)
        await session.work(queue, most=100)
        script.answers["MAIL"] = ["421 4.4.2 idle too long|close"]
        queue.waiting.append(envelope(2))
        await session.work(queue, most=100)
        assert (queue.back, queue.of(Reply)) == ([2], [1])
        session.close()


async def test_a_kept_connection_at_which_something_was_said_meanwhile_is_not_used() -> None:
    script = Script(answers={"BODY": ["normal|421 4.4.2 I shall go"]})
    async with serving(script) as port:
        session = await Session.open(target(port), None)
        await session.work(tray(script, envelope(1)), most=100)
        assert not session.ready
        session.close()


async def test_a_refused_recipient_last_is_reset_when_the_kept_connection_is_used_again() -> None:
    script = Script(answers={"RCPT": ["550 5.1.1 no such user"]})
    queue = tray(script, envelope(1))
    async with serving(script) as port:
        session = await Session.open(target(port), None)
        await session.work(queue, most=100)
        queue.waiting.append(envelope(2))
        await session.work(queue, most=100)
        await session.quit()
    assert recipients(script) == ["reader2@readers.test"]
    assert script.said == ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


# --- what is raised in between


class Fault(Exception):
    pass


async def test_a_fault_while_the_next_is_taken_leaves_nothing_unknown() -> None:
    script = Script()
    queue = three(script)
    usual = queue.take

    def take() -> Envelope | None:
        if queue.allowed:
            raise Fault
        return usual()

    queue.take = take  # type: ignore[method-assign]
    async with serving(script) as port:
        session = await Session.open(target(port), None)
        with pytest.raises(Fault):
            await session.work(queue, most=100)
        session.close()
        await asyncio.sleep(0.02)
    assert not queue.out
    assert type(queue.answers[1]) is DeliveryError
    assert b"<token-1@" not in script.received


@pytest.mark.parametrize(("stage", "unknown"), [("MAIL", 0), ("RCPT", 0), ("DATA", 0), ("BODY", 1)])
async def test_what_is_cancelled_gives_back_all_but_the_message_on_its_way(stage: str, unknown: int) -> None:
    script = Script(answers={stage: ["silence"]})
    queue = three(script)
    async with serving(script) as port:
        session = await Session.open(target(port), None)
        work = asyncio.create_task(session.work(queue, most=100))
        await asyncio.sleep(0.05)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        session.close()
    assert len(queue.out) == unknown
    assert queue.out <= queue.allowed
    assert len(queue.waiting) == 3 - unknown


async def test_a_goodbye_that_is_cancelled_closes_all_the_same() -> None:
    script = Script(answers={"QUIT": ["silence"]})
    async with serving(script) as port:
        session = await Session.open(target(port), None)
        leaving = asyncio.create_task(session.quit())
        await asyncio.sleep(0.02)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert not session.alive


# --- the login


@pytest.mark.parametrize(("offer", "sent"), [("AUTH PLAIN LOGIN", 1), ("AUTH LOGIN", 1), ("auth plain", 1)])
async def test_a_login_of_either_kind_is_made_once(offer: str, sent: int) -> None:
    script = Script(offers=("PIPELINING", offer))
    await one_session(script, three(script), username="bot", password="Tr0ub4dor")
    assert script.said.count("AUTH") == sent
    assert len(script.kept) == 3


@pytest.mark.parametrize(
    "answer",
    [
        "535 5.7.8 no: AUTH PLAIN AGJvdABUcjB1YjRkb3I=",
        "535 5.7.8 wrong password Tr0ub4dor",
        "535-AGJvdABUcjB1YjRkb3I=\r\n535 VHIwdWI0ZG9y",
        "454 4.7.0 try later, Tr0ub4dor",
        "AUTH PLAIN AGJvdABUcjB1YjRkb3I=",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AGJvdABUcjB1YjRkb3I=",
        "235-Tr0ub4dor\r\nTr0ub4dor",
    ],
)
@pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN"])
async def test_no_answer_to_a_login_brings_the_password_into_an_error(offer: str, answer: str) -> None:
    script = Script(offers=(offer,), always={"AUTH": answer})
    async with serving(script) as port:
        with pytest.raises(DeliveryError) as raised:
            await Session.open(target(port, username="bot", password="Tr0ub4dor"), None)
    told, seen = raised.value, []
    while told:
        seen.append(f"{told} {told!r}")
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    for secret in ("Tr0ub4dor", "AGJvdABU", "VHIwdWI0"):
        assert secret not in " ".join(seen)


async def test_a_host_that_can_be_none_is_a_server_that_is_not_there() -> None:
    with pytest.raises(ServerBusy, match="cannot be reached"):
        await Session.open(target(25, host="smtp..record.example"), None)


# --- any server at all

ANSWERS = {
    "MAIL": ["normal", "451 4.3.0 later", "553 5.7.1 not you"],
    "RCPT": ["normal", "550 5.1.1 no such user", "452 4.2.2 full", "251 2.1.5 elsewhere"],
    "DATA": ["normal", "451 4.3.0 later", "554 5.5.1 no"],
    "RSET": ["normal", "502 what?"],
    "BODY": ["normal", "550 5.7.1 spam", "451 4.3.0 scanner", "keep|close", "close", "keep|999 odd"],
}
ODD = [
    *["421 4.3.2 bye", "421 4.3.2 bye|close", "close", "normal|close", "silence", "nonsense", "354 odd", "250"],
    *["normal|250 twice", "normal|550 5.1.1 more", "normal|354 more", "normal|421 4.3.2 bye", "normal|nonsense"],
    *["normal|250 a|250 b|354 c|250 d", "250-half\r\n250-more"],
]
BEHAVIOURS = st.fixed_dictionaries(
    {
        stage: st.lists(st.sampled_from(usual) | st.sampled_from([*usual, *ODD]), max_size=5)
        for stage, usual in ANSWERS.items()
    }
)


@settings(max_examples=200, deadline=None)
@given(BEHAVIOURS, st.booleans(), st.booleans(), st.sets(st.integers(1, 5), max_size=2))
def test_whatever_a_server_does_nothing_is_said_of_a_message_that_is_not_so(
    answers: dict[str, list[str]], pipelining: bool, lenient: bool, denied: set[int]
) -> None:
    # Nobody can tell "354, then 250" that was said too early and to nothing from what is said to DATA and a message.
    assume(not ("250" in answers["DATA"] and any("|354" in each for each in answers["RCPT"])))
    asyncio.run(any_server(answers, pipelining, lenient, frozenset(denied)))


async def any_server(answers: dict[str, list[str]], pipelining: bool, lenient: bool, denied: frozenset[int]) -> None:
    offers = PIPELINING if pipelining else ONE_BY_ONE
    script = Script(offers=offers, lenient=lenient, answers={stage: list(each) for stage, each in answers.items()})
    queue = tray(script, *(envelope(number) for number in range(1, 6)), denied=denied)
    await sessions(script, queue, at_most=40, timeout=0.1)
    assert not queue.waiting, "a session must get on"
    assert queue.answers.keys() | set(queue.dropped) == {1, 2, 3, 4, 5}
    assert set(queue.dropped) <= denied
    kept = {recipient: content for _, recipient, content in script.kept}
    assert len(kept) == len(script.kept), "nobody gets two"
    for number in range(1, 6):
        recipient, answer = f"reader{number}@readers.test", queue.answers.get(number)
        if recipient in kept:
            assert number in queue.allowed
            assert kept[recipient] == envelope(number).content
            assert isinstance(answer, Reply | OutcomeUnknown)
        else:
            assert not isinstance(answer, Reply)
        if isinstance(answer, DeliveryError) and answer.permanent:
            assert "5.1.1" in str(answer) or "5.5.1" in str(answer)
    if not any("|" in each for given in answers.values() for each in given):
        # Who answers twice gets the next command early.
        assert pipelining or not script.early
