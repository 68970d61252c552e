from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from bot.channels.base import KINDS, kinds
from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.greeting import Server
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.http import Http
from bot.model import Email, Newsroom, Parcel, Recipient, Rendition
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW, settings

HTTP = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
DROP = "drop"
SILENCE = "silence"


class Conversation(SMTP):
    """aiosmtpd's server, which answers as its handler's script says, and can fall silent or hang up anywhere."""

    async def smtp_DATA(self, arg: str) -> None:
        if not await self.event_handler.scripted(self, "DATA"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        self.event_handler.said.append("RSET")
        if not await self.event_handler.scripted(self, "RSET"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        self.event_handler.said.append("QUIT")
        await super().smtp_QUIT(arg)


@dataclass
class Script:
    """``answers`` by command, each used once: an answer, ``DROP`` or ``SILENCE``. ``kept`` are accepted messages."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    kept: list[tuple[str, str, bytes]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    pace: float = 0.0

    async def scripted(self, server: Any, command: str) -> str:
        answers = self.answers.get(command)
        if not answers:
            return ""
        answer = answers.pop(0)
        if answer == DROP:
            server.transport.abort()
        elif answer == SILENCE:
            await asyncio.sleep(1.5)
            server.transport.abort()
        elif command in ("DATA", "RSET"):
            await server.push(answer)
        return answer

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        self.connections += 1
        self.said.append(f"EHLO {hostname}")
        session.host_name = hostname
        answer = await self.scripted(server, "EHLO")
        return [answer] if answer else responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.said.append("MAIL")
        answer = await self.scripted(server, "MAIL")
        if not answer:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 2.1.0 Ok"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = await self.scripted(server, "RCPT")
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.pace)
        self.at_once -= 1
        answer = await self.scripted(server, "BODY")
        if answer in ("", DROP, SILENCE):
            self.kept.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.original_content))
        return answer or f"250 2.0.0 Ok: queued as Q{len(self.kept)}"


@dataclass
class Running:
    script: Script
    port: int


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    loop = asyncio.get_running_loop()
    running: list[asyncio.Server] = []

    async def begin(script: Script | None = None, **options: Any) -> Running:
        handler = script or Script()
        settings = {"enable_SMTPUTF8": True, "loop": loop, "hostname": "mx.readers.test", **options}
        server = await loop.create_server(lambda: Conversation(handler, **settings), "127.0.0.1", 0)
        running.append(server)
        return Running(handler, server.sockets[0].getsockname()[1])

    yield begin
    for server in running:
        server.close()


@dataclass
class Surroundings:
    newsroom: Newsroom
    http: Http
    keys: Any
    clock: Any
    store: Any = None


def channel(port: int, **options: Any) -> EmailChannel:
    given = {
        "from": "The Port Alder Record <briefing@record.example>",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "timeout": "2s",
    }
    newsroom = Newsroom(name="The Port Alder Record", url="https://record.example")
    return EmailChannel("mail", EmailOptions(**{**given, **options}), Surroundings(newsroom, HTTP, KEYS, SetClock(NOW)))


def parcel(number: int = 1, address: str = "ines@readers.test", text: str = "The ferry returns.\n") -> Parcel:
    return Parcel(
        token=f"token{number:021d}",
        edition="k7f3q9xdabcd",
        schedule="morning",
        slot=NOW,
        rendition=Rendition(channel="mail", email=Email(subject="Ferry", preheader="", html="<p>x</p>", text=text)),
        recipient=Recipient(subscriber=number, address=address, audience="readers"),
    )


async def failure(port: int, sent: Parcel | None = None, **options: Any) -> DeliveryError:
    async with channel(port, **options) as sender:
        with pytest.raises(DeliveryError) as raised:
            await sender.send(sent or parcel())
    assert "\n" not in str(raised.value)
    return raised.value


async def test_a_message_arrives_as_it_was_composed_and_the_queue_id_is_kept(start: Start) -> None:
    server = await start()
    text = ".\n..dots\n.\n"
    async with channel(server.port) as sender:
        receipt = await sender.send(parcel(text=text))
    ((mail_from, rcpt_to, content),) = server.script.kept
    assert (mail_from, rcpt_to) == ("briefing@record.example", "ines@readers.test")
    assert content == sender.compose(parcel(text=text))
    message = message_from_bytes(content, policy=policy.default)
    assert next(iter(message.iter_parts())).get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
    assert (receipt.id, receipt.code, receipt.enhanced) == ("Q1", 250, "2.0.0")
    assert receipt.server == f"127.0.0.1:{server.port}"


async def test_rfc5321_4_4_the_envelope_sender_names_the_delivery_when_bounces_have_an_address(start: Start) -> None:
    server = await start()
    async with channel(server.port, bounces="bounces@newsroom.test") as sender:
        await sender.send(parcel())
    assert server.script.kept[0][0] == "bounces+token000000000000000000001@newsroom.test"


async def test_connections_are_kept_between_messages(start: Start) -> None:
    server = await start()
    async with channel(server.port, connections=1) as sender:
        for number in range(3):
            await sender.send(parcel(number))
    assert server.script.said == ["EHLO record.example", "MAIL", "MAIL", "MAIL", "QUIT"]


async def test_never_more_connections_than_the_settings_say(start: Start) -> None:
    server = await start(Script(pace=0.02))
    async with channel(server.port, connections=3) as sender:
        await asyncio.gather(*(sender.send(parcel(number)) for number in range(12)))
    assert len(server.script.kept) == 12
    assert server.script.most_at_once == server.script.connections == 3


async def test_after_so_many_messages_a_new_connection_is_made(start: Start) -> None:
    server = await start()
    async with channel(server.port, connections=1, per_connection=2) as sender:
        for number in range(5):
            await sender.send(parcel(number))
    assert server.script.connections == 3
    assert server.script.said.count("QUIT") == 3


async def test_a_kept_connection_that_died_meanwhile_costs_nothing(start: Start) -> None:
    server = await start(Script(answers={"MAIL": ["", DROP]}))
    async with channel(server.port) as sender:
        await sender.send(parcel(1))
        await sender.send(parcel(2))
    assert [rcpt for _, rcpt, _ in server.script.kept] == ["ines@readers.test"] * 2
    assert server.script.connections == 2


async def test_a_refused_recipient_does_not_cost_the_next_one_its_connection(start: Start) -> None:
    server = await start(Script(answers={"RCPT": ["550 5.1.1 No such user"]}))
    async with channel(server.port) as sender:
        with pytest.raises(DeliveryError) as raised:
            await sender.send(parcel(1))
        await sender.send(parcel(2))
    assert raised.value.permanent
    assert (raised.value.code, raised.value.enhanced) == (550, "5.1.1")
    assert server.script.connections == 1
    assert len(server.script.kept) == 1


async def test_a_line_that_breaks_after_the_final_dot_is_unknown_though_the_message_arrived(start: Start) -> None:
    server = await start(Script(answers={"BODY": [DROP]}))
    error = await failure(server.port)
    assert isinstance(error, OutcomeUnknown)
    assert len(server.script.kept) == 1


async def test_silence_after_the_final_dot_is_unknown(start: Start) -> None:
    server = await start(Script(answers={"BODY": [SILENCE]}))
    error = await failure(server.port, timeout="0.05s")
    assert isinstance(error, OutcomeUnknown)


async def test_a_line_that_breaks_in_the_middle_of_the_body_is_unknown() -> None:
    # aiosmtpd reads a body to its end; this server hangs up after the first 64 kB of a long one.
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            writer.write(b"354 go on\r\n" if word == b"DATA" else b"250 ok\r\n")
            if word == b"DATA":
                await reader.readexactly(65536)
                writer.transport.abort()
                return

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        error = await failure(server.sockets[0].getsockname()[1], parcel(text="All that was said.\n" * 500_000))
    assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
@pytest.mark.parametrize("fault", [DROP, SILENCE])
async def test_a_line_that_breaks_before_the_body_is_tried_again(start: Start, stage: str, fault: str) -> None:
    server = await start(Script(answers={stage: [fault]}))
    error = await failure(server.port, timeout="0.2s")
    assert type(error) is DeliveryError
    assert not error.permanent
    assert server.script.kept == []


async def test_a_line_that_breaks_at_the_sender_is_the_servers_trouble(start: Start) -> None:
    server = await start(Script(answers={"MAIL": [DROP]}))
    assert isinstance(await failure(server.port), ServerBusy)


@pytest.mark.parametrize(
    ("stage", "answer", "expected"),
    [
        ("EHLO", "550 go away", ServerBusy),
        ("MAIL", "421 4.7.0 Too many connections", ServerBusy),
        ("MAIL", "553 5.7.1 Not your address", ChannelRefused),
        ("RCPT", "452 4.2.2 Mailbox full", DeliveryError),
        ("RCPT", "554 5.7.1 Relay access denied", ChannelRefused),
        ("DATA", "451 4.3.0 Queue is full", ServerBusy),
        ("BODY", "554 5.7.1 Spam", ChannelRefused),
        ("BODY", "451 4.3.0 Scanner is down", ServerBusy),
    ],
)
async def test_a_refusal_at_each_stage_has_its_kind(start: Start, stage: str, answer: str, expected: type) -> None:
    server = await start(Script(answers={stage: [answer]}))
    error = await failure(server.port)
    assert type(error) is expected
    assert not error.permanent
    assert server.script.kept == []


async def test_a_banner_of_421_is_a_busy_server() -> None:
    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 4.3.2 too many connections\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        error = await failure(server.sockets[0].getsockname()[1])
    assert isinstance(error, ServerBusy)
    assert (error.code, error.enhanced) == (421, "4.3.2")


async def test_a_server_that_is_not_there_is_busy(unused_tcp_port: int) -> None:
    error = await failure(unused_tcp_port)
    assert isinstance(error, ServerBusy)
    assert f"127.0.0.1:{unused_tcp_port}" in str(error)


async def test_without_starttls_nothing_is_sent_and_no_password_leaves(start: Start) -> None:
    server = await start()
    error = await failure(server.port, security="starttls", username="bot", password="secret")
    assert isinstance(error, ChannelRefused)
    assert "offers no STARTTLS" in str(error)
    assert server.script.said[0].startswith("EHLO")
    assert "MAIL" not in server.script.said


async def test_tls_on_a_port_that_speaks_plainly_says_what_to_check(start: Start) -> None:
    server = await start()
    error = await failure(server.port, security="tls")
    assert isinstance(error, ChannelRefused)
    assert "check host, port and security" in str(error)


def accepts(login: str, password: str) -> Callable[..., AuthResult]:
    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (login.encode(), password.encode())
        return AuthResult(success=good, handled=False)

    return authenticate


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_a_login_is_made_and_checked(start: Start) -> None:
    server = await start(authenticator=accepts("bot", "secret"), auth_require_tls=False, auth_required=True)
    async with channel(server.port, username="bot", password="secret") as sender:
        assert await sender.check() == f"127.0.0.1:{server.port} answers (no TLS, logged in as bot)"
        await sender.send(parcel())
    assert len(server.script.kept) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_a_wrong_password_refuses_the_channel_without_showing_it(start: Start) -> None:
    server = await start(authenticator=accepts("bot", "secret"), auth_require_tls=False, auth_required=True)
    error = await failure(server.port, username="bot", password="Tr0ub4dor")
    assert isinstance(error, ChannelRefused)
    assert error.code == 535
    assert "Tr0ub4dor" not in str(error)


async def test_a_login_where_none_is_offered_refuses_the_channel(start: Start) -> None:
    server = await start()
    error = await failure(server.port, username="bot", password="secret")
    assert isinstance(error, ChannelRefused)
    assert "offers no login" in str(error)


def test_a_server_that_repeats_the_login_does_not_get_it_into_an_error() -> None:
    server = Server("h", 587, "none", "me", 1.0, username="bot", password="Tr0ub4dor")
    assert (
        server.hides("bad: AUTH PLAIN AGJvdABUcjB1YjRkb3I= / VHIwdWI0ZG9y / Tr0ub4dor") == "bad: AUTH PLAIN … / … / …"
    )
    assert "Tr0ub4dor" not in repr(server)


async def test_a_local_part_beyond_ascii_goes_to_a_server_that_takes_it(start: Start) -> None:
    server = await start()
    async with channel(server.port) as sender:
        await sender.send(parcel(address="zoë@straße.example"))
    assert server.script.kept[0][1] == "zoë@xn--strae-oqa.example"


async def test_a_local_part_beyond_ascii_fails_for_good_where_it_is_not_taken(start: Start) -> None:
    server = await start(enable_SMTPUTF8=False)
    error = await failure(server.port, parcel(address="zoë@readers.test"))
    assert error.permanent
    assert error.enhanced == "5.6.7"
    assert "MAIL" not in server.script.said


async def test_a_send_that_is_cancelled_takes_its_connection_with_it(start: Start) -> None:
    server = await start(Script(pace=0.3))
    async with channel(server.port, connections=1) as sender:
        sending = asyncio.create_task(sender.send(parcel(1)))
        await asyncio.sleep(0.1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        receipt = await sender.send(parcel(2))
    assert server.script.connections == 2
    assert receipt.code == 250
    gc.collect()


async def test_a_post_is_no_mail(start: Start) -> None:
    server = await start()
    wrong = replace(parcel(), recipient=None)
    assert (await failure(server.port, wrong)).permanent
    assert server.script.connections == 0


def test_the_type_is_registered_by_its_folder() -> None:
    assert kinds()["email"] is EmailChannel
    assert "email" in KINDS


MAIL = """
[channels.mail]
type = "email"
from = "The Record <briefing@record.example>"
host = "smtp.record.example"
"""


def configured(tmp_path: Any, extra: str, environment: dict[str, str] | None = None) -> EmailChannel:
    own = settings(tmp_path, MAIL + extra, environment=environment)
    around = Surroundings(own.newsroom, HTTP, KEYS, SetClock(NOW))
    return EmailChannel("mail", own.table(EmailOptions, "channels", "mail"), around)


def test_a_login_takes_its_password_from_the_environment(tmp_path: Any) -> None:
    made = configured(tmp_path, 'username = "bot"', {"BROADSHEET_MAIL_PASSWORD": "Tr0ub4dor"})
    assert made.connections == 4


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ('username = "bot"', "BROADSHEET_MAIL_PASSWORD"),
        ('password = "Tr0ub4dor"', "a secret never stands in this file"),
        ('security = "none"', "needs \"starttls\" or \"tls\""),
        ('security = "ssl"', "channels.mail.security"),
        ('ca_file = "/nowhere/ca.pem"', "channels.mail.ca_file"),
        ('bounces = "bounces-of-our-very-long-newsletter-name@record.example"', "at most 37 characters"),
        ('reply_to = "zoë@record.example"', "channels.mail.reply_to"),
        ('list_id = "not an id"', "channels.mail.list_id"),
        ('hots = "smtp"', 'did you mean "host"'),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_in_one_line_without_a_secret(tmp_path: Any, extra: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as raised:
        configured(tmp_path, extra, None)
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "Tr0ub4dor" not in str(raised.value)


SEVERAL = """
[channels.mail]
type = "email"
from = "b@r.example"
"""


def several(tmp_path: Any, extra: str, environment: dict[str, str] | None = None) -> EmailChannel:
    own = settings(tmp_path, SEVERAL + extra, environment=environment)
    around = Surroundings(own.newsroom, HTTP, KEYS, SetClock(NOW))
    return EmailChannel("mail", own.table(EmailOptions, "channels", "mail"), around)


def test_each_of_several_servers_takes_its_own_password_from_the_environment(tmp_path: Any) -> None:
    made = several(
        tmp_path,
        '[channels.mail.servers.a]\nhost = "a.example"\nusername = "bot"\n'
        '[channels.mail.servers.eu-west]\nhost = "b.example"\nusername = "bot"\nconnections = 7\n',
        {"BROADSHEET_MAIL_A_PASSWORD": "of a", "BROADSHEET_MAIL_EU_WEST_PASSWORD": "of b"},
    )
    assert [(line.name, line.server.host, line.server.password) for line in made._lines] == [
        ("a", "a.example", "of a"),
        ("eu-west", "b.example", "of b"),
    ]
    assert made.connections == 4 + 7


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("", "needs a host"),
        ('host = "a"\n[channels.mail.servers.b]\nhost = "b"', "and not both"),
        ('[channels.mail.servers.a]\nusername = "bot"', "servers.a.host is missing"),
        ('[channels.mail.servers.a]\nhost = "a"\nweight = 0', "a weight above 0"),
        ('[channels.mail.servers.a]\nhost = "a"\nusername = "bot"', "BROADSHEET_MAIL_A_PASSWORD=…"),
        ('[channels.mail.servers.a]\nhost = "a"\npassword = "Tr0ub4dor"', "servers.a.password: a secret never stands"),
        ('[channels.mail.servers.a]\nhost = "a"\nhots = "a"', 'servers.a.hots: unknown key (did you mean "host"?)'),
        ('[channels.mail.servers.a]\nhost = "a"\nsecurity = "none"', "servers.a.security"),
        ('[channels.mail.servers."eu west"]\nhost = "a"', "letters, digits"),
        ('[[channels.mail.servers]]\npassword = "Tr0ub4dor"', "a list of tables"),
        ('rates = "10/s"\n[channels.mail.servers.a]\nhost = "a"', "rates is a server's own"),
    ],
)  # fmt: skip
def test_a_wrong_setting_of_several_servers_is_named_without_a_secret(
    tmp_path: Any, extra: str, complaint: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        several(tmp_path, extra, {"BROADSHEET_MAIL_PASSWORD": "Tr0ub4dor"})
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "Tr0ub4dor" not in str(raised.value)
