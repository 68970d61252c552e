"""A mailbox: a real ESMTP server on loopback that keeps each message it accepts as one file."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from bot.demo.durable import write_new
from bot.testing.ports import HOST, free_port

_STARTS = 5


class Mailbox:
    """The folder of messages. ``NNN-LOCALPART.eml`` holds a message's bytes as they came, and is never replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def keep(self, recipient: str, message: bytes) -> Path:
        """Writes ``message`` durably under the next number and returns its file."""
        local = re.sub(r"[^\w.+-]", "_", recipient.rpartition("@")[0])[:64] or "nobody"
        with self._lock:
            numbers = [int(path.name.partition("-")[0]) for path in self._folder.glob("[0-9]*-*.eml")]
            number = max(numbers, default=0) + 1
            while True:
                path = self._folder / f"{number:03d}-{local}.eml"
                try:
                    write_new(path, message)
                except FileExistsError:  # Another process keeps its mail here too.
                    number += 1
                else:
                    return path

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802
        """aiosmtpd's hook: the answer to a message's last line. The file is on disk before the 250 is given."""
        message = envelope.original_content
        if message is None:
            message = envelope.content.encode() if isinstance(envelope.content, str) else envelope.content
        try:
            self.keep(envelope.rcpt_tos[0], message)
        except OSError as error:
            return f"451 4.3.0 the mailbox could not write the message: {error.strerror}"
        return f"250 2.0.0 OK: queued as {secrets.token_hex(5).upper()}"


@contextmanager
def mailbox(folder: Path, port: int = 0) -> Iterator[int]:
    """Receives mail into ``folder`` and yields the port on 127.0.0.1; another port if ``port`` is taken.

    No TLS and no login: what travels never leaves the machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    controller = _started(Mailbox(folder), port)
    try:
        yield int(controller.port)
    finally:
        controller.stop()


def _started(handler: Mailbox, port: int) -> Any:
    for remaining in reversed(range(_STARTS)):
        controller = Controller(
            handler,
            hostname=HOST,
            port=free_port(port),
            server_hostname="mailbox.portalderrecord.example",
            ident="Port Alder mailbox",
            enable_SMTPUTF8=True,
            decode_data=False,
        )
        try:
            controller.start()
        except OSError:  # Somebody took the port between the look and the start.
            controller.loop.close()
            if not remaining:
                raise
            port = 0
        else:
            return controller
    raise AssertionError("the last start returns or raises")
