"""Load loyalty data, or any other stream of Talon.One, into a warehouse."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.asset_events import add_to_asset_events
from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.lineage.dataset_names import names_of_url
from airflow_provider_talon_one.lineage.records import LoadRecord, RecordsLineage, read_datasets
from airflow_provider_talon_one.locations.loads import load_location
from airflow_provider_talon_one.locations.location import check_connection_or_url
from airflow_provider_talon_one.locations.sources import query_ids
from airflow_provider_talon_one.parameters import convert_parameters, copy_mapping
from talon_one_singer import Setting
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import open_warehouse
from talon_one_warehouse.urls import raise_if_in_memory
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from airflow_provider_talon_one.locations.location import Location
    from airflow_provider_talon_one.reporting.load_report import LoadReport
    from talon_one_loading import LoadResult

MAX_SHARDS = 64


class TalonOneToWarehouseOperator(RecordsLineage, ConnectorOperator):
    """Loads streams of the tap into a warehouse: a database, or a lake of Delta tables.

    Rows are merged by key before or together with the state of the load: if a task is killed and retried, on this
    worker or on another one, it continues after its last merge and leaves no duplicate rows. XCom receives the counts.

    All parameters can be templates, which render to texts: ``False`` and ``0`` are false, a list is split at its
    commas, and ``None`` means "not given", for example for ``start_date`` in the first run of a DAG. A query, shard or
    list that renders to an empty text is an error.

    Args:
        streams: names of the streams, like ``loyalty_card_transactions``.
        warehouse_conn_id: connection of type postgres, sqlite, duckdb, snowflake, google_cloud_platform, redshift,
            databricks or aws (its bucket); or the credentials for the URL.
        warehouse_url: URL instead, as in ``talon-one load``: ``duckdb:////data/w.duckdb``, ``s3://bucket/lake``. With
            the credentials of a connection: ``s3://connection@bucket/lake`` or an ObjectStoragePath.
        warehouse_options: settings of the client of Snowflake, BigQuery, Redshift or Databricks, as in a URL, but no
            secrets. For Redshift ``{"staging": "s3://connection@bucket/prefix"}``, for Databricks
            ``{"catalog": "main", "staging": "/Volumes/main/default/loads"}``.
        schema: schema of the tables.
        settings: settings of the tap: ``loyalty_program_ids``, ``start_date``, ``as_of``, ``recheck_days``, ...
        card_ids_sql, profile_ids_sql: queries whose first column holds the ids to read. A query without rows reads
            nothing.
        ids_conn_id: connection in which these queries run; default: the warehouse.
        shard: a stable part of the ids, like ``3/16``, for mapped tasks; see ``plan_shards``.
        full_refresh: whether to read everything again instead of continuing from the last load.
        allow_rejected: whether the task succeeds if rows do not fit their columns and are in ``rejected_rows``
            (``bad_rows: reject``).
        talon_one_conn_id: id of the Talon.One connection.

    Raises:
        ValueError: at parse time: no warehouse is given, or two.
        AirflowFailException: a stream, setting, connection or URL cannot be used, or rows were rejected, after all
            others are loaded.
    """

    template_fields: Sequence[str] = (
        "streams",
        "warehouse_conn_id",
        "warehouse_url",
        "warehouse_options",
        "schema",
        "settings",
        "card_ids_sql",
        "profile_ids_sql",
        "ids_conn_id",
        "shard",
        "full_refresh",
        "allow_rejected",
        "talon_one_conn_id",
    )
    parameters: ClassVar[Sequence[Setting]] = (
        Setting("streams", "array", "Streams to load."),
        Setting("warehouse_conn_id", "string", "Connection of the warehouse."),
        Setting("warehouse_url", "string", "URL of the warehouse."),
        Setting("warehouse_options", "object", "Settings of the warehouse's client.", default={}),
        Setting("schema", "string", "Schema of the tables.", default="talon_one"),
        Setting("settings", "object", "Settings of the tap.", default={}),
        Setting("card_ids_sql", "string", "Query whose first column holds card ids.", narrows=True),
        Setting("profile_ids_sql", "string", "Query whose first column holds integration ids.", narrows=True),
        Setting("ids_conn_id", "string", "Connection of these queries."),
        Setting("shard", "string", "Shard of the ids, like 3/16.", narrows=True),
        Setting("full_refresh", "boolean", "Whether to read everything again.", default=False),
        Setting("allow_rejected", "boolean", "Whether rejected rows are a success.", default=False),
        Setting("talon_one_conn_id", "string", "Connection of Talon.One.", default=TalonOneHook.default_conn_name),
    )
    template_files: ClassVar[Mapping[str, str]] = {"card_ids_sql": ".sql", "profile_ids_sql": ".sql"}
    ui_color = "#e8f7e4"

    def __init__(
        self,
        *,
        streams: Sequence[str] | str = ("loyalty_card_transactions", "loyalty_card_balances"),
        warehouse_conn_id: str | None = None,
        warehouse_url: str | ObjectStoragePath | None = None,
        warehouse_options: Mapping[str, Any] | str | None = None,
        schema: str = "talon_one",
        settings: Mapping[str, Any] | str | None = None,
        card_ids_sql: str | None = None,
        profile_ids_sql: str | None = None,
        ids_conn_id: str | None = None,
        shard: str | None = None,
        full_refresh: bool | str = False,
        allow_rejected: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_connection_or_url(
            f"{self.task_id}: give either warehouse_conn_id or warehouse_url", warehouse_conn_id, warehouse_url
        )
        self.streams, self.schema, self.settings = streams, schema, copy_mapping(settings)
        self.warehouse_conn_id, self.warehouse_url = warehouse_conn_id, warehouse_url
        self.warehouse_options = copy_mapping(warehouse_options)
        self.card_ids_sql, self.profile_ids_sql, self.ids_conn_id = card_ids_sql, profile_ids_sql, ids_conn_id
        self.shard, self.full_refresh, self.allow_rejected = shard, full_refresh, allow_rejected
        self.talon_one_conn_id = talon_one_conn_id
        self._stop: Any = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Load, and return the counts."""
        from airflow_provider_talon_one.reporting.load_report import LoadReport
        from talon_one_loading import load
        from talon_one_loading.stream_selection import select_streams

        self._stop, redact = StopSignal(), Redactor()
        with fail_for_good():
            convert_parameters(self, self.parameters)
            hook = TalonOneHook(self.talon_one_conn_id)
            location = load_location(self.warehouse_url, self.warehouse_conn_id, self.warehouse_options)
            settings = hook.settings(SETTINGS, self._given(), redact) | self._ids(location)
            entries = select_streams(settings, ",".join(self.streams))
            raise_if_in_memory(location.url)
            with open_warehouse(
                location.url, schema=self.schema, filesystem=location.filesystem, options=location.options
            ) as warehouse:
                report = LoadReport(warehouse.schema, self.allow_rejected is True)
                with self._lineage_of(report, location, settings), report.of(context):
                    again = self.full_refresh is True
                    load(warehouse, settings, entries, self._stop, redact, full_refresh=again, into=report.loaded)
        loaded = report.loaded
        rows = sum(_written(loaded).values()) + sum(loaded.deleted.values())
        add_to_asset_events(self, context, {"rows": rows, "requests": loaded.requests})
        return report.figures()

    def on_kill(self) -> None:
        """End after the requests in flight; the rows that were read are merged with their state."""
        if self._stop is not None:
            self._stop.set()

    @contextmanager
    def _lineage_of(self, report: LoadReport, location: Location, settings: Mapping[str, Any]) -> Iterator[None]:
        """Record what the load of the block wrote, also if it fails."""
        try:
            yield
        finally:
            names, read = names_of_url(location.url, location.options), read_datasets(settings, self.streams)
            self.recorded = LoadRecord(names, report.schema, _written(report.loaded), read)

    def _given(self) -> dict[str, Any]:
        return {**self.settings, **({"shard": self.shard} if self.shard else {})}

    def _ids(self, location: Location) -> dict[str, list[str]]:
        """Return the ids of the queries; an empty list means that nothing is read."""
        queries = {"card_ids": self.card_ids_sql, "profile_ids": self.profile_ids_sql}
        return {name: query_ids(location, self.ids_conn_id, sql, self.schema) for name, sql in queries.items() if sql}


def _written(loaded: LoadResult) -> dict[str, int]:
    """Return how many rows a load added and changed, by stream."""
    return {name: one.inserted + one.updated for name, one in loaded.streams.items()}


def plan_shards(count: int = 16) -> list[str]:
    """Return ``["1/16", ..., "16/16"]`` for mapped tasks; each shard is a stable part of the ids.

    Raises:
        ValueError: fewer than 1 or more than 64 shards; more mapped tasks cost the scheduler more than they save.
    """
    if not 1 <= count <= MAX_SHARDS:
        raise ValueError(f"plan 1 to {MAX_SHARDS} shards, not {count}")
    return [f"{number}/{count}" for number in range(1, count + 1)]
