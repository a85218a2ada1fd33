"""Tasks that end their requests when Airflow kills them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook

if TYPE_CHECKING:
    from collections.abc import Iterator


class EndsRequestsOnKill:
    """Mixin for tasks that send requests through a hook: ``on_kill`` ends the requests in flight."""

    talon_one_conn_id: str
    _hook: TalonOneHook | None = None

    @contextmanager
    def opened_hook(self) -> Iterator[TalonOneHook]:
        """Open the hook of this task, and close its connections afterward."""
        hook = self._hook = TalonOneHook(self.talon_one_conn_id)
        try:
            yield hook
        finally:
            hook.close()

    def on_kill(self) -> None:
        """End the requests, so that ``execute`` ends: Airflow 3 calls this method and then waits for the task."""
        if self._hook is not None:
            self._hook.end()
