"""How a conversation with a submission server begins: connect, greet, secure, log in.

Sources, checked 2026-11-25: RFC 5321 §3.1–3.2, RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 4616 (PLAIN), RFC 8314
(implicit TLS).
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass

from bot.channels.email.answers import Reply, Stage, lost, refusal
from bot.channels.email.connection import Broken, Connection
from bot.errors import ChannelRefused, DeliveryError
from bot.model import Phrase


@dataclass(frozen=True, slots=True)
class Server:
    """Where to submit, and how. ``security`` as in the settings; ``timeout`` in seconds; ``hello`` is our own name."""

    host: str
    port: int
    security: str
    hello: str
    timeout: float
    ca_file: str = ""
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Server({self})"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        """Verifies certificate and host name; TLS 1.2 at least. None where there is no TLS."""
        if self.security == "none":
            return None
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file:
            context.load_verify_locations(cafile=self.ca_file)
        return context

    def hides(self, text: str) -> str:
        """``text`` without the login's secrets: some servers repeat the command they did not like."""
        pair = f"\0{self.username}\0{self.password}".encode()
        secrets = [base64.b64encode(pair).decode(), base64.b64encode(self.password.encode()).decode(), self.password]
        for secret in secrets if self.password else []:
            text = text.replace(secret, "…")
        return text


async def greeted(server: Server, tls: ssl.SSLContext | None) -> tuple[Connection, dict[str, str]]:
    """A connection that is ready for mail, and what the server offers, by upper-case keyword (RFC 5321 §4.1.1.1).

    Raises ``ServerBusy`` or ``ChannelRefused``.
    """
    at_once = tls if server.security == "tls" else None
    try:
        connection = await Connection.open(server.host, server.port, tls=at_once, timeout=server.timeout)
    except ssl.SSLError as error:
        raise _untrusted(server, error) from error
    except (OSError, TimeoutError, UnicodeError) as error:
        # A name that cannot be one (an empty label) is no OSError.
        raise lost(Stage.CONNECT, str(server), _words(error)) from error
    try:
        await _say(server, connection, Stage.CONNECT, b"", good=220)
        offers = await _hello(server, connection)
        if server.security == "starttls":
            offers = await _secure(server, connection, offers, tls)
        if server.username:
            await _login(server, connection, offers)
    except BaseException:
        connection.close()
        raise
    return connection, offers


async def _say(server: Server, connection: Connection, stage: Stage, command: bytes, *, good: int = 250) -> str:
    """One command and its answer ("": the answer alone). Raises ``DeliveryError``."""
    try:
        if command:
            connection.write(command + b"\r\n")
        code, text = await connection.reply(server.timeout)
    except Broken as error:
        if stage is Stage.LOGIN:
            # What it said instead of an answer may be our login, whole or cut.
            raise lost(stage, str(server), str(error).partition(": ")[0]) from None
        raise lost(stage, str(server), str(error)) from error
    if code != good:
        raise refusal(stage, Reply.read(code, server.hides(text)), str(server))
    return text


async def _hello(server: Server, connection: Connection) -> dict[str, str]:
    try:
        said = await _say(server, connection, Stage.HELLO, f"EHLO {server.hello}".encode())
    except DeliveryError as refused:
        if refused.code not in (500, 502, 504):
            raise
        await _say(server, connection, Stage.HELLO, f"HELO {server.hello}".encode())
        said = ""
    words = [line.partition(" ") for line in said.splitlines()[1:]]
    return {name.upper(): rest for name, _, rest in words}


async def _secure(
    server: Server, connection: Connection, offers: dict[str, str], tls: ssl.SSLContext | None
) -> dict[str, str]:
    if "STARTTLS" not in offers or tls is None:
        raise ChannelRefused(
            Phrase(
                "%(server)s offers no STARTTLS, so nothing is sent in the clear; "
                'set security = "tls" with port 465, or ask whoever runs the server',
                server=str(server),
            ),
            server=str(server),
        )
    await _say(server, connection, Stage.TLS, b"STARTTLS", good=220)
    try:
        await connection.secure(server.host, tls, server.timeout)
    except ssl.SSLError as error:
        raise _untrusted(server, error) from error
    except (Broken, OSError, TimeoutError) as error:
        raise lost(Stage.TLS, str(server), _words(error)) from error
    # What was offered before TLS counts for nothing (RFC 3207 §4.2).
    return await _hello(server, connection)


async def _login(server: Server, connection: Connection, offers: dict[str, str]) -> None:
    user, password = server.username.encode(), server.password.encode()
    known = offers.get("AUTH", "").upper().split()
    if "PLAIN" in known:
        await _say(
            server,
            connection,
            Stage.LOGIN,
            b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password),
            good=235,
        )
    elif "LOGIN" in known:
        await _say(server, connection, Stage.LOGIN, b"AUTH LOGIN", good=334)
        await _say(server, connection, Stage.LOGIN, base64.b64encode(user), good=334)
        await _say(server, connection, Stage.LOGIN, base64.b64encode(password), good=235)
    else:
        offered = " ".join(known) or Phrase("none")
        raise ChannelRefused(
            Phrase(
                "%(server)s offers no login we know (PLAIN or LOGIN; it offers: %(offered)s); "
                "remove the channel's username, or name another server",
                server=str(server),
                offered=offered,
            ),
            server=str(server),
        )


def _untrusted(server: Server, error: ssl.SSLError) -> ChannelRefused:
    reason = getattr(error, "verify_message", "") or error.reason or Phrase("the handshake failed")
    return ChannelRefused(
        Phrase(
            "%(server)s: no trusted TLS: %(reason)s; check host, port and security, "
            "or name its certificate authority in ca_file",
            server=str(server),
            reason=reason,
        ),
        server=str(server),
    )


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
