"""When a retry helps: the retry policy of our tasks, where Airflow has such policies (3.3 and later)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.airflow_compat.errors import PERMANENT, causes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERLOADED = ("talon_one_client.errors.RateLimitedError",)
IN_USE = ("target_talon_one.errors.StoreLockedError", "talon_one_warehouse.errors.WarehouseLockedError")
OF_THE_AUTHOR = ("retry_policy", "retry_delay", "retry_exponential_backoff")
"""Who sets one of them has retries of their own."""

POLICY: Any = None
"""The policy, or None if this Airflow knows of none."""

try:
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule
except ImportError:
    pass
else:

    class WhatHelps(ExceptionRetryPolicy):
        """Rules for errors, also for those that a load or push has gathered: waits if one asks for it."""

        def evaluate(self, exception: BaseException, *args: Any, **kwargs: Any) -> RetryDecision:
            """Retry after the longest wait that a cause asks for; fail if no retry mends any of them."""
            found = [super(WhatHelps, self).evaluate(one, *args, **kwargs) for one in causes_of(exception)]
            waits = [one for one in found if one.action is RetryAction.RETRY]
            if waits:
                return max(waits, key=lambda one: one.retry_delay or timedelta(0))
            return found[0] if len({one.action for one in found}) == 1 else RetryDecision.default()

    POLICY = WhatHelps(
        [
            RetryRule(
                list(OVERLOADED),
                RetryAction.RETRY,
                timedelta(minutes=5),
                reason="Talon.One takes no more requests of this key for now",
            ),
            RetryRule(
                list(IN_USE),
                RetryAction.RETRY,
                timedelta(minutes=1),
                reason="another run uses it",
            ),
            RetryRule(
                list(PERMANENT),
                RetryAction.FAIL,
                reason="no retry mends it; the error says what to change",
            ),
        ]
    )


def with_policy(arguments: Mapping[str, Any], *defaults: Mapping[str, Any] | None) -> dict[str, Any]:
    """Arguments of a task with our policy, unless they or its defaults say how to retry."""
    given = {name for one in (arguments, *defaults) for name in one or ()}
    if POLICY is None or given.intersection(OF_THE_AUTHOR):
        return dict(arguments)
    return {**arguments, "retry_policy": POLICY}
