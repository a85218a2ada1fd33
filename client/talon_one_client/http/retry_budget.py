"""How long one call may still be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client.http.retry_policy import wait_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.http.retry_policy import Outcome

LONGEST_ANSWER_S = 300.0  # unless answer_deadline_s is set


class Patience:
    """The attempts of one call, and the time spent on it; waits for the rate budget do not count."""

    def __init__(self, config: ClientConfig, clock: Callable[[], float], rng: Callable[[], float]) -> None:
        self._config, self._clock, self._rng = config, clock, rng
        self._started_s = clock()
        self._paced_s = self._waited_s = 0.0
        self.attempts = 0

    def begin_attempt(self, paced_s: float) -> None:
        """Count an attempt that has waited ``paced_s`` seconds for the rate budget."""
        self.attempts += 1
        self._paced_s += paced_s

    def deadline_s(self, now_s: float) -> float:
        """Seconds that an answer to a request sent now may take."""
        if self._config.answer_deadline_s is not None:
            return self._config.answer_deadline_s
        return max(
            self._config.read_timeout_s, min(LONGEST_ANSWER_S, self._config.retry.budget_s - self._elapsed_s(now_s))
        )

    def wait_s(self, outcome: Outcome) -> float | None:
        """Seconds to wait before the next attempt, None to give up."""
        wait = wait_s(self._config.retry, outcome, self.attempts, self._elapsed_s(self._clock()), self._rng)
        self._waited_s += wait or 0.0
        return wait

    def why_it_ends(self, outcome: Outcome) -> str:
        """What an error adds when the server asks for more time than there is, or ""."""
        asked = outcome.retry_after_s
        left = max(0.0, self._config.retry.budget_s - self._elapsed_s(self._clock()))
        if asked is None or asked <= left:
            return ""
        return (
            f"; it asks to wait {asked:,.0f} s (Retry-After), and {left:,.0f} s are left of retry_budget_seconds; "
            "run again later"
        )

    def _elapsed_s(self, now_s: float) -> float:
        # The waits themselves count too: where nobody sits through them, as in tests, they end all the same.
        return max(now_s - self._started_s - self._paced_s, self._waited_s)
