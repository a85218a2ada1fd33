"""Base class of the reports."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.locations.loads import load_location
from airflow_provider_talon_one.parameters import convert_parameters
from talon_one_singer import Setting
from talon_one_singer.cli.signals import StopSignal
from talon_one_warehouse import open_warehouse
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from talon_one_singer.reporting.logs import Redactor

logger = logging.getLogger(__name__)

SHOWN = 20
"""How many ledgers a task logs; ``output_path`` receives all of them."""

WAREHOUSE = (
    Setting("warehouse_conn_id", "string", "Connection of the warehouse."),
    Setting("warehouse_url", "string", "URL of the warehouse."),
    Setting("warehouse_options", "object", "Settings of the warehouse's client.", default={}),
    Setting("schema", "string", "Schema of the tables.", default="talon_one"),
)
READING = (
    Setting("settings", "object", "Settings of the tap.", default={}),
    Setting("talon_one_conn_id", "string", "Connection of Talon.One.", default=TalonOneHook.default_conn_name),
)
OUTPUT = Setting("output_path", "string", "File that receives the rows, as JSON Lines.")


class ReportOperator(ConnectorOperator):
    """Base of the reports: converts parameters, and opens a warehouse and the settings of the tap."""

    parameters: ClassVar[Sequence[Setting]] = ()
    warehouse_conn_id: str | None = None
    warehouse_url: Any = None
    warehouse_options: Any = None
    schema: str = "talon_one"
    settings: Any = None
    talon_one_conn_id: str = TalonOneHook.default_conn_name
    output_path: Any = None
    ui_color = "#e8f7e4"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._stop: StopSignal | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the report, log its summary, and return its numbers."""
        del context
        stop, started_s = StopSignal(), time.monotonic()
        self._stop = stop
        with fail_for_good():
            convert_parameters(self, self.parameters)
            found, words = self._report(stop)
            logger.info("%s: %s in %.1f s", self.task_id, words, time.monotonic() - started_s)
        return found

    def on_kill(self) -> None:
        """End after the requests in flight."""
        if self._stop is not None:
            self._stop.set()

    def _report(self, stop: StopSignal) -> tuple[dict[str, Any], str]:
        """Return the numbers for XCom, and the summary of the report."""
        raise NotImplementedError

    def _opened_warehouse(self) -> Any:
        place = load_location(self.warehouse_url, self.warehouse_conn_id, self.warehouse_options)
        return open_warehouse(place.url, schema=self.schema, filesystem=place.filesystem, options=place.options)

    def _tap_settings(self, redact: Redactor) -> dict[str, Any]:
        return TalonOneHook(self.talon_one_conn_id).settings(SETTINGS, self.settings, redact)

    @contextmanager
    def _writer(self) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """Write each row to ``output_path``, if it is given."""
        if not self.output_path:
            yield lambda _: None
            return
        with ObjectStoragePath(str(self.output_path)).open("w") as file:
            yield lambda row: file.write(json.dumps(row, ensure_ascii=False) + "\n")
