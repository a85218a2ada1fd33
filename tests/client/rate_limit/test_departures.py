"""The algorithm of the rate limits, on a virtual clock: exact for departures, whatever delays them."""

from __future__ import annotations

import heapq
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.rate_limit.departures import MAX_SIZE, PROMPT_US, Departures, Pace
from talon_one_client.rate_limit.stores import RedisStore
from tests.examples import examples

RATES = [0.01, 0.5, 1, 1.5, 2.5, 3, 7, 20, 33.3, 50, 100, 128, 129, 257, 400, 1000]


def departures(rate, delays_us, count, workers=1):
    """The instants at which ``count`` requests of some workers really leave, each delayed after its grant."""
    pace, state, left = Pace.of(rate), Departures(), []
    ready = [(10_000_000, worker, None) for worker in range(workers)]
    while len(left) < count:
        now_us, worker, granted_us = heapq.heappop(ready)
        if granted_us is None:
            wait_us = state.take(pace, now_us)
            later = (now_us + wait_us, worker, None) if wait_us else (now_us + delays_us(), worker, now_us)
        else:
            late_us = now_us - granted_us
            if late_us > pace.window_us // 2:
                later = (now_us, worker, None)
            else:
                if late_us > pace.prompt_us:
                    state.move(granted_us, now_us)
                left.append(now_us)
                later = (now_us, worker, None)
        heapq.heappush(ready, later)
    return left


def most_in(left_us, window_us):
    """The most departures in any window, its end left out."""
    first = most = 0
    for last, at_us in enumerate(left_us):
        while at_us - left_us[first] >= window_us:
            first += 1
        most = max(most, last - first + 1)
    return most


def allowed(rate):
    """The most requests of a second, or of the time that one or more whole requests take."""
    return Pace.of(rate).size, 1_000_000 * Pace.of(rate).size / rate


@pytest.mark.parametrize("rate", RATES)
def test_no_window_holds_more_than_the_rate_and_the_rate_is_used(rate):
    """Without delays a second holds at most the rate, and 95 % of the rate is used."""
    left = departures(rate, lambda: 0, max(20, int(rate * 10)))
    size, window_us = allowed(rate)
    assert most_in(left, window_us) <= size
    assert most_in(left, 1_000_000) <= max(1, -(-rate // 1))
    assert 0.95 <= (len(left) - 1) / (left[-1] - left[0]) * 1e6 / rate <= 1


@examples(60)
@given(
    rate=st.one_of(st.sampled_from(RATES), st.floats(0.05, 300)),
    seed=st.integers(0, 1 << 30),
    workers=st.integers(1, 16),
    longest_ms=st.sampled_from([0, 1, 3, 30, 300, 1500]),
)
def test_late_departures_never_make_a_window_too_full(rate, seed, workers, longest_ms):
    """A second holds at most the rate even if slow connections make requests depart late."""
    random = Random(seed)
    left = departures(rate, lambda: int(random.random() ** 4 * longest_ms * 1000), 400, workers)
    size, window_us = allowed(rate)
    assert most_in(left, window_us) <= size
    if rate == int(rate) and rate <= MAX_SIZE:
        assert most_in(left, 1_000_000) <= rate


@pytest.mark.parametrize(
    ("rate", "late_us"), [(1, 1000), (3, 1000), (20, 1000), (50, 1000), (100, 1000), (100, 10_000)]
)
def test_waking_up_a_little_late_loses_no_rate(rate, late_us):
    """A sleep that takes a little too long still uses 95 % of the rate, and no second holds more than it."""
    random = Random(7)
    pace, state, now_us, left = Pace.of(rate), Departures(), 10_000_000, []
    while len(left) < rate * 20:
        wait_us = state.take(pace, now_us)
        if not wait_us:
            left.append(now_us)
        now_us += wait_us + random.randrange(late_us) if wait_us else 0
    assert most_in(left, 1_000_000) <= rate
    assert 0.95 <= (len(left) - 1) / (left[-1] - left[0]) * 1e6 / rate <= 1


def test_a_late_departure_is_noted_at_the_time_it_leaves():
    """The state keeps when a request departed, not when it was granted."""
    pace, state = Pace.of(2), Departures()
    assert 0 == state.take(pace, 5_000_000)
    state.move(5_000_000, 5_300_000)
    assert [5_300_000] == state.departed_us
    assert pace.prompt_us == PROMPT_US


@given(st.lists(st.integers(0, 1 << 60), min_size=1, max_size=9), st.integers(0, 1 << 50))
def test_instants_in_the_future_are_cut(instants, now_us):
    """After clamping nothing is ahead of the clock, so that no wait is longer than a window or a gap."""
    state, pace = Departures.decode(" ".join(map(str, instants))), Pace.of(3)
    ahead_us = state.clamp(now_us)
    assert max(0, max([instants[0], *instants[1:]]) - now_us) == ahead_us
    assert state.take(pace, now_us) <= max(pace.window_us, pace.gap_us)


@pytest.mark.parametrize("text", ["", "x", "1 2 x", "1  2", "nan", "1.5"])
def test_a_text_that_is_no_state_is_refused(text):
    """A text that encode has not written is refused."""
    with pytest.raises(ValueError, match=r"invalid literal|unpack"):
        Departures.decode(text)


@pytest.mark.parametrize("rate", [0.5, 20, 400])
def test_the_redis_script_decides_as_the_algorithm_does(redis_url, rate):
    """Every reply of the Redis script is that of the pure functions for the same state and instant."""
    pace, store, state, granted = Pace.of(rate), RedisStore(redis_url, f"parity-{rate}"), Departures(), []
    for step in range(60):
        moved = granted[-1] if granted and step % 7 == 6 else None
        answer = store.step(pace, moved)
        if moved is None:
            assert state.take(pace, answer.now_us) == answer.wait_us
            granted += [] if answer.wait_us else [answer.now_us]
        else:
            state.move(moved, answer.now_us)
        assert state.encode() == store._redis.get(store._name).decode()
    store.close()
