"""Keys that are refused slow down as far as the server demands, and no further; on a virtual clock."""

from __future__ import annotations

import heapq
from itertools import pairwise
from random import Random

import pytest

from talon_one_client import endpoints as ep
from talon_one_client.rate_limit.adaptive_rate import AdaptiveRate
from tests.client.rate_limit.virtual_time import Time, limiter


class Bucket:
    """A server that allows so many requests a second, and as many at once."""

    def __init__(self, rate):
        self.rate, self.tokens, self.at_s = rate, rate, 0.0

    def refuses(self, now_s):
        """Return whether a request is refused."""
        self.tokens = min(self.rate, self.tokens + (now_s - self.at_s) * self.rate)
        self.at_s = now_s
        if self.tokens < 1:
            return True
        self.tokens -= 1
        return False


def run(refuses, *, seconds, threads=16, latency_s=0.01, retry_after_s=None):
    """Threads that send as fast as they are allowed to; returns (second, refused) of each answer."""
    now_s, answers = [0.0], []
    adaptive = AdaptiveRate("key", lambda: now_s[0], 300)
    ready = [(0.0, number, False) for number in range(threads)]
    while ready[0][0] < seconds:
        now_s[0], number, sent = heapq.heappop(ready)
        if sent:
            refused = refuses(now_s[0])
            answers.append((now_s[0], refused))
            adaptive.answered(refused=refused, retry_after_s=retry_after_s if refused else None)
        heapq.heappush(ready, (now_s[0] + adaptive.reserve() + latency_s, number, True))
    return answers


@pytest.mark.parametrize("rate", [5, 40, 200, 900])
@pytest.mark.parametrize("retry_after_s", [None, 1])
def test_the_rate_settles_at_what_the_server_allows(rate, retry_after_s):
    """At least 85 % of what the server allows is used, and at most 10 % of the requests are refused."""
    answers = run(Bucket(rate).refuses, seconds=120, retry_after_s=retry_after_s)
    settled = [refused for second, refused in answers if second >= 40]
    assert settled.count(False) >= 0.85 * rate * 80
    assert settled.count(True) <= 0.1 * len(settled)


@pytest.mark.parametrize("latency_s", [0.004, 0.05])
def test_a_few_refusals_among_many_answers_cost_almost_nothing(latency_s):
    """With one random 429 in a hundred, ten thousand requests take at most 3 % longer than without."""
    random = Random(7)
    seconds = 10_000 / 16 * latency_s
    assert 9_700 <= len(run(lambda _: random.random() < 0.01, seconds=seconds, latency_s=latency_s, retry_after_s=1))


def test_a_server_that_no_longer_refuses_gets_the_full_rate_again():
    """The rate rises in steps until it limits nothing."""
    bucket = Bucket(100)
    answers = run(lambda now_s: now_s < 10 and bucket.refuses(now_s), seconds=120)
    last = [second for second, _ in answers if second >= 119]
    assert 1590 <= len(last)


def test_a_key_pauses_when_most_answers_are_refusals():
    """If most of the recent answers are 429, all requests wait as long as ``Retry-After`` asks."""
    answers = run(lambda now_s: 1 <= now_s < 1.5, seconds=6, retry_after_s=3)
    sent = [second for second, _ in answers]
    longest = max(later - earlier for earlier, later in pairwise(sent))
    assert 2.9 <= longest <= 3.1


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_key_does_not_pause_for_single_refusals(share):
    """If less than half of the recent answers are 429, only the refused requests wait."""
    random = Random(3)
    answers = run(lambda _: random.random() < share, seconds=20, retry_after_s=60)
    sent = [second for second, _ in answers]
    assert max(later - earlier for earlier, later in pairwise(sent)) < 2


def test_a_retry_after_that_no_call_can_wait_for_pauses_nothing():
    """A ``Retry-After`` beyond the retry budget does not make other calls wait; each fails by itself."""
    time = Time()
    paced = limiter(time)
    for _ in range(30):
        paced.answered(ep.GET_LOYALTY_CARD_BALANCES, refused=True, retry_after_s=301)
    assert 0 == paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)


def test_endpoints_of_the_management_api_pause_each_for_itself():
    """A pause of one endpoint of the Management API delays neither others nor the Integration API."""
    time = Time()
    paced = limiter(time, management_requests_per_second=1000)
    for _ in range(30):
        paced.answered(ep.GET_LOYALTY_PROGRAMS, refused=True, retry_after_s=20)
    assert 0 == paced.acquire(ep.GET_LOYALTY_PROGRAM)
    assert 0 == paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    assert pytest.approx(20, abs=1) == paced.acquire(ep.GET_LOYALTY_PROGRAMS)


def test_the_log_says_once_that_a_key_is_slowed_down(caplog):
    """However often the rate changes, one warning names the key and the settings."""
    run(Bucket(50).refuses, seconds=60)
    assert 1 == len(caplog.messages)
    assert "Talon.One refuses many requests of key (HTTP 429): this run slows down to" in caplog.messages[0]
    assert "requests_per_second" in caplog.messages[0]
