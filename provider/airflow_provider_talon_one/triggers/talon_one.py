"""Waits in the triggerer for what a sensor looks for. It only reads: a trigger may be run again at any time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.sensors.conditions import LOOKS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TalonOneTrigger(BaseTrigger):
    """Looks every ``poll_interval`` seconds until there is something, or ``deadline`` has come.

    Args:
        look: a name of ``looks.LOOKS``.
        arguments: of it.
        talon_one_conn_id: the connection.
        poll_interval: seconds between two looks.
        deadline: seconds since 1970; the trigger's own, as those of a task are not kept while it is deferred.
    """

    def __init__(
        self, look: str, arguments: dict[str, Any], talon_one_conn_id: str, poll_interval: float, deadline: float
    ) -> None:
        super().__init__()
        self.look, self.arguments, self.talon_one_conn_id = look, arguments, talon_one_conn_id
        self.poll_interval, self.deadline = poll_interval, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments."""
        names = ("look", "arguments", "talon_one_conn_id", "poll_interval", "deadline")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: what was found, or that the deadline has come, or what is wrong."""
        while True:
            try:
                found = await asyncio.to_thread(self._look)
            except Exception as error:  # noqa: BLE001 - told by the task, which fails with it
                yield TriggerEvent({"error": str(error)})
                return
            if found is not None:
                yield TriggerEvent({"found": found})
                return
            if time.time() >= self.deadline:
                yield TriggerEvent({"timeout": True})
                return
            await asyncio.sleep(min(self.poll_interval, max(0.0, self.deadline - time.time())))

    def _look(self) -> dict[str, Any] | None:
        hook = TalonOneHook(self.talon_one_conn_id)
        try:
            return LOOKS[self.look](hook.client, **self.arguments)
        finally:
            hook.close()
