"""Trigger that waits for the condition of a sensor. It only reads, because Airflow may run a trigger again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.reporting.summaries import log_check
from airflow_provider_talon_one.sensors.conditions import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TalonOneTrigger(BaseTrigger):
    """Checks a condition every ``poll_interval`` seconds until it is met or ``deadline`` has passed.

    Args:
        condition: a name of ``sensors.conditions.CONDITIONS``.
        arguments: arguments of the condition.
        talon_one_conn_id: id of the connection.
        poll_interval: seconds between two checks.
        deadline: Unix timestamp. Airflow does not enforce the timeout of a sensor while it is deferred.
    """

    def __init__(
        self, condition: str, arguments: dict[str, Any], talon_one_conn_id: str, poll_interval: float, deadline: float
    ) -> None:
        super().__init__()
        self.condition, self.arguments, self.talon_one_conn_id = condition, arguments, talon_one_conn_id
        self.poll_interval, self.deadline = poll_interval, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and its arguments."""
        names = ("condition", "arguments", "talon_one_conn_id", "poll_interval", "deadline")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: what was found, the timeout, or the error."""
        while True:
            try:
                found = await asyncio.to_thread(self._check)
            except Exception as error:  # noqa: BLE001 - the task fails with this error
                yield TriggerEvent({"error": str(error), "kind": type(error).__name__})
                return
            if found is not None:
                yield TriggerEvent({"found": found})
                return
            if time.time() >= self.deadline:
                yield TriggerEvent({"timeout": True})
                return
            await asyncio.sleep(min(self.poll_interval, max(0.0, self.deadline - time.time())))

    def _check(self) -> dict[str, Any] | None:
        hook = TalonOneHook(self.talon_one_conn_id)
        try:
            found = CONDITIONS[self.condition](hook.client, **self.arguments)
            log_check(self.condition, self.arguments, hook.metrics.totals(), met=found is not None)
            return found
        finally:
            hook.close()
