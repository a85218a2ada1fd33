"""Counts of a task in the events of its assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context


def add_to_asset_events(task: Any, context: Context, counts: Mapping[str, Any]) -> None:
    """Add the counts to the extra of each of the task's asset events, where DAGs scheduled by the assets read them."""
    events: Any = context.get("outlet_events")
    for asset in task.outlets or ():
        if events is not None:
            events[asset].extra.update(counts)
