"""Estimate the cost of a load."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.parameters import copy_mapping
from airflow_provider_talon_one.reports.report import READING, WAREHOUSE, ReportOperator
from talon_one_singer import Setting
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.logs import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from talon_one_singer.cli.signals import StopSignal

logger = logging.getLogger(__name__)


class EstimateLoadOperator(ReportOperator):
    """Estimates the API calls and the run time of a load with each read strategy, like ``talon-one estimate``.

    Sends a few requests and writes nothing. XCom receives ``{"calls", "load_seconds", "estimates", ...}``, from which
    a branch can decide.

    Args:
        streams: names of the streams; default: all loyalty streams that can be read.
        warehouse_conn_id, warehouse_url, warehouse_options, schema: warehouse whose state the load continues from;
            default: a first load.
        settings: settings of the tap.
        exact: count the calls of program lists by reading them completely.
        talon_one_conn_id: id of the Talon.One connection.
    """

    parameters: ClassVar[Sequence[Setting]] = (
        Setting("streams", "array", "Streams to estimate."),
        *WAREHOUSE,
        *READING,
        Setting("exact", "boolean", "Whether to read program lists completely.", default=False),
    )
    template_fields: Sequence[str] = tuple(one.name for one in parameters)

    def __init__(
        self,
        *,
        streams: Sequence[str] | str | None = None,
        warehouse_conn_id: str | None = None,
        warehouse_url: str | ObjectStoragePath | None = None,
        warehouse_options: Mapping[str, Any] | str | None = None,
        schema: str = "talon_one",
        settings: Mapping[str, Any] | str | None = None,
        exact: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.streams: Any = streams
        self.warehouse_conn_id, self.warehouse_url, self.schema = warehouse_conn_id, warehouse_url, schema
        self.warehouse_options, self.settings = copy_mapping(warehouse_options), copy_mapping(settings)
        self.exact, self.talon_one_conn_id = exact, talon_one_conn_id

    def _report(self, stop: StopSignal) -> tuple[dict[str, Any], str]:
        from talon_one_loading.reports.estimate import estimate_load

        redact = Redactor()
        settings = self._tap_settings(redact)
        streams = ",".join(self.streams) if self.streams else None
        with ExitStack() as stack:
            continues = self.warehouse_conn_id or self.warehouse_url
            warehouse = stack.enter_context(self._opened_warehouse()) if continues else None
            found = estimate_load(
                settings, streams, warehouse, stop, redact, program="airflow", exact=self.exact is True
            )
        for one in found.strategies:
            cost = one.why_not if one.cost is None else f"{counted(one.cost.calls, 'call')}, {one.cost.seconds:,.0f} s"
            of_parent = "" if one.program is None else f" of {one.parent} {one.program}"
            logger.info("%s%s by %s: %s", one.group, of_parent, one.strategy, cost)
        calls, asked = counted(found.calls, "call"), counted(found.asked, "request")
        words = f"a load takes {calls}, {found.load_seconds:,.0f} s; {asked}"
        return found.as_dict() | {"calls": found.calls, "load_seconds": round(found.load_seconds, 1)}, words
