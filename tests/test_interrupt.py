from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager

import pytest

from bot.interrupt import STOPS, Interrupt

PATIENCE = 30.0


@pytest.fixture
def another_thread():
    """One that only waits: what is sent to it wakes nobody else."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    yield thread
    ended.set()
    thread.join()


@contextmanager
def _soon(does, *told):
    later = threading.Timer(0.2, does, told)
    later.start()
    yield
    later.join()


def _ended(interrupt):
    """Whether the wait ends by itself, and not by our patience."""
    impatient = []
    patience = threading.Timer(PATIENCE, lambda: (impatient.append(PATIENCE), interrupt.call()))
    patience.start()
    interrupt.wait()
    patience.cancel()
    return not impatient


@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_a_signal_that_reaches_another_thread_ends_the_wait(number, another_thread):
    with Interrupt() as interrupt, _soon(signal.pthread_kill, another_thread.ident, number):
        assert _ended(interrupt)


def test_a_signal_before_the_wait_is_not_lost():
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        assert _ended(interrupt)


def test_a_call_from_another_thread_ends_the_wait():
    with Interrupt() as interrupt, _soon(interrupt.call):
        assert _ended(interrupt)


def test_another_signal_that_has_a_handler_does_not_end_it():
    came = []
    before = signal.signal(signal.SIGUSR1, lambda *_: came.append("usr1"))
    try:
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGUSR1)
            with _soon(lambda: (came.append("called"), interrupt.call())):
                interrupt.wait()
        assert came == ["usr1", "called"]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_the_signals_did_before_they_do_again():
    before = [signal.getsignal(number) for number in STOPS]
    with Interrupt():
        assert [signal.getsignal(number) for number in STOPS] != before
    assert [signal.getsignal(number) for number in STOPS] == before
