"""Retry policy of the provider's tasks, for Airflow 3.3 and later: whether and when a retry can help."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.airflow_compat.errors import PERMANENT, causes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERLOADED = ("talon_one_client.errors.RateLimitedError",)
IN_USE = ("target_talon_one.errors.StoreLockedError", "talon_one_warehouse.errors.WarehouseLockedError")
RETRY_ARGUMENTS = ("retry_policy", "retry_delay", "retry_exponential_backoff")
"""An author who sets one of them decides about retries; the policy is not added then."""

POLICY: Any = None
"""The policy; None if this Airflow has no retry policies."""

try:
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule
except ImportError:
    pass
else:

    class CausesRetryPolicy(ExceptionRetryPolicy):
        """Applies the rules to each cause of an error, as a load or push fails with the errors of several streams."""

        def evaluate(self, exception: BaseException, *args: Any, **kwargs: Any) -> RetryDecision:
            """Retry after the longest delay that a cause asks for; fail if all causes are permanent."""
            decisions = [super(CausesRetryPolicy, self).evaluate(one, *args, **kwargs) for one in causes_of(exception)]
            retries = [one for one in decisions if one.action is RetryAction.RETRY]
            if retries:
                return max(retries, key=lambda one: one.retry_delay or timedelta(0))
            return decisions[0] if len({one.action for one in decisions}) == 1 else RetryDecision.default()

    POLICY = CausesRetryPolicy(
        [
            RetryRule(
                list(OVERLOADED),
                RetryAction.RETRY,
                timedelta(minutes=5),
                reason="Talon.One accepts no more requests with this key for now",
            ),
            RetryRule(
                list(IN_USE),
                RetryAction.RETRY,
                timedelta(minutes=1),
                reason="another run uses the store or the warehouse",
            ),
            RetryRule(
                list(PERMANENT),
                RetryAction.FAIL,
                reason="a retry cannot help; the error says what to change",
            ),
        ]
    )


def with_policy(arguments: Mapping[str, Any], *defaults: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of a task with the policy added, unless they or the defaults say how to retry."""
    given = {name for one in (arguments, *defaults) for name in one or ()}
    if POLICY is None or given.intersection(RETRY_ARGUMENTS):
        return dict(arguments)
    return {**arguments, "retry_policy": POLICY}
