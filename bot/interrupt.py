"""SIGINT and SIGTERM, for a process that waits in its main thread until it is told to end."""

from __future__ import annotations

import signal
import socket
from types import FrameType, TracebackType
from typing import Self

STOPS = (signal.SIGINT, signal.SIGTERM)
_CALLED = 0


class Interrupt:
    """What ends the process: one of the signals, remembered from ``with`` on, or a call. For the main thread alone.

    The system may hand a signal to any thread (POSIX.1-2017, 2.4.1), and Python runs its handlers in the main thread
    when that next wakes: a main thread that waits for an event or a lock may never wake, and the signal is lost. Hence
    the byte that Python's handler in C writes in whichever thread it runs (``signal.set_wakeup_fd``, Python 3.11).
    """

    def __enter__(self) -> Self:
        self._told, self._tells = socket.socketpair()
        self._tells.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._tells.fileno(), warn_on_full_buffer=False)
        self._before = {each: signal.signal(each, _noted) for each in STOPS}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup_before)
        self._told.close()
        self._tells.close()

    def call(self) -> None:
        """Ends the wait from another thread, as a signal does."""
        self._tells.send(bytes([_CALLED]))

    def wait(self) -> None:
        """Returns once a signal has come, or ``call`` was made; at once if that was before."""
        while self._told.recv(1)[0] not in (_CALLED, *STOPS):
            pass


def _noted(_number: int, _frame: FrameType | None) -> None:
    # The byte says it. There must be a handler, or the signal would end the process.
    pass
