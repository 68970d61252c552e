"""The conversation with a submission server: one connection, one message at a time.

Sources, checked 2026-11-24: RFC 5321, RFC 6409 (submission), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 6531
(SMTPUTF8), RFC 8314 (implicit TLS). ``aiosmtplib`` speaks; DATA is spoken here, because its ``data()`` raises the same
error before and after the message was on its way, and that difference is the whole question after a broken line.
"""

from __future__ import annotations

import base64
import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib.errors import (
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from bot.channels.email.answers import Reply, Stage, lost, refusal
from bot.errors import ChannelRefused, DeliveryError

AFTER_BODY = 5
"""The answer to a message may take so many times as long as other answers: a server may scan it (RFC 5321 §4.5.3.2)."""


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

    def tls(self) -> ssl.SSLContext:
        """Verifies certificate and host name; TLS 1.2 at least."""
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


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message to one recipient. ``content`` has CRLF line ends throughout."""

    sender: str
    recipient: str
    content: bytes

    @property
    def international(self) -> bool:
        """It needs SMTPUTF8."""
        return not self.recipient.isascii()


class Session:
    """One connection, logged in."""

    def __init__(self, server: Server, smtp: aiosmtplib.SMTP) -> None:
        self._server = server
        self._smtp = smtp
        self.sent = 0

    @classmethod
    async def open(cls, server: Server, tls: ssl.SSLContext | None) -> Session:
        """Connects, greets, secures, logs in. Raises ``ServerBusy`` or ``ChannelRefused``."""
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.hello,
            timeout=server.timeout,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=tls,
        )
        session = cls(server, smtp)
        try:
            await session._connect()
            if server.security == "starttls":
                await session._secure()
            if server.username:
                await session._login()
        except BaseException:
            smtp.close()
            raise
        return session

    @property
    def alive(self) -> bool:
        return self._smtp.is_connected

    async def is_ready(self) -> bool:
        """Whether a kept connection is still good: the server answers RSET."""
        try:
            return (await self._smtp.execute_command(b"RSET")).code == 250
        except (SMTPException, OSError):
            return False

    async def send(self, envelope: Envelope) -> Reply:
        """Submits one message and returns the server's positive answer. Raises ``DeliveryError`` in all its kinds."""
        options = [b"BODY=8BITMIME"] if self._smtp.supports_extension("8bitmime") and envelope.international else []
        if envelope.international:
            if not self._smtp.supports_extension("smtputf8"):
                raise DeliveryError(
                    f"{self._server} takes no address with letters beyond ASCII before the @",
                    permanent=True,
                    enhanced="5.6.7",
                    server=str(self._server),
                )
            options.append(b"SMTPUTF8")
        await self._command(Stage.SENDER, b"MAIL", b"FROM:<" + envelope.sender.encode() + b">", *options)
        await self._command(Stage.RECIPIENT, b"RCPT", b"TO:<" + envelope.recipient.encode() + b">")
        await self._command(Stage.DATA, b"DATA", good=354)
        reply = await self._body(envelope.content)
        self.sent += 1
        return reply

    async def quit(self) -> None:
        """Says goodbye, and closes in any case."""
        with suppress(SMTPException, OSError):
            await self._smtp.quit(timeout=min(self._server.timeout, 5))
        self.close()

    def close(self) -> None:
        self._smtp.close()

    async def _body(self, content: bytes) -> Reply:
        protocol = self._smtp.protocol
        if protocol is None:
            raise lost(Stage.DATA, str(self._server), "connection lost")
        stuffed = content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        try:
            protocol.write(stuffed)
        except SMTPServerDisconnected as error:
            # It raises before anything is handed to the socket.
            raise lost(Stage.DATA, str(self._server), _words(error)) from error
        try:
            answer = await protocol.read_response(timeout=self._server.timeout * AFTER_BODY)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            self.close()
            raise lost(Stage.BODY, str(self._server), _words(error)) from error
        except SMTPResponseException as error:
            self.close()
            raise self._refusal(Stage.BODY, error.code, error.message) from error
        if not 200 <= answer.code < 300:
            raise self._refusal(Stage.BODY, answer.code, answer.message)
        return Reply.read(answer.code, self._server.hides(answer.message))

    async def _command(self, stage: Stage, *words: bytes, good: int = 250) -> None:
        try:
            answer = await self._smtp.execute_command(*words)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            raise lost(stage, str(self._server), _words(error)) from error
        except SMTPResponseException as error:
            raise self._refusal(stage, error.code, error.message) from error
        if answer.code != good and not (good == 250 and 200 <= answer.code < 300):
            raise self._refusal(stage, answer.code, answer.message)

    async def _connect(self) -> None:
        try:
            await self._smtp.connect()
        except SMTPConnectResponseError as error:
            raise self._refusal(Stage.CONNECT, error.code, error.message) from error
        except (SMTPConnectError, SMTPTimeoutError, SMTPServerDisconnected, OSError) as error:
            cause = error.__cause__
            if isinstance(cause, ssl.SSLError):
                raise self._untrusted(cause) from error
            raise lost(Stage.CONNECT, str(self._server), _words(error)) from error
        await self._hello()

    async def _hello(self) -> None:
        try:
            await self._smtp.ehlo()
        except SMTPResponseException as error:
            raise self._refusal(Stage.HELLO, error.code, error.message) from error
        except (SMTPException, OSError) as error:
            raise lost(Stage.HELLO, str(self._server), _words(error)) from error

    async def _secure(self) -> None:
        if not self._smtp.supports_extension("starttls"):
            raise ChannelRefused(
                f"{self._server} offers no STARTTLS, so nothing is sent in the clear; "
                'set security = "tls" with port 465, or ask whoever runs the server',
                server=str(self._server),
            )
        try:
            await self._smtp.starttls()
        except SMTPResponseException as error:
            raise self._refusal(Stage.TLS, error.code, error.message) from error
        except ssl.SSLError as error:
            raise self._untrusted(error) from error
        except (SMTPException, OSError) as error:
            raise lost(Stage.TLS, str(self._server), _words(error)) from error
        # What was offered before TLS counts for nothing (RFC 3207 §4.2).
        await self._hello()

    async def _login(self) -> None:
        try:
            await self._smtp.login(self._server.username, self._server.password)
        except SMTPResponseException as error:
            raise self._refusal(Stage.LOGIN, error.code, error.message) from error
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            raise lost(Stage.LOGIN, str(self._server), _words(error)) from error
        except (SMTPException, ValueError) as error:
            raise ChannelRefused(
                f"{self._server} offers no login we know ({self._server.hides(_words(error))}); "
                "remove the channel's username, or name another server",
                server=str(self._server),
            ) from error

    def _refusal(self, stage: Stage, code: int, message: str) -> DeliveryError:
        return refusal(stage, Reply.read(code, self._server.hides(message)), str(self._server))

    def _untrusted(self, error: ssl.SSLError) -> ChannelRefused:
        reason = getattr(error, "verify_message", "") or error.reason or "the handshake failed"
        return ChannelRefused(
            f"{self._server}: no trusted TLS: {reason}; check host, port and security, "
            "or name its certificate authority in ca_file",
            server=str(self._server),
        )


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
