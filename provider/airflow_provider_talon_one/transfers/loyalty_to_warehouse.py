"""Loyalty data, or any other stream, into a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.asset_events import note_outlets
from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.lineage import InputsAndOutputs
from airflow_provider_talon_one.locations.location import check_one, place_of, why_no_load
from airflow_provider_talon_one.locations.sources import first_column
from airflow_provider_talon_one.parameters import copied, take_parameters
from talon_one_singer import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from airflow_provider_talon_one.locations.location import Place

MAX_SHARDS = 64


class LoyaltyToWarehouseOperator(InputsAndOutputs, ConnectorOperator):
    """Loads streams of the tap into DuckDB, PostgreSQL, SQLite, Parquet or any ADBC database.

    Rows are merged by key together with where the load stands, so that a task that is killed and tried again, here or
    on another worker, goes on from its last merge and leaves no row twice. Counts go to XCom.

    Args:
        streams: their names, like ``loyalty_card_transactions``.
        warehouse_conn_id: connection of type postgres, sqlite, duckdb or aws (its bucket); or the keys of the URL.
        warehouse_url: or a URL as ``talon-one load`` takes it: ``duckdb:////data/w.duckdb``, ``s3://bucket/lake``; with
            the keys of a connection as ``s3://connection@bucket/lake`` or an ObjectStoragePath.
        schema: of the tables.
        settings: of the tap: ``loyalty_program_ids``, ``start_date``, ``as_of``, ``concurrency``, ...
        card_ids_sql, profile_ids_sql: queries in the warehouse (or in ``ids_conn_id``) whose first column holds ids;
            without a row nothing is read for them.
        ids_conn_id: where these run.
        shard: ``3/16``: a stable part of the ids, for mapped tasks; see ``plan_shards``.
        full_refresh: forget where the last load ended. All parameters can be templates, which give texts: ``False`` and
            ``0`` are false, a list is split at its commas, and ``None`` means "not given", for example for
            ``start_date`` in the first run of a DAG. A query, shard or list that is an empty text is refused.
        talon_one_conn_id: the connection.

    Raises:
        ValueError: at parse time: no warehouse, or two.
        AirflowFailException: a stream, setting, connection or URL cannot be used.
    """

    template_fields: Sequence[str] = (
        "streams",
        "warehouse_conn_id",
        "warehouse_url",
        "schema",
        "settings",
        "card_ids_sql",
        "profile_ids_sql",
        "ids_conn_id",
        "shard",
        "full_refresh",
        "talon_one_conn_id",
    )
    parameters: ClassVar[Sequence[Setting]] = (
        Setting("streams", "array", "Streams to load."),
        Setting("warehouse_conn_id", "string", "Connection of the warehouse."),
        Setting("warehouse_url", "string", "URL of the warehouse."),
        Setting("schema", "string", "Schema of the tables.", default="talon_one"),
        Setting("settings", "object", "Settings of the tap.", default={}),
        Setting("card_ids_sql", "string", "Query whose first column holds card ids.", narrows=True),
        Setting("profile_ids_sql", "string", "Query whose first column holds integration ids.", narrows=True),
        Setting("ids_conn_id", "string", "Connection of these queries."),
        Setting("shard", "string", "Part of the ids.", narrows=True),
        Setting("full_refresh", "boolean", "Whether to forget where the last load ended.", default=False),
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
        schema: str = "talon_one",
        settings: Mapping[str, Any] | str | None = None,
        card_ids_sql: str | None = None,
        profile_ids_sql: str | None = None,
        ids_conn_id: str | None = None,
        shard: str | None = None,
        full_refresh: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_one(f"{self.task_id}: give either warehouse_conn_id or warehouse_url", warehouse_conn_id, warehouse_url)
        self.streams, self.schema, self.settings = streams, schema, copied(settings)
        self.warehouse_conn_id, self.warehouse_url = warehouse_conn_id, warehouse_url
        self.card_ids_sql, self.profile_ids_sql, self.ids_conn_id = card_ids_sql, profile_ids_sql, ids_conn_id
        self.shard, self.full_refresh = shard, full_refresh
        self.talon_one_conn_id = talon_one_conn_id
        self._stop: Any = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Load; the counts."""
        from talon_one_loading import load
        from talon_one_loading.stream_selection import chosen_entries
        from talon_one_singer.cli.signals import StopSignal
        from talon_one_singer.reporting.logs import Redactor
        from talon_one_warehouse import open_warehouse
        from tap_talon_one.settings import SETTINGS

        self._stop, redact = StopSignal(), Redactor()
        with fail_for_good():
            take_parameters(self, self.parameters)
            hook = TalonOneHook(self.talon_one_conn_id)
            place = self._place()
            settings = hook.settings(SETTINGS, self._given(), redact) | self._ids(place)
            entries = chosen_entries(settings, ",".join(self.streams))
            with open_warehouse(place.url, schema=self.schema, filesystem=place.filesystem) as warehouse:
                loaded = load(warehouse, settings, entries, self._stop, redact, full_refresh=self.full_refresh is True)
        counts = loaded.as_dict()
        for stream, count in loaded.rejected.items():
            self.log.warning("%s: %s rows do not fit their columns; see %s.rejected_rows", stream, count, self.schema)
        rows = sum(one["inserted"] + one["updated"] for one in counts["streams"].values())
        self.note_tables(place.url, self.schema, list(self.streams), rows)
        note_outlets(self, context, {"rows": rows, "requests": counts["requests"]})
        return counts

    def on_kill(self) -> None:
        """End after the requests in flight; what was read is merged with its state."""
        if self._stop is not None:
            self._stop.set()

    def _place(self) -> Place:
        place = place_of(self.warehouse_url, self.warehouse_conn_id)
        if place is None:
            raise ValueError(why_no_load(str(self.warehouse_conn_id)))
        return place

    def _given(self) -> dict[str, Any]:
        return {**self.settings, **({"shard": self.shard} if self.shard else {})}

    def _ids(self, place: Place) -> dict[str, list[str]]:
        """The ids of the queries; those of a query without rows are none, and nothing is read for them."""
        queries = {"card_ids": self.card_ids_sql, "profile_ids": self.profile_ids_sql}
        return {name: first_column(place, self.ids_conn_id, sql, self.schema) for name, sql in queries.items() if sql}


def plan_shards(count: int = 16) -> list[str]:
    """``["1/16", ..., "16/16"]``, to map a load over; each takes a stable part of the ids.

    Raises:
        ValueError: fewer than 1 or more than 64: a mapped task costs the scheduler more than it brings then.
    """
    if not 1 <= count <= MAX_SHARDS:
        raise ValueError(f"plan 1 to {MAX_SHARDS} shards, not {count}")
    return [f"{number}/{count}" for number in range(1, count + 1)]
