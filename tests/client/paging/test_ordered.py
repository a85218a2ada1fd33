"""Many ids at once: results in order, memory bounded, errors where they belong."""

from __future__ import annotations

import threading

import pytest

from talon_one_client.paging.ordered import ordered_parts


def collected(keys, produce, concurrency, **options):
    return [(key, list(parts)) for key, parts in ordered_parts(keys, produce, concurrency, **options)]


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_parts_come_in_the_order_of_the_keys(concurrency):
    """Keys and parts keep their order, however many workers there are."""
    expected = [(key, [key * 10 + n for n in range(7)]) for key in range(50)]
    assert expected == collected(range(50), lambda key: (key * 10 + n for n in range(7)), concurrency)


def test_no_more_than_concurrency_keys_are_worked_on_at_once():
    """With a concurrency of three, three workers run at once, and never four."""
    meet, lock, now, most = threading.Barrier(3), threading.Lock(), [0], [0]

    def produce(key):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        meet.wait(timeout=10)
        with lock:
            now[0] -= 1
        yield key

    assert 30 == len(collected(range(30), produce, 3))
    assert 3 == most[0]


def test_keys_are_read_lazily():
    """Keys are read at most four times concurrency ahead, so that their list may be endless."""
    asked = []

    def keys():
        while True:
            asked.append(1)
            yield len(asked)

    parts = ordered_parts(keys(), lambda key: [key], 2)
    first = next(parts)
    assert 1 == first[0]
    assert [1] == list(first[1])
    parts.close()
    assert len(asked) <= 9


def test_an_error_is_raised_where_its_parts_are_read():
    """Keys before the failing one are read whole; the error is the worker's own."""

    def produce(key):
        yield key
        if key == 2:
            raise LookupError("key 2")

    read = []

    def read_all():
        for key, parts in ordered_parts(range(10), produce, 4):
            read.extend((key, part) for part in parts)

    with pytest.raises(LookupError, match="key 2"):
        read_all()
    assert [(0, 0), (1, 1), (2, 2)] == read


def test_a_reader_that_leaves_stops_the_workers():
    """After close() no worker remains, even if its queue was full."""
    before = set(threading.enumerate())
    parts = ordered_parts(range(100), lambda key: iter(range(1000)), 4)
    next(parts)
    parts.close()
    assert set() == set(threading.enumerate()) - before


def test_poll_can_end_the_work_while_nothing_comes():
    """An error of poll ends the reading and releases the workers."""
    gate = threading.Event()

    def produce(_key):
        gate.wait(timeout=30)
        yield 1

    def poll():
        gate.set()
        raise InterruptedError

    with pytest.raises(InterruptedError):
        collected(range(3), produce, 2, poll=poll)


def test_the_first_key_may_end_last():
    """Later keys are worked on while the first one is slow, and wait for their turn."""
    others = threading.Event()

    def produce(key):
        if key == 0:
            assert others.wait(10)
        elif key == 3:
            others.set()
        yield key

    assert [(n, [n]) for n in range(4)] == collected(range(4), produce, 4)


def test_parts_are_bounded():
    """A key's parts are produced a few ahead of the reader only."""
    lock, made, seen = threading.Lock(), [0], 0

    def produce(key):
        for _ in range(50):
            with lock:
                made[0] += 1
            yield key

    for _, parts in ordered_parts(range(30), produce, 3):
        for _ in parts:
            seen += 1
            assert made[0] - seen <= 3 * 4 * 5
    assert 30 * 50 == seen


def test_an_error_of_the_keys_comes_through():
    """An error while the keys are read is raised by the iterator."""

    def keys():
        yield 1
        raise KeyError("page 2")

    with pytest.raises(KeyError, match="page 2"):
        collected(keys(), iter, 2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("talon-one_")]
