"""Messages are read in a thread: in order, a bounded number ahead, with the error where it occurred."""

from __future__ import annotations

import io
from threading import Event

import pytest

from target_talon_one.read_ahead import MOST_BYTES, MOST_MESSAGES, CountedInput, ReadAhead


def taken(items, position=lambda: 0):
    """Return all items that a thread reads."""
    found = []
    with ReadAhead(iter(items), position) as ahead:
        while True:
            try:
                found.append(ahead.get())
            except StopIteration:
                return found


def test_items_come_in_their_order():
    """All items are taken, in the order in which they were read."""
    assert list(range(1000)) == taken(range(1000))


def test_an_error_comes_after_the_items_before_it():
    """What the iterator raises is raised when the items before it were taken."""

    def items():
        yield 1
        raise ValueError("the input ends here")

    with ReadAhead(items(), lambda: 0) as ahead:
        assert 1 == ahead.get()
        with pytest.raises(ValueError, match="ends here"):
            ahead.get()


@pytest.mark.parametrize(("bytes_each", "most"), [(0, MOST_MESSAGES), (MOST_BYTES, 1)])
def test_a_bounded_number_is_read_ahead(bytes_each, most):
    """No more items are read than may wait, by their number and by their bytes."""
    read, full = [], Event()

    def items():
        for number in range(1000):
            read.append(number)
            if len(read) == most:
                full.set()
            yield number

    with ReadAhead(items(), lambda: bytes_each * len(read)) as ahead:
        full.wait(10)
        assert ahead.get(0.05) == 0
    assert most <= len(read) <= most + 1


def test_nothing_is_returned_if_nothing_comes_in_time():
    """``get`` returns None after its time, and the item as soon as it is there."""
    go = Event()

    def items():
        go.wait(10)
        yield "late"

    with ReadAhead(items(), lambda: 0) as ahead:
        assert ahead.get(0.01) is None
        go.set()
        assert "late" == ahead.get()


def test_bytes_are_counted_as_they_are_read():
    """A counted input returns what its source returns, and counts it."""
    source = CountedInput(io.BytesIO(b"abcdef"))
    assert b"abcd" == source.read(4)
    assert 4 == source.count
