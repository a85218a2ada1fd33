"""Verify a sync: compare its source with what Talon.One has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.transfers.push_operator import PushOperator
from airflow_provider_talon_one.transfers.push_result import without_rows
from talon_one_singer import Setting
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from talon_one_client.client import TalonOneClient
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun

_MIRRORED = ("audience_members", "catalog_items")


class VerifySyncOperator(PushOperator):
    """Compares the source of a sync with Talon.One through the Management API.

    It takes the arguments of the push, whichever operator that is: WarehouseToAudienceOperator,
    WarehouseToCatalogOperator, WarehouseToProfilesOperator or WarehouseToTalonOneOperator. Nothing is sent.

    XCom receives the finding. The task fails if source and Talon.One differ, or if the sync cannot be verified, for
    example without a management key.

    Args:
        sink: sink that receives the rows; default: ``audience_members`` with an ``audience``, ``catalog_items`` with a
            ``catalog_id``, and otherwise ``customer_profiles``.
        mode: how the push applies the rows; default: ``mirror`` for audiences and catalogs.
        sql: the query, or the name of a ``.sql`` file on the template search path.
        table: a table, instead of ``sql``.
        source_conn_id: connection of the source. Connections of type postgres, sqlite and duckdb are read by Arrow
            drivers, those of type snowflake, google_cloud_platform, gcpbigquery, redshift and mysql by the database's
            own client, and all others through their hook. Those of type databricks and mssql are refused.
        source_url: URL of the source instead: ``duckdb:////data/w.duckdb``, or a file, ``/data/segment.parquet``. With
            the credentials of a connection: ``s3://connection@bucket/segment.parquet`` or an ObjectStoragePath.
        key: column of the key, or several.
        map: fields by column, as in a SYNC.yml. Its templates are over the columns of a row, like
            ``{{ price * 2 }}``, except those that read only ``params``, ``var``, ``dag_run`` or ``ti``, like
            ``{{ params.column }}``. A map that is a text is a template of Airflow.
        audience: id of the audience, or ``{"name", "integration", "integration_id"}`` to find or create it.
        catalog_id, version, missing_price: id of the catalog, the version that it must have, and whether a mirror
            removes or keeps (``keep``) the price of an item whose row no longer has one.
        campaign_id, loyalty_program_id: ids of the campaign and of the loyalty program.
        create_profiles: what happens to rows whose profile does not exist: ``guard`` (the default) stops the push,
            ``allow`` creates the profiles, ``skip`` leaves the rows out, ``reject`` puts them into the rejects.
        allow_empty: whether a mirror may run on a source without rows, which removes everything.
        max_deletes: the largest number of rows that the push may remove.
        max_delete_share: the largest share of the known rows that it may remove; default: 0.1.
        max_rejects: more refused rows than this fail the task.
        max_reject_share: a larger share of refused rows than this fails the task; default: 0.1.
        expect_environment: live or sandbox; the push stops if the connection is of the other one.
        allow_destructive: whether the sink may delete what cannot be restored.
        allow_whole_catalog: whether a catalog rule may have no filter.
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
        options: further keys of a sync in a SYNC.yml: ``start_date``, ``expiry_date``, ``usage_limit``, ...
        shard: a stable part of the keys, like ``3/16``, for mapped tasks; see ``plan_shards``. Each shard has its own
            store beside ``store``, and its guards count its own rows. Not for catalogs, which accept one request at a
            time.
        plan_only: return the plan without sending anything; fails if a guard would stop the push.
        talon_one_conn_id: id of the Talon.One connection.
        allow_unknown: whether the task succeeds if the sync cannot be verified.
    """

    template_fields: Sequence[str] = (*PushOperator.template_fields, "allow_unknown")
    parameters: ClassVar[Sequence[Setting]] = (
        *PushOperator.parameters,
        Setting("allow_unknown", "boolean", "Whether a sync that cannot be verified is a success.", default=False),
    )
    verb = "verify"

    allow_unknown: Any

    def __init__(
        self,
        *,
        sink: str | None = None,
        mode: str | None = None,
        sql: str | None = None,
        table: str | None = None,
        source_conn_id: str | None = None,
        source_url: str | ObjectStoragePath | None = None,
        key: str | list[str] | None = None,
        map: Mapping[str, Any] | str | None = None,  # noqa: A002 - its name in a SYNC.yml
        audience: int | str | Mapping[str, Any] | None = None,
        catalog_id: int | str | None = None,
        campaign_id: int | str | None = None,
        loyalty_program_id: int | str | None = None,
        version: int | str | None = None,
        missing_price: str | None = None,
        create_profiles: str | None = None,
        allow_empty: bool | str | None = None,
        max_deletes: int | str | None = None,
        max_delete_share: float | str | None = None,
        max_rejects: int | str | None = None,
        max_reject_share: float | str | None = None,
        expect_environment: str | None = None,
        allow_destructive: bool | str | None = None,
        allow_whole_catalog: bool | str | None = None,
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
        allow_unknown: bool | str = False,
        **kwargs: Any,
    ) -> None:
        if sink is None:
            sink = "audience_members" if audience else "catalog_items" if catalog_id else "customer_profiles"
        if mode is None and sink in _MIRRORED:
            mode = "mirror"
        arguments = {
            "sink": sink,
            "mode": mode,
            "sql": sql,
            "table": table,
            "source_conn_id": source_conn_id,
            "source_url": source_url,
            "key": key,
            "map": map,
            "audience": audience,
            "catalog_id": catalog_id,
            "campaign_id": campaign_id,
            "loyalty_program_id": loyalty_program_id,
            "version": version,
            "missing_price": missing_price,
            "create_profiles": create_profiles,
            "allow_empty": allow_empty,
            "max_deletes": max_deletes,
            "max_delete_share": max_delete_share,
            "max_rejects": max_rejects,
            "max_reject_share": max_reject_share,
            "expect_environment": expect_environment,
            "allow_destructive": allow_destructive,
            "allow_whole_catalog": allow_whole_catalog,
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
            "allow_unknown": allow_unknown,
        }
        super().__init__(arguments=arguments, **kwargs)

    def _work(
        self,
        run: SyncRun,
        client: TalonOneClient,
        store: Store,
        destination: DestinationConfig,
        context: Context,
        *,
        options: SyncOptions,
    ) -> dict[str, Any]:
        from target_talon_one.sync.verify import Verification

        del context
        finding = Verification(client, store, run.destinations[destination.name], self._stop.check).find()
        self._report.verified(finding)
        found = without_rows(finding.as_dict(), "examples", run.id, options)
        if finding.verdict == "drift":
            raise AirflowFailException(
                f"{destination.name}: {counted(finding.missing, 'row is', 'rows are')} missing, "
                f"{finding.changed:,} changed, {finding.stale_rows:,} stale; push again, "
                "or find out who else changes the data"
            )
        if finding.verdict in ("unknown", "not compared") and not self.allow_unknown:
            raise AirflowFailException(f"{destination.name}: {finding.why}")
        return found
