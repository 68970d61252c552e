"""A conversation with the fault sink, from banner to hang-up.

Sources: RFC 5321, RFC 2920 (pipelining; §3.1: an empty body when DATA is taken although every RCPT was refused),
RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 2034 (enhanced codes), RFC 6531 (SMTPUTF8), RFC 6152 (8BITMIME).
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from tests.faults.faults import FALSE, LOST, REPLIES, Faults

SIZE = 10_000_000
LORIS_SECONDS = 0.004


@dataclass
class Sink:
    """What all connections share. ``latency``: seconds to the answer to the dot, from none to twice as many."""

    log: int
    faults: Faults
    grey: float = 0.3
    latency: float = 0.0
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    connections: int = 0
    taken: int = 0
    greeted: dict[str, float] = field(default_factory=dict)

    def note(self, **record: object) -> None:
        """Writes a line, whole, before it returns."""
        os.write(self.log, json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def is_grey(self, recipient: str) -> bool:
        now = time.monotonic()
        return now - self.greeted.setdefault(recipient, now) < self.grey


class Connection(asyncio.Protocol):
    """One client. Commands are answered in order; answers are written together, as pipelining allows."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._faults = sink.faults
        self._in = bytearray()
        self._out: list[bytes] = []
        self._held = False
        self._secure = False
        self._login: list[str] | None = None
        self._logged_in = sink.login is None
        self._esmtp = False
        self._body: Callable[[], bool] | None = None
        self._looked = 0
        self._forget()

    def _forget(self) -> None:
        self._sender: str | None = None
        self._recipient = ""
        self._refused = ""
        self._options: set[str] = set()

    # --- the line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._secure:
            return
        self._sink.connections += 1
        self._number = self._sink.connections
        fault = self._strikes("banner")
        if fault:
            self._close(REPLIES[fault])
            return
        self._say("220 sink.test ESMTP")
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._in += data
        self._work()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._held = True
        if self._in and self._body is None:
            self._sink.note(left=bytes(self._in[:80]).decode("latin-1"), connection=self._number)

    def _work(self) -> None:
        while not self._held:
            if self._body:
                if not self._body():
                    break
                continue
            end = self._in.find(b"\r\n")
            if end < 0:
                break
            line = self._in[:end].decode("utf-8", "replace")
            del self._in[: end + 2]
            self._obey(line)
        self._flush()

    def _say(self, text: str) -> None:
        self._out.append(text.encode("latin-1") + b"\r\n")

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _close(self, text: str = "") -> None:
        if text:
            self._say(text)
        self._flush()
        self._held = True
        self._transport.close()

    def _drop(self) -> None:
        """Hangs up without a word: what was still to be said is never said."""
        self._held = True
        self._out.clear()
        self._transport.abort()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._flush()
        self._held = True

        def on() -> None:
            if not self._transport.is_closing():
                self._held = False
                then()
                self._work()

        asyncio.get_running_loop().call_later(seconds, on)

    def _trickle(self, text: str) -> None:
        """The slow loris: one byte at a time."""
        rest = text.encode("latin-1") + b"\r\n"

        def byte(at: int = 0) -> None:
            self._transport.write(rest[at : at + 1])
            if at + 1 < len(rest):
                self._wait(LORIS_SECONDS, lambda: byte(at + 1))

        self._flush()
        byte()

    def _strikes(self, stage: str, recipient: str = "") -> str:
        fault = self._faults.roll(stage, recipient)
        if fault == "rcpt_450" and not self._sink.is_grey(recipient):
            return ""
        if fault:
            self._sink.note(fault=fault, to=recipient, connection=self._number)
        return fault

    def _blame(self, what: str) -> None:
        """Puts on record what no good client does."""
        self._sink.note(blame=what, connection=self._number)

    # --- commands

    def _obey(self, line: str) -> None:
        if self._login is not None:
            self._answer_login(line)
            return
        word, _, rest = line.partition(" ")
        command = getattr(self, f"_on_{word.lower()}", None) if word.isalpha() else None
        if command is None:
            self._blame(f"no command: {line[:60]!r}")
            self._say("500 5.5.2 What?")
            return
        command(rest)

    def _on_ehlo(self, _name: str) -> None:
        self._esmtp = True
        self._forget()
        offers = ["sink.test", "PIPELINING", "8BITMIME", "SMTPUTF8", f"SIZE {SIZE}", "ENHANCEDSTATUSCODES"]
        if self._sink.tls and not self._secure and not self._strikes("starttls_stripped"):
            offers.append("STARTTLS")
        if self._sink.login and (self._secure or not self._sink.tls):
            offers.append("AUTH PLAIN LOGIN")
        for offer in offers[:-1]:
            self._say(f"250-{offer}")
        self._say(f"250 {offers[-1]}")

    def _on_helo(self, _name: str) -> None:
        self._forget()
        self._say("250 sink.test")

    def _on_mail(self, rest: str) -> None:
        match = re.match(r"FROM:<([^>]*)>((?: .*)?)$", rest, re.I)
        if not self._logged_in:
            self._say("530 5.7.0 Log in first")
        elif not match:
            self._say("501 5.5.4 MAIL FROM:<address>")
        elif self._sender is not None:
            self._blame("MAIL inside a transaction")
            self._say("503 5.5.1 One at a time")
        else:
            fault = self._strikes("mail")
            if fault:
                self._refuse(fault)
                return
            self._sender = match[1]
            self._options = set(match[2].upper().split())
            self._say("250 2.1.0 Ok")

    def _on_rcpt(self, rest: str) -> None:
        match = re.match(r"TO:<([^>]+)>$", rest, re.I)
        if self._sender is None:
            self._say("503 5.5.1 MAIL first")
            return
        if not match:
            self._say("501 5.5.4 RCPT TO:<address>")
            return
        recipient = match[1]
        if not recipient.isascii() and "SMTPUTF8" not in self._options:
            self._blame(f"{recipient} without SMTPUTF8")
        fault = self._strikes("rcpt", recipient)
        kind = fault.partition("_")[2]
        if not fault:
            self._recipient = recipient
            self._say("250 2.1.5 Ok")
        elif fault == "rcpt_drop":
            self._drop()
        elif fault == "rcpt_stall":
            self._flush()
            self._held = True
        elif fault == "rcpt_loris":
            self._recipient = recipient
            self._trickle("250 2.1.5 Ok")
        elif kind in FALSE:
            self._refused = fault
            self._say(FALSE[kind])
        else:
            self._refused = fault
            self._refuse(fault)

    def _on_data(self, _rest: str) -> None:
        if not self._recipient:
            if self._refused == "rcpt_550_354":
                self._say("354 Go on, for nobody")
                self._begin(self._empty_body)
            else:
                self._say("554 5.5.1 No valid recipients" if self._refused else "503 5.5.1 RCPT first")
            return
        fault = self._strikes("data", self._recipient)
        if fault == "data_drop":
            self._drop()
        elif fault == "data_wrong":
            self._say("250 2.0.0 Ok")
        elif fault:
            self._refuse(fault)
        else:
            self._say("354 Go on")
            self._begin(self._no_body if self._strikes("body", self._recipient) else self._whole_body)

    def _on_rset(self, _rest: str) -> None:
        self._forget()
        self._say("250 2.0.0 Ok")

    def _on_noop(self, _rest: str) -> None:
        self._say("250 2.0.0 Ok")

    def _on_quit(self, _rest: str) -> None:
        self._close("221 2.0.0 Bye")

    def _refuse(self, fault: str) -> None:
        if fault.endswith("421"):
            self._close(REPLIES[fault])
        else:
            self._say(REPLIES[fault])

    # --- TLS and login

    def _on_starttls(self, _rest: str) -> None:
        if not self._sink.tls or self._secure:
            self._say("503 5.5.1 Not now")
            return
        if self._strikes("starttls_454"):
            self._say("454 4.7.0 TLS not available")
            return
        if self._in:
            self._blame("a command was sent behind STARTTLS")
            self._in.clear()
        self._say("220 2.0.0 Go on")
        self._flush()
        self._held = True
        self._forget()
        self._shaking = asyncio.ensure_future(self._shake_hands(self._sink.tls))

    async def _shake_hands(self, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        self._secure = True
        try:
            transport = await loop.start_tls(self._transport, self, tls, server_side=True)
        except (OSError, ssl.SSLError):
            self._transport.close()
            return
        assert transport
        self._transport = transport
        self._held = False
        self._work()

    def _on_auth(self, rest: str) -> None:
        kind, _, initial = rest.partition(" ")
        if self._sink.tls and not self._secure:
            self._blame("a login in the clear")
        if not self._sink.login or kind.upper() not in ("PLAIN", "LOGIN"):
            self._say("504 5.5.4 Not that one")
            return
        self._login = [kind.upper()]
        if initial:
            self._answer_login(initial)
        else:
            self._say("334 " + ("" if kind.upper() == "PLAIN" else "VXNlcm5hbWU6"))

    def _answer_login(self, line: str) -> None:
        assert self._login
        said = base64.b64decode(line).decode()
        self._login += said.split("\0")[1:] if self._login[0] == "PLAIN" else [said]
        if len(self._login) < 3:
            self._say("334 UGFzc3dvcmQ6")
            return
        self._logged_in = tuple(self._login[1:]) == self._sink.login
        self._login = None
        self._say("235 2.7.0 Ok" if self._logged_in else "535 5.7.8 No")

    # --- the body

    def _begin(self, reader: Callable[[], bool]) -> None:
        self._body = reader
        self._looked = 0

    def _next_body(self) -> bytes | None:
        """The body up to its dot, as it was sent; None while it has not come."""
        if self._in.startswith(b".\r\n"):
            del self._in[:3]
            return b""
        end = self._in.find(b"\r\n.\r\n", max(0, self._looked - 4))
        if end < 0:
            self._looked = len(self._in)
            return None
        body = bytes(self._in[: end + 2])
        del self._in[: end + 5]
        return body

    def _no_body(self) -> bool:
        """The line breaks in the middle of the message, wherever that is in what has come."""
        if self._in:
            self._drop()
        return False

    def _empty_body(self) -> bool:
        body = self._next_body()
        if body is None:
            return False
        self._body = None
        if body:
            self._blame("a message was sent although its recipient was refused")
        self._forget()
        self._say("554 5.5.1 No valid recipients")
        return True

    def _whole_body(self) -> bool:
        body = self._next_body()
        if body is None:
            return False
        self._body = None
        self._judge(body)
        fault = self._strikes("dot", self._recipient) or self._strikes("idle", self._recipient)
        if fault in REPLIES:
            self._forget()
            self._refuse(fault)
            return True
        self._take(body, fault)
        return True

    def _judge(self, body: bytes) -> None:
        lines = body.count(b"\r\n")
        if body.count(b"\n") != lines or body.count(b"\r") != lines:
            self._blame("a bare CR or LF in a message")
        if not body.isascii() and "BODY=8BITMIME" not in self._options:
            self._blame("8-bit text without BODY=8BITMIME")
        if not self._esmtp:
            self._blame("no EHLO before the message")

    def _take(self, body: bytes, fault: str) -> None:
        sink = self._sink
        sink.taken += 1
        head = body[: body.find(b"\r\n\r\n") + 2]
        sink.note(
            took=_header(head, b"message-id"),
            to=self._recipient,
            subject=_header(head, b"subject"),
            size=len(body),
            connection=self._number,
            answer=0 if fault in LOST else 250,
            behind=fault,
        )
        self._forget()
        answer = f"250 2.0.0 Ok: queued as {sink.taken:08X}"
        kind = fault.partition("_")[2]
        if fault == "dot_drop":
            self._drop()
        elif fault == "dot_stall":
            self._flush()
            self._held = True
        elif fault == "dot_loris":
            self._trickle(answer)
        elif fault == "idle_421":
            self._say(answer)
            self._close("421 4.4.2 Idle for too long")
        elif kind in FALSE:
            self._say(FALSE[kind])
        elif sink.latency:
            self._wait(self._faults.between(0, 2 * sink.latency), lambda: self._say(answer))
        else:
            self._say(answer)


def _header(head: bytes, name: bytes) -> str:
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*(?:\r\n[ \t].*)*)\r\n", head)
    return " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
