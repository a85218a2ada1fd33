"""Trigger of event-driven DAGs: it watches the tables of notifications that ``talon-one listen`` merges.

``Asset("tiers", watchers=[AssetWatcher(name="tiers", trigger=NotificationsTrigger(...))])``, in Airflow 3.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_talon_one.locations.loads import load_location
from airflow_provider_talon_one.locations.location import check_connection_or_url
from talon_one_warehouse import WarehouseError, open_warehouse
from talon_one_warehouse.arrow.columns import LOADED_AT

try:
    from airflow.triggers.base import BaseEventTrigger
except ImportError:  # Airflow 2, which has no event-driven DAGs
    from airflow.triggers.base import BaseTrigger as BaseEventTrigger  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

log = logging.getLogger(__name__)

_NAMES = ("tables", "warehouse_conn_id", "warehouse_url", "warehouse_options", "schema", "poll_interval")


class NotificationsTrigger(BaseEventTrigger):
    """Yields an event whenever rows have come into one of the tables, and one when it starts.

    The first event covers what came while no triggerer was running: a DAG may run once too often, but never once too
    few. The payload says for each table how many rows it has and when its last rows were loaded; the DAG reads the rows
    after the last ``_loaded_at`` that it has processed.

    Args:
        tables: tables of notifications, like ``notifications_tiers``.
        warehouse_conn_id: connection of the warehouse, as for ``LoyaltyToWarehouseOperator``.
        warehouse_url: URL instead, without secrets, because Airflow stores the arguments of triggers.
        warehouse_options: settings of the client of the warehouse.
        schema: schema of the tables.
        poll_interval: seconds between two looks.
    """

    def __init__(
        self,
        tables: Sequence[str],
        *,
        warehouse_conn_id: str | None = None,
        warehouse_url: str | None = None,
        warehouse_options: Mapping[str, Any] | None = None,
        schema: str = "talon_one",
        poll_interval: float = 60.0,
    ) -> None:
        super().__init__()
        check_connection_or_url(
            "give the warehouse with the tables of notifications: warehouse_conn_id or warehouse_url",
            warehouse_conn_id,
            warehouse_url,
        )
        if not tables or isinstance(tables, str):
            raise ValueError("tables must be a list of tables, like ['notifications_tiers']")
        self.tables, self.schema, self.poll_interval = list(tables), schema, poll_interval
        self.warehouse_conn_id, self.warehouse_url = warehouse_conn_id, warehouse_url
        self.warehouse_options = dict(warehouse_options or {})

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and its arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in _NAMES}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event at the start, and whenever a table has changed."""
        seen: dict[str, dict[str, Any]] | None = None
        while True:
            found = await asyncio.to_thread(self._look)
            if found is not None and found != seen:
                seen = found
                yield TriggerEvent({"tables": found})
            await asyncio.sleep(self.poll_interval)

    def _look(self) -> dict[str, dict[str, Any]] | None:
        """Return the number of rows and the last load of each table; None if they cannot be read now."""
        location = load_location(self.warehouse_url, self.warehouse_conn_id, self.warehouse_options)
        try:
            with open_warehouse(
                location.url, schema=self.schema, filesystem=location.filesystem, options=location.options
            ) as warehouse:
                found = {}
                for table in self.tables:
                    sql = f"SELECT count(*), max({LOADED_AT.name}) FROM {warehouse.name_of(table)}"  # noqa: S608 - quoted
                    ((rows, last),) = warehouse.query(sql)
                    found[table] = {"rows": int(rows), "loaded_at": None if last is None else str(last)}
                return found
        except WarehouseError as error:
            # A DuckDB file is in use during a merge, and tables are made when the receiver starts for the first time.
            log.warning("the tables of notifications cannot be read now: %s", error)
            return None
