"""Who holds a lease: a process of a machine, told apart from a later one with the same number."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    """``HOST/PID/START``: unique while the machine runs."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def has_died(owner: str) -> bool:
    """Whether ``owner`` was a process of this machine that runs no longer; of other machines nothing is known."""
    host, _, rest = owner.partition("/")
    pid, _, started = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """The process's start time in clock ticks since boot (proc(5), field 22); "" where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
