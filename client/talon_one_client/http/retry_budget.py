"""How long one call may still be retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client.http.retry_policy import wait_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.http.retry_policy import Outcome

LONGEST_ANSWER_S = 300.0  # unless answer_deadline_s is set


class RetryBudget:
    """The attempts of one call and the time spent on it; waits for the rate limit do not count."""

    def __init__(self, config: ClientConfig, clock: Callable[[], float], rng: Callable[[], float]) -> None:
        self._config, self._clock, self._rng = config, clock, rng
        self._started_s = clock()
        self._rate_limited_s = self._retry_waits_s = 0.0
        self.attempts = 0

    def begin_attempt(self, rate_limited_s: float) -> None:
        """Count an attempt that has waited ``rate_limited_s`` seconds for the rate limit."""
        self.attempts += 1
        self._rate_limited_s += rate_limited_s

    def deadline_s(self, now_s: float) -> float:
        """Return the seconds that an answer to a request sent now may take."""
        if self._config.answer_deadline_s is not None:
            return self._config.answer_deadline_s
        remaining_s = self._config.retry.budget_s - self._elapsed_s(now_s)
        return max(self._config.read_timeout_s, min(LONGEST_ANSWER_S, remaining_s))

    def wait_s(self, outcome: Outcome, at_least_s: float = 0.0) -> float | None:
        """Return the seconds to wait before the next attempt, None to give up.

        Args:
            outcome: of the last attempt.
            at_least_s: the wait for other reasons; the call is given up if it is longer than what remains.
        """
        elapsed_s = self._elapsed_s(self._clock())
        wait = wait_s(self._config.retry, outcome, self.attempts, elapsed_s, self._rng)
        if wait is None or at_least_s > self._config.retry.budget_s - elapsed_s:
            return None
        wait = max(wait, at_least_s)
        self._retry_waits_s += wait
        return wait

    def why_it_ends(self, outcome: Outcome) -> str:
        """Return the end of the error's message if the server asks for more time than remains, else ""."""
        asked = outcome.retry_after_s
        remaining = max(0.0, self._config.retry.budget_s - self._elapsed_s(self._clock()))
        if asked is None or asked <= remaining:
            return ""
        return (
            f"; the server asks to wait {asked:,.0f} s (Retry-After), and {remaining:,.0f} s of retry_budget_seconds "
            "are left; run again later"
        )

    def _elapsed_s(self, now_s: float) -> float:
        # The waits are added up beside the clock, so that a call ends even if its sleep returns at once, as in tests.
        return max(now_s - self._started_s - self._rate_limited_s, self._retry_waits_s)
