"""Keep the journal of a push in Airflow's task state store (AIP-103, Airflow 3.3), which outlives a killed worker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context

    from target_talon_one.store.journal import JournalSlot

logger = logging.getLogger(__name__)

KEY = "talon_one_push"


class TaskState:
    """Implements target_talon_one.store.journal.JournalSlot.

    Args:
        accessor: ``context["task_state_store"]``.
    """

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor
        self._works = True

    def read(self) -> Mapping[str, Any] | None:
        """Return what an earlier try of this task has written."""
        found: Mapping[str, Any] | None = self._accessor.get(KEY)
        return found

    def write(self, value: Mapping[str, Any]) -> None:
        """Write the value; if Airflow cannot store it, log a warning once and rely on the store of the sync."""
        if not self._works:
            return
        try:
            self._accessor.set(KEY, dict(value))
        except Exception as error:  # noqa: BLE001 - no error of Airflow's may stop a push that works
            self._works = False
            logger.warning(
                "Airflow's task state store cannot be written (%s); progress is kept in the store of the sync only",
                error,
            )


def journal_of(context: Context) -> JournalSlot | None:
    """Return the journal of a task; None before Airflow 3.3."""
    accessor = context.get("task_state_store")
    return None if accessor is None else TaskState(accessor)
