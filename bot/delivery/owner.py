"""Who holds a lease: a process of a machine, told apart from a later one with the same number."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


def this_process() -> str:
    """``PLACE/PID/START``: unique while the machine runs. Inside a container the place is the container."""
    return f"{_place()}/{os.getpid()}/{_started(os.getpid())}"


def has_died(owner: str) -> bool:
    """Whether ``owner`` was a process of this place that runs no longer; of other places nothing is known."""
    place, _, rest = owner.partition("/")
    pid, _, started = rest.partition("/")
    if place != _place() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    # A zombie has died, and only waits for its parent to look.
    return _started(int(pid)) != started or _state(int(pid)) == "Z"


@cache
def _place() -> str:
    """The machine since its last start, and the numbering of processes in it: host names alone may be shared."""
    boot = _read("/proc/sys/kernel/random/boot_id").strip()[:8]
    try:
        numbering = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        numbering = ""
    return "-".join(part for part in (socket.gethostname().replace("/", "-"), boot, numbering) if part)


def _started(pid: int) -> str:
    """The process's start time in clock ticks since boot (proc(5), field 22); "" where the system does not tell."""
    fields = _fields(pid)
    return fields[19] if len(fields) > 19 else ""


def _state(pid: int) -> str:
    """proc(5), field 3."""
    return next(iter(_fields(pid)), "")


def _fields(pid: int) -> list[str]:
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(file: str) -> str:
    try:
        return Path(file).read_text()
    except OSError:
        return ""
