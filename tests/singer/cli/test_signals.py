"""The stop signal, inside one process; test_cli.py sends real signals from outside."""

import signal
import threading

import pytest

from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import Stopped


def test_it_starts_unset():
    """Without a signal, waits time out and checks pass."""
    stop = StopSignal()
    stop.check()
    assert not stop.is_set()
    assert stop.wait(0.001) is False


def test_setting_wakes_every_waiter():
    """Threads that wait for a minute wake at once when the stop is requested."""
    stop = StopSignal()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(stop.wait(60))) for _ in range(8)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(20)
    assert [True] * 8 == answers


def test_check_raises_with_the_exit_code():
    """The exit code of Stopped is 128 plus the signal's number."""
    stop = StopSignal()
    stop.set(signal.SIGINT)
    with pytest.raises(Stopped) as raised:
        stop.check()
    assert 130 == raised.value.exit_code


def test_handlers_are_put_back():
    """The earlier handlers are restored after the block."""
    before = signal.getsignal(signal.SIGTERM)
    stop = StopSignal()
    with stop.installed():
        signal.raise_signal(signal.SIGTERM)
        during = signal.getsignal(signal.SIGTERM)
    assert stop.is_set()
    assert signal.SIG_DFL == during
    assert before == signal.getsignal(signal.SIGTERM)


def test_outside_the_main_thread_no_handler_is_installed():
    """A run in a thread of another program does not change that program's handlers."""
    seen = []

    def run():
        with StopSignal().installed():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert [signal.getsignal(signal.SIGTERM)] == seen
