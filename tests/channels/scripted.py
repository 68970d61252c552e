"""A submission server that says what a test wants, and remembers every byte; and the certificates it shows."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PIPELINING = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
ONE_BY_ONE = ("SIZE 10240000", "8BITMIME", "SMTPUTF8")


@dataclass
class Script:
    """What the server does.

    ``answers`` holds, for each command (``BANNER``, ``BODY`` and the verbs), what is done instead of the normal thing,
    each used once: parts joined by ``|``, each ``normal``, ``close``, ``keep`` (take the message without a word),
    ``wait`` (until the test sets ``go``), ``silence`` (for good) or an answer. ``always`` does the same each time.
    """

    offers: Iterable[str] = PIPELINING
    offers_in_tls: Iterable[str] | None = None
    tls: ssl.SSLContext | None = None
    lenient: bool = False
    """It answers 354 to DATA whatever went before."""
    answers: dict[str, list[str]] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)
    pace: float = 0.0
    """Seconds until a message is answered."""

    kept: list[tuple[str, str, bytes]] = field(default_factory=list)
    """What it took: sender, recipient, content."""
    refused: list[str] = field(default_factory=list)
    """Recipients whose message it had whole, and did not take."""
    said: list[str] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    """What came, as it came: one item for each read."""
    early: list[bytes] = field(default_factory=list)
    """What stood behind a command in one write although PIPELINING was not offered."""
    open: int = 0
    most: int = 0
    connections: int = 0
    per_connection: dict[int, int] = field(default_factory=dict)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def action(self, command: str) -> str:
        waiting = self.answers.get(command)
        return waiting.pop(0) if waiting else self.always.get(command, "normal")

    @property
    def received(self) -> bytes:
        return b"".join(self.chunks)


class Talk(asyncio.Protocol):
    """One connection of the server."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.transport: Any = None
        self.buffer = b""
        self.secured = False
        self.gone = False
        self.sender: str | None = None
        self.recipient: str | None = None
        self.reading = False
        self.login: list[str] = []
        self.number = 0
        self.inbox: deque[bytes] = deque()
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        if self.task is None:
            self.script.connections += 1
            self.number = self.script.connections
            self.script.open += 1
            self.script.most = max(self.script.most, self.script.open)
            self.task = asyncio.get_running_loop().create_task(self.converse())

    def connection_lost(self, error: Exception | None) -> None:
        self.leave()
        self.wake.set()

    def leave(self) -> None:
        if not self.gone:
            self.gone = True
            self.script.open -= 1

    def data_received(self, data: bytes) -> None:
        self.script.chunks.append(data)
        self.inbox.append(data)
        self.wake.set()

    async def more(self) -> bool:
        while not self.inbox:
            if self.gone:
                return False
            self.wake.clear()
            await self.wake.wait()
        self.buffer += self.inbox.popleft()
        return True

    async def line(self) -> bytes | None:
        while b"\r\n" not in self.buffer:
            if not await self.more():
                return None
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def offered(self) -> tuple[str, ...]:
        inside = self.script.offers_in_tls
        return tuple(inside if self.secured and inside is not None else self.script.offers)

    def send(self, answer: str) -> None:
        if not self.gone:
            self.transport.write(answer.encode("latin-1") + b"\r\n")

    def hang_up(self) -> None:
        self.leave()
        self.transport.close()

    async def act(self, command: str, normal: str) -> str:
        """Does what the script says; returns what it answered."""
        last = ""
        together: list[str] = []
        for part in self.script.action(command).split("|"):
            if part == "close":
                self.say(together)
                self.hang_up()
            elif part == "wait":
                self.say(together)
                await self.script.go.wait()
            elif part == "keep":
                last = "2"
            elif part == "silence":
                while await self.more():
                    pass
            else:
                answer = normal if part == "normal" else part
                last = last or answer
                together.append(answer)
        self.say(together)
        return last

    def say(self, answers: list[str]) -> None:
        """In one segment."""
        if answers:
            self.send("\r\n".join(answers))
        answers.clear()

    async def converse(self) -> None:
        await self.act("BANNER", "220 mx.readers.test ESMTP")
        while not self.gone and (line := await self.line()) is not None:
            word = line.split(b" ")[0].decode("ascii", "replace").upper()
            self.script.said.append(word)
            if self.buffer and "PIPELINING" not in self.offered():
                self.script.early.append(self.buffer)
            await self.command(word, line.decode("utf-8", "replace"))

    async def command(self, word: str, line: str) -> None:
        if word in ("EHLO", "HELO"):
            lines = ["mx.readers.test", *self.offered()] if word == "EHLO" else ["mx.readers.test"]
            said = "\r\n".join(f"250{'-' if each is not lines[-1] else ' '}{each}" for each in lines)
            await self.act(word, said)
            self.sender = self.recipient = None
        elif word == "STARTTLS":
            if (await self.act(word, "220 go ahead")).startswith("220") and self.script.tls:
                await self.secure()
        elif word == "AUTH":
            await self.authenticate(line)
        elif word == "MAIL":
            answer = await self.act(word, "503 5.5.1 nested MAIL" if self.sender is not None else "250 2.1.0 Ok")
            if answer.startswith("2"):
                self.sender = line.partition("<")[2].partition(">")[0]
        elif word == "RCPT":
            bad = self.sender is None
            answer = await self.act(word, "503 5.5.1 need MAIL" if bad else "250 2.1.5 Ok")
            if answer.startswith("2"):
                self.recipient = line.partition("<")[2].partition(">")[0]
        elif word == "DATA":
            ready = self.script.lenient or (self.sender is not None and self.recipient is not None)
            if (await self.act(word, "354 go on" if ready else "554 5.5.1 no valid recipients")).startswith("354"):
                await self.message()
        elif word == "RSET":
            if (await self.act(word, "250 2.0.0 Ok")).startswith("2"):
                self.sender = self.recipient = None
        elif word == "QUIT":
            await self.act(word, "221 2.0.0 Bye")
            self.hang_up()
        else:
            self.send("500 5.5.2 what?")

    async def message(self) -> None:
        while not (self.buffer.startswith(b".\r\n") or b"\r\n.\r\n" in self.buffer):
            if not await self.more():
                return
        if self.buffer.startswith(b".\r\n"):
            content, self.buffer = b"", self.buffer[3:]
        else:
            content, _, self.buffer = self.buffer.partition(b"\r\n.\r\n")
            content += b"\r\n"
        if self.script.pace:
            await asyncio.sleep(self.script.pace)
        sender, recipient = self.sender, self.recipient
        self.sender = self.recipient = None
        empty = recipient is None or not content
        number = len(self.script.kept) + 1
        normal = "554 5.5.1 no valid recipients" if empty else f"250 2.0.0 Ok: queued as Q{number}"
        # What it says it took it has before it says so.
        at = len(self.script.kept)
        answer = await self.act("BODY", normal)
        if answer.startswith("2") and recipient is not None:
            self.script.kept.insert(at, (sender or "", recipient, content))
            self.script.per_connection[self.number] = self.script.per_connection.get(self.number, 0) + 1
        elif recipient is not None and content:
            self.script.refused.append(recipient)

    async def authenticate(self, line: str) -> None:
        if line.upper().startswith("AUTH LOGIN"):
            for prompt in ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
                self.send(prompt)
                given = await self.line()
                self.login.append((given or b"").decode())
        await self.act("AUTH", "235 2.7.0 Welcome")

    async def secure(self) -> None:
        assert self.script.tls
        loop = asyncio.get_running_loop()
        self.buffer = b""
        self.inbox.clear()
        try:
            self.transport = await loop.start_tls(self.transport, self, self.script.tls, server_side=True)
        except (OSError, ssl.SSLError):
            self.leave()
            return
        if self.transport is None:
            self.leave()
            return
        self.secured = True


@asynccontextmanager
async def serving(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port at which ``script`` answers, at once in TLS if a context is given."""
    talks: list[Talk] = []

    def talk() -> Talk:
        talks.append(Talk(script))
        return talks[-1]

    server = await asyncio.get_running_loop().create_server(talk, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in talks:
            if each.task:
                each.task.cancel()
            if each.transport:
                each.transport.abort()
        await asyncio.sleep(0)


def certificate(folder: Path, host: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A certificate for ``host``, which is its own authority: the file to trust, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    alternative = [x509.DNSName(host)] if host != "127.0.0.1" else [x509.IPAddress(ip_address(host))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / f"{host}.key"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context
