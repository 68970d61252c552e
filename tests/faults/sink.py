"""A mail server that fails as it is told, by a seed, and writes down what it took before it says a word about it.

``python -m tests.faults.sink --log FILE --faults rcpt_451=0.02,dot_drop=1x3`` prints one JSON line with its port and
serves until it is ended. A fault is NAME=RATE, or NAME=RATExTIMES: at most so many times. Its log is the truth that a
ledger is held against: JSON lines, each handed to the kernel before the answer to the dot, so that neither a kill of
the sender nor one of the sink leaves a message that was taken but not written down.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.conversation import Connection, Sink
from tests.faults.faults import Faults


async def serve(sink: Sink, port: int, ready: Callable[[int], None]) -> None:
    """Serves on 127.0.0.1 until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: Connection(sink), "127.0.0.1", port, backlog=512)
    ready(server.sockets[0].getsockname()[1])
    await ended.wait()
    server.close()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.faults.sink", description="A seeded fault SMTP sink.")
    options.add_argument("--log", type=Path, required=True, help="JSON lines are appended to this file")
    options.add_argument("--port", type=int, default=0, help="0: one that is free")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--faults", default="", help="NAME=RATE[xTIMES],…")
    options.add_argument("--grey", type=float, default=0.3, help="seconds until a greylisted recipient is let in")
    options.add_argument("--latency", type=float, default=0.0, help="seconds to the answer to the dot, on average")
    options.add_argument("--certificate", type=Path, help="PEM of certificate and key: STARTTLS is offered")
    options.add_argument("--login", default="", help="USER:PASSWORD; without it nobody needs to log in")
    given = options.parse_args()
    try:
        faults = Faults.parse(given.faults, given.seed)
    except ValueError as error:
        options.error(str(error))
    tls = None
    if given.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.certificate)
    user, _, password = given.login.partition(":")
    sink = Sink(
        log=os.open(given.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
        faults=faults,
        grey=given.grey,
        latency=given.latency,
        tls=tls,
        login=(user, password) if user else None,
    )

    def ready(port: int) -> None:
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()

    _run(serve(sink, given.port, ready))


def _run(main: Any) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


if __name__ == "__main__":
    main()
