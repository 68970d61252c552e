from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email.connection import LONGEST_REPLY, Broken, Connection
from bot.channels.email.greeting import Server
from bot.channels.email.transport import Session
from bot.errors import ChannelRefused, ServerBusy
from tests.channels.scripted import PIPELINING, Script, certificate, serving

REPLIES = b"220 go\r\n250-mx\r\n250-SIZE 100\r\n250 HELP\r\n250\r\n354 go on\n550-5.1.1 no\r\n550 5.1.1 such user\r\n"
READ = [(220, "go"), (250, "mx\nSIZE 100\nHELP"), (250, ""), (354, "go on"), (550, "5.1.1 no\n5.1.1 such user")]

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def heard(*chunks: bytes) -> tuple[list[tuple[int, str]], str]:
    """The replies a connection reads out of what is received so, and why it ends ("": it does not)."""
    connection = Connection()
    connection.connection_made(_Nowhere())
    for chunk in chunks:
        connection.data_received(chunk)
    found = []
    try:
        while connection._replies or not connection.alive:
            found.append(await connection.reply(1.0))
    except Broken as error:
        return found, str(error)
    return found, ""


class _Nowhere(asyncio.Transport):
    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


@asynccontextmanager
async def speaking(speak: Speak) -> AsyncIterator[int]:
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def connected(port: int) -> Connection:
    return await Connection.open("127.0.0.1", port, tls=None, timeout=2.0)


async def test_replies_read_the_same_wherever_the_bytes_are_split() -> None:
    for at in range(len(REPLIES) + 1):
        assert await heard(REPLIES[:at], REPLIES[at:]) == (READ, "")
    assert await heard(*(REPLIES[at : at + 1] for at in range(len(REPLIES)))) == (READ, "")


async def test_eight_bit_text_costs_no_reply() -> None:
    assert await heard(b"250 gr\xfc\xdfe\r\n250 gr\xc3\xbc\xc3\x9fe\r\n") == (
        [(250, "gr\ufffd\ufffde"), (250, "grüße")],
        "",
    )


@pytest.mark.parametrize(
    "line", [b"", b"2", b"25", b"ok", b"250x", b"HTTP/1.1 400 Bad", b"\xff\xfe", b"-ERR", b"\0\0\0"]
)
async def test_what_is_not_smtp_ends_the_connection_and_nothing_behind_it_counts(line: bytes) -> None:
    found, why = await heard(b"220 ready\r\n" + line + b"\r\n250 queued\r\n")
    assert found == [(220, "ready")]
    assert "not SMTP" in why


async def test_nonsense_within_a_reply_is_not_overlooked() -> None:
    assert (await heard(b"250-mx\r\nnonsense\r\n250 queued\r\n"))[0] == []


async def test_a_line_without_end_is_not_collected_for_ever() -> None:
    found, why = await heard(*[b"2" * 1000] * (LONGEST_REPLY // 1000 + 1))
    assert (found, why) == ([], "an endless answer")


async def test_a_reply_without_end_is_not_collected_for_ever() -> None:
    found, why = await heard(*[b"250-more\r\n" * 100] * 100)
    assert (found, why) == ([], "an endless answer")


async def test_replies_nobody_asked_for_are_not_collected_for_ever() -> None:
    found, why = await heard(*[b"250 ok\r\n" * 10] * 100)
    assert why == "an endless answer"
    assert len(found) < 100


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"250 ok\r\n", b"250-a\r\n", b"\r\n", b"250"]), max_size=8))
def test_any_bytes_make_replies_or_end_the_connection(chunks: list[bytes]) -> None:
    joined = b"".join(chunks)
    whole = asyncio.run(heard(joined))
    assert asyncio.run(heard(*chunks)) == whole
    assert asyncio.run(heard(*(joined[at : at + 1] for at in range(len(joined))))) == whole
    assert all(0 <= code <= 999 for code, _ in whole[0])


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with speaking(silent) as port:
        connection = await connected(port)
        with pytest.raises(Broken, match="no answer in time"):
            await connection.reply(0.05)
        assert not connection.alive


async def test_a_longer_wait_after_a_shorter_one_is_as_long_as_it_says() -> None:
    async def slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await asyncio.sleep(0.3)
        writer.write(b"250 at last\r\n")
        writer.close()

    async with speaking(slow) as port:
        connection = await connected(port)
        assert await connection.reply(0.2) == (220, "ready")
        assert await connection.reply(5.0) == (250, "at last")


async def test_a_shorter_wait_after_a_longer_one_is_as_short_as_it_says() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.read()
        writer.close()

    async with speaking(once) as port, asyncio.timeout(10):
        connection = await connected(port)
        await connection.reply(600.0)
        with pytest.raises(Broken, match="in time"):
            await connection.reply(0.05)


async def test_what_was_said_before_hanging_up_is_still_heard() -> None:
    async def brief(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 too many\r\n25")
        writer.close()

    async with speaking(brief) as port:
        connection = await connected(port)
        assert await connection.reply(2.0) == (421, "too many")
        with pytest.raises(Broken, match="hung up"):
            await connection.reply(2.0)
        with pytest.raises(Broken, match="hung up"):
            connection.write(b"NOOP\r\n")


async def test_a_closed_connection_takes_nothing_more() -> None:
    got: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    async with speaking(listen) as port:
        connection = await connected(port)
        connection.write(b"EHLO me\r\n")
        connection.close()
        with pytest.raises(Broken, match="closed"):
            connection.write(b"DATA\r\n")
        with pytest.raises(Broken, match="closed"):
            await connection.reply(1.0)
        await asyncio.sleep(0.05)
    assert got == [b"EHLO me\r\n"]


async def test_waiting_that_is_cancelled_leaves_a_connection_that_can_be_closed() -> None:
    async with serving(Script(answers={"BANNER": ["silence"]})) as port:
        connection = await connected(port)
        waiting = asyncio.create_task(connection.reply(5.0))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert connection.alive
        connection.close()
        assert not connection.alive


# --- TLS, on both loops


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def on_loop(work: Any) -> Any:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(work)

    return on_loop


def server(port: int, **fields: Any) -> Server:
    return Server(
        **{"host": "localhost", "port": port, "security": "starttls", "hello": "me", "timeout": 2.0, **fields}
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_session_in_trusted_tls_opens_and_what_was_offered_before_tls_is_forgotten(
    tmp_path: Path, run: Callable[[Any], Any], security: str
) -> None:
    async def work() -> None:
        file, context = certificate(tmp_path)
        at_once = context if security == "tls" else None
        inside = ("SIZE 77",)
        script = Script(offers=(*PIPELINING, "STARTTLS"), offers_in_tls=inside, tls=context)
        if at_once:
            script.offers = inside
        async with serving(script, tls=at_once) as port:
            target = server(port, security=security, ca_file=str(file))
            session = await Session.open(target, target.tls())
            assert session._offers == {"SIZE": "77"}
            assert not session.pipelining
            await session.quit()
        assert script.said[-1] == "QUIT"

    run(work())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_knows_gets_neither_login_nor_mail(
    tmp_path: Path, run: Callable[[Any], Any], security: str
) -> None:
    async def work() -> None:
        _, context = certificate(tmp_path)
        script = Script(offers=("STARTTLS", "AUTH PLAIN"), tls=context)
        async with serving(script, tls=context if security == "tls" else None) as port:
            target = server(port, security=security, username="bot", password="Tr0ub4dor")
            with pytest.raises(ChannelRefused, match="no trusted TLS"):
                await Session.open(target, target.tls())
        assert not {"AUTH", "MAIL"} & set(script.said)

    run(work())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_host_gets_neither_login_nor_mail(
    tmp_path: Path, run: Callable[[Any], Any], security: str
) -> None:
    async def work() -> None:
        file, context = certificate(tmp_path, "mx.elsewhere.test")
        script = Script(offers=("STARTTLS", "AUTH PLAIN"), tls=context)
        async with serving(script, tls=context if security == "tls" else None) as port:
            target = server(port, security=security, ca_file=str(file), username="bot", password="Tr0ub4dor")
            with pytest.raises(ChannelRefused, match="no trusted TLS"):
                await Session.open(target, target.tls())
        assert not {"AUTH", "MAIL"} & set(script.said)

    run(work())


@pytest.mark.parametrize("injected", [b"250 ok\r\n", b"250-x\r\n", b"2", b"220 again\r\n250-mx\r\n250 AUTH PLAIN\r\n"])
def test_plain_text_behind_the_220_of_starttls_is_refused(run: Callable[[Any], Any], injected: bytes) -> None:
    got: list[bytes] = []

    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        writer.write(b"250-mx\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n" + injected)
        got.append(await reader.read())
        writer.close()

    async def work() -> None:
        async with speaking(inject) as port:
            target = server(port, username="bot", password="Tr0ub4dor")
            with pytest.raises(ServerBusy, match="more before TLS"):
                await Session.open(target, ssl.create_default_context())
            await asyncio.sleep(0.05)

    run(work())
    assert got == [b""]


def test_a_server_that_falls_silent_in_the_handshake_is_given_up_in_time(run: Callable[[Any], Any]) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        writer.write(b"250-mx\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n")
        await reader.read()
        writer.close()

    async def work() -> None:
        async with speaking(stall) as port:
            with pytest.raises(ServerBusy, match="STARTTLS"):
                await Session.open(server(port, timeout=0.1), ssl.create_default_context())

    run(work())


def test_an_answer_that_comes_too_late_is_too_late_on_both_loops(run: Callable[[Any], Any]) -> None:
    async def work() -> None:
        async with serving(Script(answers={"EHLO": ["silence"]})) as port:
            with pytest.raises(ServerBusy, match="no answer in time"):
                await Session.open(server(port, security="none", timeout=0.1), None)

    run(work())
