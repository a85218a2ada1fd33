"""Sensors that wait for a condition at Talon.One."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.on_kill import EndsRequestsOnKill
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.parameters import converted
from airflow_provider_talon_one.reporting.summaries import log_check
from airflow_provider_talon_one.sensors.conditions import CONDITIONS, converted_arguments
from airflow_provider_talon_one.triggers.talon_one import TalonOneTrigger
from talon_one_client import errors as client_errors
from talon_one_singer import Setting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

_DEFERRABLE = Setting("deferrable", "boolean", "Wait in the triggerer.")


class TalonOneSensor(EndsRequestsOnKill, BaseSensorOperator):
    """Waits until a condition is met; XCom receives what was found. All conditions need the management key.

    Args:
        condition: a name of ``sensors.conditions.CONDITIONS``.
        arguments: arguments of the condition.
        talon_one_conn_id: id of the connection.
        deferrable: whether to wait in the triggerer, which frees the worker; not a template.
        look: deprecated name of ``condition``.
    """

    template_fields: Sequence[str] = ("arguments", "talon_one_conn_id")
    ui_color = "#f3e8d2"

    def __init__(
        self,
        *,
        arguments: dict[str, Any] | str,
        condition: str = "",
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        deferrable: bool | str = conf.getboolean("operators", "default_deferrable", fallback=False),
        look: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        condition = condition or look
        if condition not in CONDITIONS:
            raise ValueError(f"the condition of a sensor must be one of {', '.join(CONDITIONS)}, not {condition!r}")
        self.condition, self.arguments, self.talon_one_conn_id = condition, arguments, talon_one_conn_id
        self.deferrable = bool(converted(_DEFERRABLE, deferrable))

    def poke(self, context: Context) -> PokeReturnValue:
        """Check the condition once."""
        del context
        with self.opened_hook() as hook, fail_for_good():
            arguments = self._converted()
            found = CONDITIONS[self.condition](hook.client, **arguments)
            log_check(self.condition, arguments, hook.metrics.totals(), met=found is not None)
        return PokeReturnValue(is_done=found is not None, xcom_value=found)

    def execute(self, context: Context) -> Any:
        """Wait in the worker, or in the triggerer if the sensor is deferrable."""
        if not self.deferrable:
            return super().execute(context)
        first = self.poke(context)
        if first.is_done:
            return first.xcom_value
        deadline = time.time() + self.timeout
        trigger = TalonOneTrigger(
            self.condition, self._converted(), self.talon_one_conn_id, float(self.poke_interval), float(deadline)
        )
        return self.defer(trigger=trigger, method_name="resume")

    def resume(self, context: Context, event: dict[str, Any]) -> Any:
        """Return what the trigger found, or raise its error or timeout; ``retries`` apply to transient errors."""
        del context
        if "error" in event:
            with fail_for_good():
                raise _error_of(event)
        if "timeout" in event:
            raise AirflowSensorTimeout(f"{self.task_id}: {self.condition} was not met within {self.timeout:g} seconds")
        return event["found"]

    def _converted(self) -> dict[str, Any]:
        with fail_for_good():
            return converted_arguments(self.condition, self.arguments)


def _error_of(event: dict[str, Any]) -> Exception:
    """Return the error of the trigger; one of the client keeps its class, which says whether a retry can help."""
    kind = getattr(client_errors, event.get("kind", ""), None)
    if isinstance(kind, type) and issubclass(kind, client_errors.TalonOneError):
        return kind(event["error"])
    passes = event.get("kind", "AirflowFailException") not in ("AirflowFailException", "ValueError")
    return AirflowException(event["error"]) if passes else AirflowFailException(event["error"])


class LoyaltyTransactionsSensor(TalonOneSensor):
    """Waits for transactions of a loyalty program that were created after an instant.

    Args:
        loyalty_program_id: id of the loyalty program.
        since: an instant, like ``{{ prev_start_date_success }}``. In the first run of a DAG this template renders to
            None, which means that any transaction meets the condition.
    """

    def __init__(self, *, loyalty_program_id: int | str, since: str | datetime | None = None, **kwargs: Any) -> None:
        arguments = {"loyalty_program_id": loyalty_program_id, "since": since}
        super().__init__(**{"condition": "transactions_since", "arguments": arguments, **kwargs})


class AudienceSizeSensor(TalonOneSensor):
    """Waits until an audience has at least this many members.

    Args:
        audience_id: id of the audience.
        at_least: number of members.
    """

    def __init__(self, *, audience_id: int | str, at_least: int | str, **kwargs: Any) -> None:
        arguments = {"audience_id": audience_id, "at_least": at_least}
        super().__init__(**{"condition": "audience_of_size", "arguments": arguments, **kwargs})


class CatalogVersionSensor(TalonOneSensor):
    """Waits until a catalog has items of this version or a later one.

    Args:
        catalog_id: id of the catalog.
        at_least: version of the catalog.
    """

    def __init__(self, *, catalog_id: int | str, at_least: int | str, **kwargs: Any) -> None:
        arguments = {"catalog_id": catalog_id, "at_least": at_least}
        super().__init__(**{"condition": "catalog_of_version", "arguments": arguments, **kwargs})
