"""Sensors: they wait, and read only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
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
from airflow_provider_talon_one.sensors.conditions import LOOKS, typed_arguments
from airflow_provider_talon_one.triggers.talon_one import TalonOneTrigger
from talon_one_singer import Setting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

_DEFERRABLE = Setting("deferrable", "boolean", "Wait in the triggerer.")


class TalonOneSensor(EndsRequestsOnKill, BaseSensorOperator):
    """Waits until a look finds something; what it found goes to XCom. All looks need the management key.

    Args:
        look: a name of ``looks.LOOKS``.
        arguments: of it.
        talon_one_conn_id: the connection.
        deferrable: wait in the triggerer, without a worker; no template.
    """

    template_fields: Sequence[str] = ("arguments", "talon_one_conn_id")
    ui_color = "#f3e8d2"

    def __init__(
        self,
        *,
        look: str,
        arguments: dict[str, Any] | str,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        deferrable: bool | str = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if look not in LOOKS:
            raise ValueError(f"a sensor looks for {', '.join(LOOKS)}, not {look!r}")
        self.look, self.arguments, self.talon_one_conn_id = look, arguments, talon_one_conn_id
        self.deferrable = bool(converted(_DEFERRABLE, deferrable))

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        del context
        with self.opened_hook() as hook, fail_for_good():
            found = LOOKS[self.look](hook.client, **self._typed())
        return PokeReturnValue(is_done=found is not None, xcom_value=found)

    def execute(self, context: Context) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        first = self.poke(context)
        if first.is_done:
            return first.xcom_value
        deadline = time.time() + self.timeout
        trigger = TalonOneTrigger(
            self.look, self._typed(), self.talon_one_conn_id, float(self.poke_interval), float(deadline)
        )
        return self.defer(trigger=trigger, method_name="resume")

    def resume(self, context: Context, event: dict[str, Any]) -> Any:
        """What the trigger found."""
        del context
        if "error" in event:
            raise AirflowFailException(event["error"])
        if "timeout" in event:
            raise AirflowSensorTimeout(f"{self.task_id} has waited {self.timeout:g} s for {self.look}")
        return event["found"]

    def _typed(self) -> dict[str, Any]:
        """Templates give texts; ids and sizes are numbers, and ``since`` is an instant or nothing."""
        with fail_for_good():
            return typed_arguments(self.look, self.arguments)


class LoyaltyTransactionsSensor(TalonOneSensor):
    """Waits for ledger rows of a program that were created after an instant.

    Args:
        loyalty_program_id: the program.
        since: an instant, like ``{{ prev_start_date_success }}``. That is None in the first run of a DAG, as nothing
            has succeeded before it; None means that any row will do.
    """

    def __init__(self, *, loyalty_program_id: int | str, since: str | datetime | None = None, **kwargs: Any) -> None:
        arguments = {"loyalty_program_id": loyalty_program_id, "since": since}
        super().__init__(**{"look": "transactions_since", "arguments": arguments, **kwargs})


class AudienceSizeSensor(TalonOneSensor):
    """Waits until an audience has so many members.

    Args:
        audience_id: the audience.
        at_least: members.
    """

    def __init__(self, *, audience_id: int | str, at_least: int | str, **kwargs: Any) -> None:
        arguments = {"audience_id": audience_id, "at_least": at_least}
        super().__init__(**{"look": "audience_of_size", "arguments": arguments, **kwargs})


class CatalogVersionSensor(TalonOneSensor):
    """Waits until a catalog has items of this version or a later one.

    Args:
        catalog_id: the catalog.
        at_least: version.
    """

    def __init__(self, *, catalog_id: int | str, at_least: int | str, **kwargs: Any) -> None:
        arguments = {"catalog_id": catalog_id, "at_least": at_least}
        super().__init__(**{"look": "catalog_of_version", "arguments": arguments, **kwargs})
