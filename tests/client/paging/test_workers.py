"""Threads that share slots: as many calls as slots, and those that wait for a retry let others go on."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.http.waits import never, retry_sleep
from talon_one_client.paging.work import Work
from talon_one_client.paging.workers import SPARE, Turn, Workers
from tests.examples import examples


class Tasks:
    """Functions that workers call once each, in their order."""

    def __init__(self, tasks):
        self.left, self.open, self.lock = deque(tasks), 0, threading.Lock()
        self.workers = self.work = None

    def call(self):
        """Call the next function."""
        with self.lock:
            if not self.left:
                return Turn.NOTHING_NOW if self.open else Turn.FINISHED
            task = self.left.popleft()
            self.open += 1
        if self.workers.idle:
            self.workers.wake()
        task()
        with self.lock:
            self.open -= 1
        return Turn.WORKED

    def run(self, slots, poll=never, cpu_share=lambda: 0.0):
        """Work until nothing is left."""
        self.workers = Workers(slots, cpu_share)
        self.work = Work(self.workers, self.call)
        try:
            self.work.begin()
            self.work.wait(poll)
        finally:
            self.workers.close()


def left_over(before):
    """Threads that were started since."""
    return set(threading.enumerate()) - before


def test_as_many_calls_as_slots_run_at_once():
    """With three slots three calls meet, again and again, and never a fourth."""
    meet, lock, now, most = threading.Barrier(3), threading.Lock(), [0], [0]

    def task():
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        meet.wait(timeout=10)
        with lock:
            now[0] -= 1

    Tasks([task] * 30).run(3)
    assert 3 == most[0]


def test_slots_stay_unused_while_the_cpu_is_the_limit():
    """While the process uses a CPU, two calls run at once; when it waits, as many as there are slots."""
    share, lock, now, most, looked = [1.0], threading.Lock(), [0], [0], threading.Event()

    def cpu_share():
        looked.set()
        return share[0]

    def busy():
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        assert looked.wait(10)
        looked.clear()
        with lock:
            now[0] -= 1

    meet = threading.Barrier(5)

    def waiting():
        share[0] = 0.0
        meet.wait(timeout=10)

    Tasks([busy] * 6 + [waiting] * 5).run(5, cpu_share=cpu_share)
    assert 2 == most[0]
    assert not meet.broken


def test_a_call_that_waits_for_its_retry_lets_another_one_go_on():
    """With one slot, a call that waits ends only after the next one, which has its slot meanwhile."""
    order, second_ran = [], threading.Event()

    def stop():
        if not second_ran.is_set():
            return
        raise InterruptedError

    def first():
        with pytest.raises(InterruptedError):
            retry_sleep(stop)(60)
        order.append("first")
        raise InterruptedError

    def second():
        order.append("second")
        second_ran.set()

    with pytest.raises(InterruptedError):
        Tasks([first, second]).run(1)
    assert ["second", "first"] == order


def test_a_call_that_others_wait_for_keeps_its_slot():
    """A call that holds a lock while it waits for its retry is not overtaken by calls that need the lock."""
    lock, order = threading.Lock(), []

    def task(number):
        with tasks.work.keeping_slot(), lock:
            retry_sleep(never)(0.0)
            order.append(number)

    tasks = Tasks([lambda number=number: task(number) for number in range(5)])
    tasks.run(1)
    assert [*range(5)] == order


def test_the_calls_that_wait_are_bounded():
    """No more calls are open than slots and spare threads, however many wait for their retries."""
    lock, begun, enough = threading.Lock(), [0], threading.Event()
    most = 2 * (1 + SPARE)

    def stop():
        with lock:
            if begun[0] >= most:
                enough.set()
                raise InterruptedError

    def task():
        with lock:
            begun[0] += 1
        retry_sleep(stop)(60)

    with pytest.raises(InterruptedError):
        Tasks([task] * 100).run(2)
    assert enough.is_set()
    assert most == begun[0]


def test_a_call_gets_a_slot_again_before_a_new_one_begins():
    """After its wait a call goes on when the one in its place pauses, not after all others."""
    order = []

    def first():
        retry_sleep(never)(0.0)
        order.append("first")

    def second():
        while "first" not in order:
            tasks.work.pause()
        order.append("second")

    tasks = Tasks([first, second, lambda: order.append("third")])
    tasks.run(1)
    assert "first" == order[0]


def test_an_error_ends_the_work():
    """The error of a call is raised by ``wait``; no further call begins, and no thread is left."""
    before, calls = set(threading.enumerate()), []

    def task():
        calls.append(1)
        raise LookupError("key 2")

    with pytest.raises(LookupError, match="key 2"):
        Tasks([task] * 100).run(1)
    assert [1] == calls
    assert set() == left_over(before)


def test_poll_can_end_the_work_while_nothing_comes():
    """An error of poll ends the wait, and the calls that are open may end."""
    gate, before = threading.Event(), set(threading.enumerate())

    def poll():
        gate.set()
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Tasks([lambda: gate.wait(30)] * 3).run(2, poll)
    assert set() == left_over(before)


def test_after_close_a_call_takes_no_lock():
    """A call that wants to write after the end is ended instead."""
    lock, written, closed = threading.Lock(), [], threading.Event()

    def task():
        closed.wait(10)
        with tasks.work.holding(lock):
            written.append(1)

    def poll():
        tasks.work.close()
        closed.set()
        raise InterruptedError

    tasks = Tasks([task] * 3)
    with pytest.raises(InterruptedError):
        tasks.run(2, poll)
    assert [] == written


def both(slots, first, second):
    """Two works of the same workers, the first of which has begun."""
    workers = Workers(slots, lambda: 0.0)
    works = []
    for tasks in (first, second):
        tasks.workers, tasks.work = workers, Work(workers, tasks.call)
        works.append(tasks.work)
    works[0].begin()
    return workers, *works


def test_a_second_work_uses_the_slot_of_a_call_that_waits_for_its_retry():
    """With one slot, ``wait`` returns when the last call waits; the next work is done, and then the first one ends."""
    order, second_ran = [], threading.Event()

    def stop():
        if second_ran.is_set():
            order.append("stop")
            raise InterruptedError

    def waiting():
        with pytest.raises(InterruptedError):
            retry_sleep(stop)(60)
        order.append("first")

    def second():
        order.append("second")
        second_ran.set()

    workers, one, other = both(1, Tasks([waiting]), Tasks([second]))
    one.wait(never, or_retries=True)
    assert not one.closed
    other.begin()
    other.wait(never)
    one.wait(never)
    workers.close()
    assert ["second", "stop", "first"] == order


def test_the_error_of_a_work_leaves_the_other_one_alone():
    """The work with the error raises it; all calls of the other one are made."""
    done, failed = [], threading.Event()

    def fail():
        failed.set()
        raise LookupError("key 2")

    def task():
        assert failed.wait(10)
        done.append(1)

    workers, one, other = both(2, Tasks([fail]), Tasks([task] * 9))
    other.begin()
    other.wait(never)
    with pytest.raises(LookupError, match="key 2"):
        one.wait(never)
    workers.close()
    assert 9 == len(done)


def test_a_work_that_is_closed_ends_its_waiting_calls_and_gives_their_slots_back():
    """Its call that waits for a retry ends soon, and the other work has all slots again."""
    begun, meet = threading.Event(), threading.Barrier(2)

    def waiting():
        begun.set()
        retry_sleep(never)(60)

    workers, one, other = both(2, Tasks([waiting]), Tasks([lambda: meet.wait(10)] * 4))
    assert begun.wait(10)
    one.join()
    other.begin()
    other.wait(never)
    workers.close()
    assert not meet.broken


@given(st.integers(1, 5), st.lists(st.sampled_from(["work", "wait", "pause", "add"]), max_size=25))
@examples(60)
def test_every_task_is_done_once(slots, kinds):
    """Whatever waits, pauses or comes up later: every task ends once, never more of them at work than slots."""
    done, lock, now, most = [], threading.Lock(), [0], [0]

    def at_work(change):
        with lock:
            now[0] += change
            most[0] = max(most[0], now[0])

    def task(number, kind):
        at_work(1)
        if kind == "add":
            with tasks.lock:
                tasks.left.append(lambda: task(number + 1000, "work"))
            tasks.workers.wake()
        if kind == "pause":
            tasks.work.pause()
        at_work(-1)
        if kind == "wait":
            retry_sleep(never)(0.001)
        done.append(number)

    tasks = Tasks([lambda number=number, kind=kind: task(number, kind) for number, kind in enumerate(kinds)])
    tasks.run(slots)
    added = [number + 1000 for number, kind in enumerate(kinds) if kind == "add"]
    assert [*range(len(kinds)), *added] == sorted(done)
    assert most[0] <= slots
