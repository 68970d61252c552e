"""The conversation with a submission server: one connection, one message after the other.

Sources, checked 2026-11-25: RFC 5321, RFC 6409 (submission), RFC 2920 (pipelining: a message's end may stand in one
group with the next one's MAIL, RCPT and DATA), RFC 6531 (SMTPUTF8), RFC 1870 (SIZE).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from bot.channels.email.answers import Reply, Stage, lost, refusal
from bot.channels.email.connection import Broken, Connection, Raw
from bot.channels.email.greeting import Server, greeted
from bot.errors import ChannelRefused, DeliveryError, ServerBusy
from bot.model import Parcel

AFTER_BODY = 5
"""The answer to a message may take so many times as long as other answers: a server may scan it (RFC 5321 §4.5.3.2)."""
_GOODBYE = 5.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message to one recipient.

    ``content`` is ready for the wire: CRLF line ends throughout, no line that begins with a dot.
    """

    parcel: Parcel
    sender: str
    recipient: str
    content: bytes

    @property
    def international(self) -> bool:
        """It needs SMTPUTF8."""
        return not self.recipient.isascii()


class Queue(Protocol):
    """What a session sends."""

    def take(self) -> Envelope | None:
        """The next message; None: no more."""
        ...

    async def ahead(self, envelope: Envelope) -> bool:
        """Asked before a message's last byte goes out; False: it must not."""
        ...

    def settle(self, envelope: Envelope, answer: Reply | DeliveryError) -> None:
        """What the server said."""
        ...

    def give_back(self, envelope: Envelope) -> None:
        """It was taken and not tried."""
        ...


@dataclass
class Session:
    """One connection, logged in. ``sent`` counts the messages it was given."""

    server: Server
    _connection: Connection
    sent: int = 0
    _offers: dict[str, str] = field(default_factory=dict)
    _dirty: bool = False
    """A transaction was begun and not ended: RSET goes first."""

    @classmethod
    async def open(cls, server: Server, tls: ssl.SSLContext | None) -> Session:
        """Connects, greets, secures, logs in. Raises ``ServerBusy`` or ``ChannelRefused``."""
        connection, offers = await greeted(server, tls)
        return cls(server, connection, _offers=offers)

    @property
    def alive(self) -> bool:
        return self._connection.alive

    @property
    def ready(self) -> bool:
        """Whether a kept connection can be used again: the server has not hung up, and has said nothing unasked."""
        return self._connection.quiet

    async def work(self, queue: Queue, *, most: int) -> None:
        """Sends what ``queue`` gives, over this connection, until it has sent ``most`` or the connection ends.

        Each message that was taken is settled or given back, but for one that is on its way when this is cancelled.
        """
        kept = self.sent > 0
        current = self._next(queue, most)
        while current:
            try:
                if self._dirty and not await self._reset(current):
                    queue.give_back(current)
                    return
                refused = await self._offer(current)
            except BaseException:
                queue.give_back(current)
                raise
            if isinstance(refused, ServerBusy) and not self.alive and (kept or (self.sent > 1 and not refused.code)):
                # A connection that was kept for later, and that the server has had enough of, or one that ends without
                # a word between two messages: that is nobody's fault.
                queue.give_back(current)
                return
            kept = False
            if refused:
                queue.settle(current, refused)
                current = self._next(queue, most) if self.alive else None
                continue
            if not await queue.ahead(current):
                # The server waits for a message that must not come: there is no other way out.
                self.close()
                return
            current = await self._submit(queue, current, most)

    def _next(self, queue: Queue, most: int) -> Envelope | None:
        """Takes the next message and begins its transaction; a message this server cannot take is settled at once."""
        while self.sent < most and (envelope := queue.take()):
            self.sent += 1
            unfit = self._unfit(envelope)
            if unfit is None:
                with suppress(Broken):
                    self._connection.write(self._group(envelope))
                return envelope
            queue.settle(envelope, unfit)
        return None

    async def _submit(self, queue: Queue, current: Envelope, most: int) -> Envelope | None:
        """Sends the message itself, and the next one's beginning behind it; returns the next one."""
        following: Envelope | None = None
        group = b""
        if self.pipelining and self.sent < most:
            try:
                following = queue.take()
            except BaseException:
                queue.settle(current, lost(Stage.DATA, str(self.server), "a fault of the program, see the log"))
                raise
            if following:
                self.sent += 1
                unfit = self._unfit(following)
                if unfit:
                    queue.settle(following, unfit)
                    following = None
                else:
                    self._dirty = False
                    group = self._group(following)
        try:
            if self._connection.quiet:
                queue.settle(current, await self._write(current.content, b".\r\n" + group))
            else:
                queue.settle(current, await self._unasked())
        except BaseException:
            if following:
                queue.give_back(following)
            raise
        self._dirty = False
        if following is None:
            return self._next(queue, most) if self.alive else None
        if not self.alive:
            # Its transaction was begun with a server that has gone: nothing of it can have arrived.
            queue.give_back(following)
            return None
        return following

    async def _unasked(self) -> DeliveryError:
        """Why the message must not go out: what the server says before it has the message is no answer to it."""
        try:
            return self._refusal(Stage.DATA, await self._connection.reply(self.server.timeout))
        except Broken as error:
            return lost(Stage.DATA, str(self.server), str(error))
        finally:
            self.close()

    async def _write(self, content: bytes, end: bytes) -> Reply | DeliveryError:
        try:
            self._connection.write(content, end)
        except Broken as error:
            return lost(Stage.DATA, str(self.server), str(error))
        try:
            code, text = await self._connection.reply(self.server.timeout * AFTER_BODY)
        except Broken as error:
            return lost(Stage.BODY, str(self.server), str(error))
        if 200 <= code < 300:
            return Reply.read(code, self.server.hides(text) if self.server.password else text)
        if _ends(code):
            self.close()
        return self._refusal(Stage.BODY, (code, text))

    async def _offer(self, envelope: Envelope) -> DeliveryError | None:
        """The server's answers to MAIL, RCPT and DATA; None: it waits for the message."""
        if self.pipelining and self._connection.take(_GOOD):
            self._dirty = True
            return None
        refused: DeliveryError | None = None
        stage = Stage.SENDER
        taken = False
        try:
            for stage, good in _STEPS:
                if not self.pipelining:
                    if refused:
                        break
                    if stage is not Stage.SENDER:
                        self._connection.write(self._command(stage, envelope))
                code, text = await self._connection.reply(self.server.timeout)
                if code == good or (good == 250 and 200 <= code < 300):
                    self._dirty = True
                    taken = taken or stage is Stage.RECIPIENT
                    if stage is Stage.DATA and refused:
                        await self._nothing(taken)
                    continue
                refused = refused or self._refusal(stage, (code, text))
                if _ends(code):
                    self.close()
                    return refused
        except Broken as error:
            # The first answer tells most: what follows it is only its consequence.
            return refused or lost(stage, str(self.server), str(error))
        return refused

    async def _nothing(self, recipient: bool) -> None:
        """Ends a message that has no recipient, which some servers ask for all the same (RFC 2920 §3.1).

        With a ``recipient``, whom a server took without the sender, it would arrive: then the connection ends.
        """
        if recipient:
            self.close()
            return
        self._connection.write(b".\r\n")
        code, _ = await self._connection.reply(self.server.timeout * AFTER_BODY)
        if not 200 <= code < 300 and _ends(code):
            self.close()
        self._dirty = False

    async def _reset(self, envelope: Envelope) -> bool:
        """Whether the transaction before this one's is over; if not, nothing said here would mean what it says."""
        self._dirty = False
        try:
            code, _ = await self._connection.reply(self.server.timeout)
            if 200 <= code < 300:
                if not self.pipelining:
                    self._connection.write(self._command(Stage.SENDER, envelope))
                return True
        except Broken:
            pass
        self.close()
        return False

    def _group(self, envelope: Envelope) -> bytes:
        steps = _STEPS if self.pipelining else _STEPS[:1]
        reset = b"RSET\r\n" if self._dirty else b""
        if reset and not self.pipelining:
            return reset
        return reset + b"".join([self._command(stage, envelope) for stage, _ in steps])

    def _command(self, stage: Stage, envelope: Envelope) -> bytes:
        if stage is Stage.SENDER:
            size = f" SIZE={len(envelope.content)}" if "SIZE" in self._offers else ""
            utf8 = " BODY=8BITMIME SMTPUTF8" if envelope.international else ""
            return f"MAIL FROM:<{envelope.sender}>{size}{utf8}\r\n".encode()
        return b"DATA\r\n" if stage is Stage.DATA else f"RCPT TO:<{envelope.recipient}>\r\n".encode()

    def _unfit(self, envelope: Envelope) -> DeliveryError | None:
        if envelope.international and not {"SMTPUTF8", "8BITMIME"} <= self._offers.keys():
            return DeliveryError(
                f"{self.server} takes no address with letters beyond ASCII before the @",
                permanent=True,
                enhanced="5.6.7",
                server=str(self.server),
            )
        most = self._offers.get("SIZE", "")
        if most.isdecimal() and len(most) < 20 and 0 < int(most) < len(envelope.content):
            return ChannelRefused(
                f"{self.server} takes messages of {int(most)} bytes at most, this one has {len(envelope.content)}; "
                "take fewer stories, or ask whoever runs the server",
                enhanced="5.3.4",
                server=str(self.server),
            )
        return None

    @property
    def pipelining(self) -> bool:
        return "PIPELINING" in self._offers

    async def quit(self) -> None:
        """Says goodbye, and closes in any case."""
        try:
            with suppress(Broken):
                self._connection.write(b"QUIT\r\n")
                await self._connection.reply(min(self.server.timeout, _GOODBYE))
        finally:
            self.close()

    def close(self) -> None:
        self._connection.close()

    def _refusal(self, stage: Stage, answer: Raw) -> DeliveryError:
        code, text = answer
        return refusal(stage, Reply.read(code, self.server.hides(text)), str(self.server))


_GOOD = (250, 250, 354)
_STEPS = ((Stage.SENDER, 250), (Stage.RECIPIENT, 250), (Stage.DATA, 354))


def _ends(code: int) -> bool:
    """Whether the connection is of no use after such a refusal: the server goes, or answers something else."""
    return code == 421 or not 400 <= code < 600
