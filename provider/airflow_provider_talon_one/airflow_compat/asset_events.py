"""Figures of a task on the events of its assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context


def note_outlets(task: Any, context: Context, figures: Mapping[str, Any]) -> None:
    """Put the figures into the extra of every asset event of the task, so that DAGs that follow know how much came."""
    events: Any = context.get("outlet_events")
    for outlet in task.outlets or ():
        if events is not None:
            events[outlet].extra.update(figures)
