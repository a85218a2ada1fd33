"""``@task.talon_one``: a Python function that receives a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import DecoratedOperator, task_decorator_factory

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.on_kill import EndsRequestsOnKill
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.reporting.summaries import log_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.providers.common.compat.sdk import Context, TaskDecorator


class TalonOneDecoratedOperator(EndsRequestsOnKill, DecoratedOperator):
    """Calls the function with the argument ``client``; its return value is stored in XCom."""

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, "talon_one_conn_id")
    custom_operator_name = "@task.talon_one"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        op_args: Sequence[Any] | None = None,
        op_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs={"client": None, **(op_kwargs or {})},
            **kwargs,
        )
        self.talon_one_conn_id = talon_one_conn_id

    def execute(self, context: Context) -> Any:
        """Call the function, and close the client afterward."""
        del context
        with self.opened_hook() as hook, fail_for_good(runs_code_of_author=True):
            returned = self.python_callable(*self.op_args, **{**self.op_kwargs, "client": hook.client})
            log_calls(self.task_id, hook.metrics.totals())
            return returned


def talon_one_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Turn a function into a task; its parameter ``client`` receives the TalonOneClient of ``talon_one_conn_id``."""
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=TalonOneDecoratedOperator, **kwargs
    )
