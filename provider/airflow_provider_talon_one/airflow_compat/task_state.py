"""Airflow's task state store (AIP-103, 3.3 and later) as the journal of a push: it outlives a killed worker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context

    from target_talon_one.store.journal import JournalSlot

log = logging.getLogger(__name__)

KEY = "talon_one_push"


class TaskState:
    """See target_talon_one.store.journal.JournalSlot.

    Args:
        accessor: ``context["task_state_store"]``.
    """

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor
        self._works = True

    def read(self) -> Mapping[str, Any] | None:
        """What a try of this task has noted."""
        found: Mapping[str, Any] | None = self._accessor.get(KEY)
        return found

    def write(self, value: Mapping[str, Any]) -> None:
        """Note it; when Airflow cannot keep it, the store's own saves have to do."""
        if not self._works:
            return
        try:
            self._accessor.set(KEY, dict(value))
        except Exception as error:  # noqa: BLE001 - whatever it is, the push is all right
            self._works = False
            log.warning("Airflow's task state store does not take notes (%s); the sync's store does", error)


def journal_of(context: Context) -> JournalSlot | None:
    """The journal of a task; None before Airflow 3.3."""
    accessor = context.get("task_state_store")
    return None if accessor is None else TaskState(accessor)
