"""A real ESMTP server on loopback that counts what reaches it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller

from bot.testing.ports import HOST, free_port

PATIENCE = 60.0


class SmtpServer:
    """``arrived``: who got a message, in the order in which their last bytes came. ``busy`` is said instead of 250."""

    def __init__(self, slow: float) -> None:
        self.arrived: list[str] = []
        self.busy = ""
        self.port = 0
        self._slow = slow
        self._more = threading.Condition()

    async def handle_DATA(self, server, session, envelope):
        if self.busy:
            return self.busy
        with self._more:
            self.arrived.append(envelope.rcpt_tos[0])
            self._more.notify_all()
        await asyncio.sleep(self._slow)
        return "250 2.0.0 OK: queued"

    @property
    def copies(self) -> Counter[str]:
        return Counter(self.arrived)

    def wait_for(self, number: int) -> None:
        """Blocks until so many messages have arrived."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.arrived) >= number, PATIENCE), len(self.arrived)


@contextmanager
def smtp_server(*, slow: float = 0.01) -> Iterator[SmtpServer]:
    """Each message takes the server ``slow`` seconds after it has arrived."""
    handler = SmtpServer(slow)
    controller = Controller(handler, hostname=HOST, port=free_port(0), enable_SMTPUTF8=True)
    controller.start()
    handler.port = controller.port
    try:
        yield handler
    finally:
        controller.stop()
