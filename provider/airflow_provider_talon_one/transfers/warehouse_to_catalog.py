"""Push a table into a catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.transfers.push_operator import PushOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import ObjectStoragePath


class WarehouseToCatalogOperator(PushOperator):
    """Pushes a table into a catalog.

    The store, resumption, XCom and templates are those of WarehouseToTalonOneOperator.

    Args:
        catalog_id: id of the catalog.
        sql: the query, or the name of a ``.sql`` file on the template search path.
        table: a table, instead of ``sql``.
        source_conn_id: connection of the source. Connections of type postgres, sqlite and duckdb are read by Arrow
            drivers, those of type snowflake, google_cloud_platform, gcpbigquery, redshift and mysql by the database's
            own client, and all others through their hook. Those of type databricks and mssql are refused.
        source_url: URL of the source instead: ``duckdb:////data/w.duckdb``, or a file, ``/data/segment.parquet``. With
            the credentials of a connection: ``s3://connection@bucket/segment.parquet`` or an ObjectStoragePath.
        mode: ``mirror`` (the default), ``upsert``, ``insert_only``, ``update_only`` or ``remove``.
        key: column with the SKUs, if ``map`` does not name it.
        map: ``{"sku": column, "price": column, "attributes": [columns]}``. Its templates are over the columns of a
            row, like ``{{ price * 2 }}``, except those that read only ``params``, ``var``, ``dag_run`` or ``ti``, like
            ``{{ params.column }}``. A map that is a text is a template of Airflow.
        version: version that the catalog must have.
        missing_price: what a mirror does with the price of an item whose row no longer has one: ``remove`` (the
            default) or ``keep``.
        allow_empty: whether a mirror may run on a source without rows, which removes everything.
        max_deletes: the largest number of rows that the push may remove.
        max_delete_share: the largest share of the known rows that it may remove; default: 0.1.
        max_rejects: more refused rows than this fail the task.
        max_reject_share: a larger share of refused rows than this fails the task; default: 0.1.
        expect_environment: live or sandbox; the push stops if the connection is of the other one.
        adopt: whether a mirror takes over the rows that exist at Talon.One already, and removes those that are not in
            the source.
        retry_rejects: whether rows that earlier pushes left refused are sent again; default: True.
        nulls: how a null is handled: ``skip`` (the default), ``send_null`` or ``reject``.
        store: file or URL of the store, one for each environment; default ``talon-one-store.duckdb``. With the
            credentials of a connection: ``s3://connection@bucket/store`` or an ObjectStoragePath.
        store_conn_id: connection of type postgres whose database keeps the store; or the credentials for ``store``.
        store_name: name of the store; one database, bucket or schema holds many. Default: the DAG and the destination,
            so that plan, push and verification share it. A file holds one store, without a name.
        store_in_source: keep the store in the database of the source, which then finds the rows that differ, so that
            only these leave it; instead of ``store``. DuckDB, PostgreSQL, Snowflake or BigQuery.
        store_schema: schema of a store in the source; created if missing.
        log_conn_id: connection of a warehouse that gets the history of each push: which rows were added, changed,
            removed or refused. ``log_to`` in ``settings`` is the URL of one.
        rejects_directory, results_directory: folders for refused rows and for responses.
        settings: settings of the target: ``concurrency``, ``mask_rejects``, ...
        options: further keys of a sync in a SYNC.yml.
        shard: a stable part of the keys, like ``3/16``, for mapped tasks; see ``plan_shards``. Each shard has its own
            store beside ``store``, and its guards count its own rows. Not for catalogs, which accept one request at a
            time.
        plan_only: return the plan without sending anything; fails if a guard would stop the push.
        talon_one_conn_id: id of the Talon.One connection.

    Raises:
        ValueError: at parse time: the mode or an option does not exist.
        AirflowFailException: a guard stopped the push, or the source, key column or settings cannot be used.
        IncompleteError: rows remain to be sent, or more were refused than ``max_rejects`` allows.
    """

    def __init__(
        self,
        *,
        catalog_id: int | str,
        sql: str | None = None,
        table: str | None = None,
        source_conn_id: str | None = None,
        source_url: str | ObjectStoragePath | None = None,
        mode: str = "mirror",
        key: str | list[str] | None = None,
        map: Mapping[str, Any] | str | None = None,  # noqa: A002 - its name in a SYNC.yml
        version: int | str | None = None,
        missing_price: str | None = None,
        allow_empty: bool | str | None = None,
        max_deletes: int | str | None = None,
        max_delete_share: float | str | None = None,
        max_rejects: int | str | None = None,
        max_reject_share: float | str | None = None,
        expect_environment: str | None = None,
        adopt: bool | str | None = None,
        retry_rejects: bool | str | None = None,
        nulls: str | None = None,
        store: str | ObjectStoragePath | None = None,
        store_conn_id: str | None = None,
        store_name: str | None = None,
        store_in_source: bool | str = False,
        store_schema: str = "talon_one_sync",
        log_conn_id: str | None = None,
        rejects_directory: str = "rejects",
        results_directory: str = "results",
        settings: Mapping[str, Any] | str | None = None,
        options: Mapping[str, Any] | str | None = None,
        shard: str | None = None,
        plan_only: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        arguments = {
            "sink": "catalog_items",
            "catalog_id": catalog_id,
            "sql": sql,
            "table": table,
            "source_conn_id": source_conn_id,
            "source_url": source_url,
            "mode": mode,
            "key": key,
            "map": map,
            "version": version,
            "missing_price": missing_price,
            "allow_empty": allow_empty,
            "max_deletes": max_deletes,
            "max_delete_share": max_delete_share,
            "max_rejects": max_rejects,
            "max_reject_share": max_reject_share,
            "expect_environment": expect_environment,
            "adopt": adopt,
            "retry_rejects": retry_rejects,
            "nulls": nulls,
            "store": store,
            "store_conn_id": store_conn_id,
            "store_name": store_name,
            "store_in_source": store_in_source,
            "store_schema": store_schema,
            "log_conn_id": log_conn_id,
            "rejects_directory": rejects_directory,
            "results_directory": results_directory,
            "settings": settings,
            "options": options,
            "shard": shard,
            "plan_only": plan_only,
            "talon_one_conn_id": talon_one_conn_id,
        }
        super().__init__(arguments=arguments, **kwargs)
