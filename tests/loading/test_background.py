"""Work in a second thread: one piece at a time, and no error is lost."""

from __future__ import annotations

import threading

import pytest

from talon_one_loading.background import Background


@pytest.fixture
def background():
    """A thread, which ends with the test."""
    thread = Background("test")
    yield thread
    thread.close()


def failing():
    """Work that fails."""
    raise ValueError("broken")


def test_work_is_done_in_its_order_and_one_piece_at_a_time(background):
    """The second piece starts when the first one has ended."""
    done, go = [], threading.Event()
    background.start(lambda: (go.wait(), done.append(1)))
    background.raise_error()
    assert [] == done
    go.set()
    background.start(lambda: done.append(len(done) + 1))
    background.wait()
    assert [1, 2] == done


def test_the_error_of_a_piece_is_raised_once_before_the_next_one_starts(background):
    """The next piece is not started after an error; then the thread can be used again."""
    done = []
    background.start(failing)
    with pytest.raises(ValueError, match="broken"):
        background.start(lambda: done.append(1))
    background.wait()
    background.start(lambda: done.append(2))
    background.wait()
    assert [2] == done


def test_waiting_raises_the_error(background):
    """An error is raised by the wait for the end of the work, and not again."""
    background.start(failing)
    with pytest.raises(ValueError, match="broken"):
        background.wait()
    background.raise_error()


def test_closing_waits_for_the_work():
    """Work that was started is complete when the thread is closed."""
    done, background = [], Background("test")
    background.start(lambda: done.append(1))
    background.close()
    assert [1] == done
