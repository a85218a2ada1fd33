"""How long one call is tried, on a virtual clock."""

from __future__ import annotations

import random

import pytest

from talon_one_client import ClientConfig, RetryConfig, Secret, TalonOneClient
from talon_one_client.errors import RateLimitedError, TalonOneError
from talon_one_client.http.retry_policy import Failure, TransportFailure
from talon_one_client.http.transport import Response

BUDGETS = [10, 300, 3600]


class Down:
    """A transport that always returns the same answer, each after some seconds of a virtual clock."""

    def __init__(self, outcome, each_s=0.0):
        self.outcome, self.each_s = outcome, each_s
        self.now_s, self.bounds = 0.0, []

    def send(self, method, url, headers, body, bounds):
        """Return the answer."""
        del method, url, headers, body
        self.bounds.append(bounds)
        self.now_s += self.each_s
        if isinstance(self.outcome, Failure):
            raise TransportFailure(self.outcome, "gone")
        return Response(*self.outcome, b"{}")

    def close(self):
        """Do nothing: no connection is open."""

    def sleep(self, seconds):
        """Move the clock."""
        self.now_s += seconds


def error_of(down, seed=0, **given):
    config = ClientConfig("http://127.0.0.1:1", api_key=Secret("k" * 8), **given)
    client = TalonOneClient(
        config, transport=down, clock=lambda: down.now_s, sleep=down.sleep, rng=random.Random(seed).random
    )
    with pytest.raises(TalonOneError) as raised:
        client.get_loyalty_card_balances(1, "card-1")
    return raised.value


OUTCOMES = [
    (503, {}),
    (500, {"Retry-After": "0"}),
    (429, {"Retry-After": "0"}),
    (429, {"Retry-After": "0.01"}),
    (429, {"Retry-After": "4"}),
    (408, {"Retry-After": "soon"}),
    Failure.BROKEN,
]


@pytest.mark.parametrize("budget_s", BUDGETS)
@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
def test_a_call_is_tried_for_its_budget_and_not_longer(outcome, budget_s):
    """A call is given up when its retry budget ends, and waits as the server asks, whatever fails."""
    for seed in range(20):
        down = Down(outcome)
        error = error_of(down, seed, retry=RetryConfig(budget_s=budget_s))
        assert budget_s - 5 <= down.now_s <= budget_s
        assert error.attempts <= 10 + budget_s


@pytest.mark.parametrize("asked", ["301", "99999"])
def test_a_wish_longer_than_the_budget_ends_at_once_and_is_named(asked):
    """The error says how long the server asked to wait and how much of the budget remained."""
    down = Down((429, {"Retry-After": asked}))
    error = error_of(down)
    assert RateLimitedError is type(error)
    assert 0.0 == down.now_s
    assert 1 == error.attempts
    assert f"the server asks to wait {int(asked):,} s (Retry-After), and 300 s of retry_budget_seconds are left" in str(
        error
    )


def test_an_answer_may_take_what_is_left_of_the_budget():
    """The deadline of an answer shrinks with the budget, down to the read timeout."""
    down = Down(Failure.BROKEN, each_s=40)
    error_of(down, read_timeout_s=50)
    deadlines = [bounds.deadline_s for bounds in down.bounds]
    assert 300 == deadlines[0]
    assert sorted(deadlines, reverse=True) == deadlines
    assert 50 == deadlines[-1]


def test_a_deadline_that_is_set_is_kept():
    """An explicit deadline does not depend on the retry budget."""
    down = Down(Failure.BROKEN, each_s=40)
    error_of(down, answer_deadline_s=900)
    assert {900} == {bounds.deadline_s for bounds in down.bounds}
