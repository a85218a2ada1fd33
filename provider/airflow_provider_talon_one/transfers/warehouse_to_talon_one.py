"""Push segments into audiences, and tables into catalogs and profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.asset_events import add_to_asset_events
from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.task_state import journal_of
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.lineage import RecordsLineage
from airflow_provider_talon_one.links import LINK_KEY, CampaignManagerLink, campaign_manager_url
from airflow_provider_talon_one.locations.location import check_connection_or_url, local_folder
from airflow_provider_talon_one.locations.stores import opened_store
from airflow_provider_talon_one.parameters import convert_parameters, converted, copy_mapping, is_templated
from airflow_provider_talon_one.transfers.push_parameters import OPTIONS, PARAMETERS
from airflow_provider_talon_one.transfers.push_result import page_parameters, push_result, written_name
from airflow_provider_talon_one.transfers.push_source import PushSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import ConfigError
from talon_one_singer.reporting.logs import Redactor
from talon_one_singer.settings.conversion import is_absent
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.shards import Shard
from target_talon_one.settings import SYNC_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import Setting
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun


_ONE_STORE = "give either store_in_source or a store (store, store_conn_id), not both"


class WarehouseToTalonOneOperator(RecordsLineage, ConnectorOperator):
    """Sends the rows of a query that differ from what Talon.One has acknowledged, to any sink of the connector.

    The store is updated after each request: if a task is killed and retried, on this worker or on another one, it
    sends only the remaining rows. Workers that share no disk need a store in PostgreSQL or on S3.

    XCom receives ``{"run", "sent", "refused", "rejects", "figures"}``, or the plan.

    All parameters except ``map`` can be templates, which render to texts: ``False`` and ``0`` are false, ``7`` is a
    number where one is needed, and ``None`` means "not given".

    Args:
        sink: sink that receives the rows, like ``audience_members``.
        mode: how the rows are applied, like ``mirror``.
        sql: the query, or the name of a ``.sql`` file on the template search path.
        table: a table, instead of ``sql``.
        source_conn_id: connection of the source. Connections of type postgres, sqlite and duckdb are read by Arrow
            drivers, those of type snowflake, google_cloud_platform, gcpbigquery, redshift and mysql by the database's
            own client, and all others through their hook. Those of type databricks and mssql are refused.
        source_url: URL of the source instead: ``duckdb:////data/w.duckdb``, or a file, ``/data/segment.parquet``. With
            the credentials of a connection: ``s3://connection@bucket/segment.parquet`` or an ObjectStoragePath.
        key, map: as in a SYNC.yml. ``map`` has templates of its own, over the columns of a row.
        options: further keys of a sync in a SYNC.yml: ``audience``, ``catalog_id``, guards, ...
        store: file or URL of the store, one for each environment; default ``talon-one-store.duckdb``. With the
            credentials of a connection: ``s3://connection@bucket/store`` or an ObjectStoragePath.
        store_conn_id: connection of type postgres whose database keeps the store; or the credentials for ``store``.
        store_in_source: keep the store in the database of the source, which then finds the rows that differ, so that
            only these leave it; instead of ``store``. DuckDB, PostgreSQL or Snowflake.
        store_schema: schema of a store in the source; created if missing.
        rejects_directory, results_directory: folders for refused rows and for responses.
        settings: settings of the target: ``concurrency``, ``mask_rejects``, ...
        shard: a stable part of the keys, like ``3/16``, for mapped tasks; see ``plan_shards``. Each shard has its own
            store beside ``store``, and its guards count its own rows. Not for catalogs, which accept one request at a
            time.
        plan_only: return the plan without sending anything.
        talon_one_conn_id: id of the Talon.One connection.

    Raises:
        ValueError: at parse time: the sink, the mode or an option does not exist.
        AirflowFailException: a guard stopped the push, or the source, key column or settings cannot be used.
        IncompleteError: rows remain to be sent, or more were refused than ``max_rejects`` allows.
    """

    template_fields: Sequence[str] = ("key", *(one.name for one in PARAMETERS))
    # key, map and named_options are read with the options, like the same keys of a SYNC.yml.
    parameters: ClassVar[Sequence[Setting]] = PARAMETERS
    named_options: ClassVar[tuple[str, ...]] = ()
    template_files: ClassVar[Mapping[str, str]] = {"sql": ".sql"}
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "options": "json"}
    operator_extra_links = (CampaignManagerLink(),)
    ui_color = "#e4eef7"
    verb = "push"

    def __init__(
        self,
        *,
        sink: str,
        mode: str,
        sql: str | None = None,
        table: str | None = None,
        source_conn_id: str | None = None,
        source_url: str | ObjectStoragePath | None = None,
        key: str | list[str] | None = None,
        map: Mapping[str, Any] | None = None,  # noqa: A002 - its name in a SYNC.yml
        options: Mapping[str, Any] | str | None = None,
        store: str | ObjectStoragePath | None = None,
        store_conn_id: str | None = None,
        store_in_source: bool | str = False,
        store_schema: str = "talon_one_sync",
        rejects_directory: str = "rejects",
        results_directory: str = "results",
        settings: Mapping[str, Any] | str | None = None,
        shard: str | None = None,
        plan_only: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_connection_or_url(f"{self.task_id}: give either source_conn_id or source_url", source_conn_id, source_url)
        if store is not None:
            check_connection_or_url(f"{self.task_id}: give either store_conn_id or store", store_conn_id, store)
        if sql is not None and table is not None:
            raise ValueError(f"{self.task_id}: give sql or table, not both")
        if store_in_source is True and (store or store_conn_id):
            raise ValueError(f"{self.task_id}: {_ONE_STORE}")
        self.sink, self.mode, self.key, self.map = sink, mode, key, map
        self.sql, self.table, self.source_conn_id, self.source_url = sql, table, source_conn_id, source_url
        self.options, self.settings = copy_mapping(options), copy_mapping(settings)
        self.store, self.store_conn_id = store, store_conn_id
        self.store_in_source, self.store_schema = store_in_source, store_schema
        self.rejects_directory, self.results_directory = rejects_directory, results_directory
        self.shard, self.plan_only, self.talon_one_conn_id = shard, plan_only, talon_one_conn_id
        self._stop: Any = None
        self._check()

    def execute(self, context: Context) -> dict[str, Any]:
        """Push, and return the result; or return the plan."""
        from talon_one_client.connection.client_factory import client_from_settings
        from talon_one_warehouse.sync_log import logged
        from target_talon_one.config.options import SyncOptions
        from target_talon_one.sync.run import SyncRun

        self._stop = StopSignal()
        with fail_for_good():
            convert_parameters(self, self.parameters)
            hook = TalonOneHook(self.talon_one_conn_id)
            settings = hook.settings(SYNC_SETTINGS, self._given(hook.environment), Redactor())
        with (
            fail_for_good(),
            client_from_settings(settings, "airflow", stop=self._stop.check) as client,
            self._opened_store(settings["store"], context) as store,
            logged(store.log, None if self.plan_only else settings["log_to"], hashed=settings["log_keys"] == "hashed"),
            SyncRun(
                client,
                store,
                SyncOptions.of(settings),
                command=f"airflow {context['ti'].dag_id}.{self.task_id} ({'plan' if self.plan_only else self.verb})",
                check=self._stop.check,
            ) as run,
        ):
            destination = self._destination()
            self._source().read(
                run, store, destination, InputLimits.of(settings), shard=self._shard(), check=self._stop.check
            )
            return self._work(run, client, store, destination, context)

    def _opened_store(self, default: str, context: Context) -> Store:
        journal = journal_of(context) if self.verb == "push" and not self.plan_only else None
        given = self.settings.get("store")
        location = self.store if is_absent(given) else given
        if not self.store_in_source:
            return opened_store(location, self.store_conn_id, default, journal=journal, shard=self._shard())
        if location or self.store_conn_id:
            raise ValueError(_ONE_STORE)
        return self._source().opened_store(self.store_schema, journal=journal, shard=self._shard())

    def _shard(self) -> Shard:
        return Shard.of({"shard": self.shard})

    def _source(self) -> PushSource:
        return PushSource(self.source_conn_id, self.source_url, self.sql, self.table, rendered=self.verb == "verify")

    def _work(
        self, run: SyncRun, client: TalonOneClient, store: Store, destination: DestinationConfig, context: Context
    ) -> dict[str, Any]:
        """Plan or push the rows that were read, and return what XCom receives."""
        del store
        if self.plan_only:
            (planned,) = run.plan()
            run.raise_if_plan_incomplete()
            return planned.as_dict()
        result: dict[str, Any] = {}
        try:
            run.finish()
        finally:
            figures = run.destinations[destination.name].counts.as_dict()
            result = push_result(run.id, figures, local_folder(self.rejects_directory, "rejects_directory"))
            context["ti"].xcom_push(key="figures", value=result)
        self._record(context, client.config.base_url, destination, result)
        return result

    def on_kill(self) -> None:
        """End after the batch in flight; the store keeps every acknowledged row."""
        if self._stop is not None:
            self._stop.set()

    def _given(self, environment: str) -> dict[str, Any]:
        given = {
            "rejects_directory": local_folder(self.rejects_directory, "rejects_directory"),
            "results_directory": local_folder(self.results_directory, "results_directory"),
            "environment": environment,
        }
        store = {"store": str(self.store)} if self.store else {}
        return {**given, **store, **self.settings}

    def _check(self) -> None:
        """Check sink, mode and options at parse time, unless one of them is a template."""
        from target_talon_one.config.shards import check_shardable

        if is_templated([self.shard, self.sink, self.mode, self.key, self.options, self._named()]):
            return
        try:
            check_shardable(self._destination(), self._shard())
        except ConfigError as error:
            raise ValueError(str(error)) from None

    def _destination(self) -> DestinationConfig:
        from target_talon_one.config.destination_reader import destination_from

        plain = {"sink": self.sink, "mode": self.mode, "key": self.key, "map": self.map}
        given = {**plain, **self._named(), **(converted(OPTIONS, self.options) or {})}
        return destination_from(self.task_id, given, where="task")

    def _named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.named_options}

    def _record(
        self, context: Context, base_url: str, destination: DestinationConfig, result: Mapping[str, Any]
    ) -> None:
        address = campaign_manager_url(base_url, page_parameters(destination))
        context["ti"].xcom_push(key=LINK_KEY, value=address)
        name = self.table or "query"
        self.record_push(self._source().address, name, base_url, written_name(destination), result["sent"])
        add_to_asset_events(self, context, {"rows": result["sent"], "refused": result["refused"]})


class WarehouseToAudienceOperator(WarehouseToTalonOneOperator):
    """Pushes a segment into an audience.

    Args:
        audience: id of the audience, or ``{"name", "integration", "integration_id"}`` to find or create it.
        key: column with the integration ids of the customers.
        mode: ``mirror`` (the default), ``upsert``, ``add`` or ``remove``.
    """

    template_fields: Sequence[str] = (*WarehouseToTalonOneOperator.template_fields, "audience")
    named_options: ClassVar[tuple[str, ...]] = ("audience",)

    def __init__(
        self, *, audience: int | str | Mapping[str, Any], key: str, mode: str = "mirror", **kwargs: Any
    ) -> None:
        self.audience = audience
        super().__init__(sink="audience_members", mode=mode, key=key, **kwargs)


class WarehouseToCatalogOperator(WarehouseToTalonOneOperator):
    """Pushes a table into a catalog.

    Args:
        catalog_id: id of the catalog.
        map: ``{"sku": column, "price": column, "attributes": [columns]}``.
        mode: ``mirror`` (the default), ``upsert``, ``insert_only``, ``update_only`` or ``remove``.
    """

    template_fields: Sequence[str] = (*WarehouseToTalonOneOperator.template_fields, "catalog_id")
    named_options: ClassVar[tuple[str, ...]] = ("catalog_id",)

    def __init__(self, *, catalog_id: int | str, mode: str = "mirror", **kwargs: Any) -> None:
        self.catalog_id = catalog_id
        super().__init__(sink="catalog_items", mode=mode, **kwargs)


class WarehouseToProfilesOperator(WarehouseToTalonOneOperator):
    """Pushes attributes of customer profiles, up to 1,000 profiles per request.

    Args:
        key: column with the integration ids of the customers.
        map: ``{"attributes": [columns]}``; default: all columns except the key.
    """

    def __init__(self, *, key: str, **kwargs: Any) -> None:
        super().__init__(sink="customer_profiles", mode="upsert", key=key, **kwargs)
