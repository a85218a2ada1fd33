"""Tasks that end their requests when Airflow kills them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook

if TYPE_CHECKING:
    from collections.abc import Iterator


class EndsRequestsOnKill:
    """Mixin of tasks that make their calls through a hook: ``on_kill`` cuts off what is under way."""

    talon_one_conn_id: str
    _hook: TalonOneHook | None = None

    @contextmanager
    def opened_hook(self) -> Iterator[TalonOneHook]:
        """The hook of this task; its connections are closed afterwards."""
        hook = self._hook = TalonOneHook(self.talon_one_conn_id)
        try:
            yield hook
        finally:
            hook.close()

    def on_kill(self) -> None:
        """Airflow 3 only calls this and lets the task go on: end the requests, so that the task ends."""
        if self._hook is not None:
            self._hook.end()
