"""Ports on loopback: the one asked for when it is free, else one the system picks."""

from __future__ import annotations

import errno
import os
import socket

HOST = "127.0.0.1"
_WAITING = 2048
_TAKEN = {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}


def bound(port: int = 0, host: str = HOST) -> socket.socket:
    """A TCP socket that listens on ``port`` of ``host``, or on a free port when ``port`` is taken or 0.

    It is nobody else's from then on: who connects waits until it is served.
    """
    for wanted in dict.fromkeys((port, 0)):
        opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # So that a port is free at once after its last server; on Windows it means "share".
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, wanted))
            # Two sockets may be bound to one port for as long as neither listens.
            opened.listen(_WAITING)
        except (OSError, OverflowError) as error:
            opened.close()
            if wanted == 0 or (isinstance(error, OSError) and error.errno not in _TAKEN):
                raise
        else:
            return opened
    raise AssertionError("port 0 is always free or raises")


def free_port(port: int = 0) -> int:
    """``port`` when nothing listens there now, else another that is free now."""
    with bound(port) as opened:
        return int(opened.getsockname()[1])
