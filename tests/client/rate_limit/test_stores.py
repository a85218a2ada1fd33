"""Stored states that are damaged or lie in the future are corrected."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from talon_one_client import ClientConfig, Secret
from talon_one_client import endpoints as ep
from talon_one_client.rate_limit.departures import Pace
from talon_one_client.rate_limit.limiter import RateLimiter
from talon_one_client.rate_limit.stores import RedisStore
from tests.client.rate_limit.virtual_time import URL, Time

FAR_FUTURE = 1 << 60  # microseconds: the year 38,000


def row_of(path, change=None):
    """The name and state of the only rate limit in a SQLite file, after a change."""
    with closing(sqlite3.connect(path)) as other:
        if change is not None:
            other.execute("UPDATE budget SET state = ?", (change,))
            other.commit()
        (row,) = other.execute("SELECT name, state FROM budget").fetchall()
    return row


@pytest.mark.parametrize(
    ("state", "warning"),
    [
        (f"{FAR_FUTURE} {FAR_FUTURE}", "ahead of the clock"),
        (f"0 0 {FAR_FUTURE}", "ahead of the clock"),
        ("1700000000000.5", "could not be read"),
        ("\u00a7 nonsense", "could not be read"),
        ("", "could not be read"),
    ],
)
def test_a_stored_wait_that_cannot_be_is_cut_with_a_warning(tmp_path, caplog, state, warning):
    """A damaged state, or one in the future, delays a request by no more than a window."""
    waits, time = [], Time()
    config = ClientConfig(
        base_url=URL, api_key=Secret("k" * 8), requests_per_second=2, rate_limit_url=f"sqlite:///{tmp_path}/b.db"
    )
    paced = RateLimiter(config, sleep=lambda s: (waits.append(s), time.sleep(s)), clock_ms=time.now)
    paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    row_of(tmp_path / "b.db", state)
    for _ in range(2):
        paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    paced.close()
    assert max(waits) <= 1.04
    assert 1 == sum(warning in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("state", [f"{FAR_FUTURE} {FAR_FUTURE}", "9" * 400, "1.5", "nonsense", ""])
def test_a_stored_wait_that_cannot_be_is_cut_in_redis_too(redis_url, state):
    """The Redis script corrects such a state and says that it did."""
    import redis

    store, pace = RedisStore(redis_url, "damaged"), Pace.of(2)
    with closing(redis.Redis.from_url(redis_url)) as other:
        other.set("damaged", state)
    first, second = store.step(pace, None), store.step(pace, None)
    store.close()
    assert first.wait_us <= pace.window_us
    assert first.ahead_us != 0
    assert second.ahead_us == 0
