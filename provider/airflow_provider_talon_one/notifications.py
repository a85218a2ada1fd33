"""A notifier that reports refused rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseNotifier

from airflow_provider_talon_one.transfers.push_result import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.providers.common.compat.sdk import Context


class RejectsNotifier(BaseNotifier):
    """Reports how many rows of a push or a load were refused and where they are kept; does nothing if there are none.

    Use it as ``on_success_callback`` and ``on_failure_callback`` of the task.

    Args:
        send: function that receives the text, for example one that posts it to a chat.
        message: text with the fields ``dag_id``, ``task_id``, ``refused`` (number of rows), ``run`` and
            ``directory``. Of a load, these are the run of the DAG and the table ``rejected_rows``.
    """

    template_fields: Sequence[str] = ("message",)

    def __init__(
        self,
        send: Callable[[str], Any],
        message: str = "{dag_id}.{task_id}: {refused} rows were refused in run {run}; see {directory}",
    ) -> None:
        super().__init__()
        self.send, self.message = send, message

    def notify(self, context: Context) -> None:
        """See BaseNotifier."""
        ti = context["ti"]
        # A task that failed has no return value, but its figures.
        pushed = _pulled(ti, "return_value") or _pulled(ti, FIGURES)
        if pushed and pushed.get("refused"):
            self.send(
                self.message.format(
                    dag_id=ti.dag_id,
                    task_id=ti.task_id,
                    refused=pushed["refused"],
                    run=pushed.get("run") or ti.run_id,
                    directory=pushed["rejects"],
                )
            )


def _pulled(ti: Any, key: str) -> Any:
    """Return an XCom value of this task, of its own map index."""
    own = {"map_indexes": ti.map_index} if getattr(ti, "map_index", -1) >= 0 else {}
    found = ti.xcom_pull(task_ids=ti.task_id, key=key, **own)
    return json.loads(found) if isinstance(found, str) else found
