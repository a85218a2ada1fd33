"""Late answers and long waits of one rate limit."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from tests.client.rate_limit.virtual_time import Time, limiter, most_in_a_second


def test_a_late_answer_moves_the_window_but_only_now_and_then():
    """One slow answer delays the requests behind it; a server that is always slow costs less than 5 %."""
    time, sent = Time(), []
    paced = limiter(time, requests_per_second=10)
    for _ in range(1000):
        grant = paced.grant(ep.GET_LOYALTY_CARD_BALANCES)
        sent.append(time.ms / 1000)
        time.ms += 90
        grant.answered()
    assert most_in_a_second(sent) <= 10
    assert (len(sent) - 1) / (sent[-1] - sent[0]) >= 0.95 * 10


def test_an_answer_that_took_long_once_is_counted_from_when_it_came():
    """After a first answer that took 400 ms, the next ten requests wait until it is a second old."""
    time = Time()
    paced = limiter(time, requests_per_second=10)
    grants = [paced.grant(ep.GET_LOYALTY_CARD_BALANCES)]
    time.ms += 400
    arrived = time.ms
    grants[0].answered()
    for _ in range(10):
        grants.append(paced.grant(ep.GET_LOYALTY_CARD_BALANCES))
    assert time.ms - arrived >= 1000


def test_a_long_wait_is_logged_once(caplog):
    """A wait of more than ten seconds is logged once."""
    time = Time()
    paced = limiter(time, requests_per_second=0.05)
    for _ in range(5):
        paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    logged = [record.getMessage() for record in caplog.records]
    assert ["waiting 21 s for the rate limit of 0.05 requests a second"] == logged


def test_short_waits_are_not_logged(caplog):
    """A wait of less than ten seconds is not logged."""
    paced = limiter(Time(), requests_per_second=0.2)
    for _ in range(3):
        paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    assert [] == caplog.records
