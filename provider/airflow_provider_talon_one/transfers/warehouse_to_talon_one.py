"""Segments into audiences, tables into catalogs and profiles: the sync engine as tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.asset_events import note_outlets
from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.task_state import journal_of
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.lineage import InputsAndOutputs
from airflow_provider_talon_one.links import LINK_KEY, CampaignManagerLink, campaign_manager_url
from airflow_provider_talon_one.locations.location import check_one, folder_of
from airflow_provider_talon_one.locations.sources import opened_source, opened_store
from airflow_provider_talon_one.parameters import converted, copied, is_templated, take_parameters
from airflow_provider_talon_one.transfers.push_parameters import OPTIONS, PARAMETERS
from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.settings.conversion import is_absent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import Setting
    from talon_one_singer.settings.input_limits import InputLimits
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destinations import Destination
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun

_REFUSED = ("invalid", "rejected", "unknown", "unreadable")


class WarehouseToTalonOneOperator(InputsAndOutputs, ConnectorOperator):
    """Sends the difference between a query and what Talon.One has; any sink of the connector.

    What was acknowledged is noted in the store after each request: a task that is killed and tried again, here or on
    another worker, sends only the rest. A store in PostgreSQL or on S3 is for workers that share no disk.

    XCom gets ``{"run", "sent", "refused", "rejects", "figures"}``, or the plan.

    Args:
        sink: like ``audience_members``.
        mode: like ``mirror``.
        sql: the query, or the name of a ``.sql`` file on the template search path.
        table: or a table.
        source_conn_id: connection where they are: postgres, sqlite and duckdb stream, others go through their hook.
        source_url: or a URL: ``duckdb:////data/w.duckdb``, or a file: ``/data/segment.parquet``; with the keys of a
            connection as ``s3://connection@bucket/segment.parquet`` or an ObjectStoragePath.
        key, map: as a SYNC.yml has them. ``map`` alone is no template of Airflow: its templates are over the columns of
            a row. All others can be templates, which give texts: ``False`` and ``0`` are false, ``7`` is a number where
            one is wanted, and ``None`` means "not given".
        options: everything else that a SYNC.yml may say about a sync: ``audience``, ``catalog_id``, guards, ...
        store: file or URL that keeps what was acknowledged; one for each environment. ``talon-one-store.duckdb`` by
            default; with the keys of a connection as ``s3://connection@bucket/store`` or an ObjectStoragePath.
        store_conn_id: or a connection of type postgres, in whose database it is; or the keys of the URL.
        rejects_directory, results_directory: where files of refused rows and of answers go.
        settings: of the target: ``concurrency``, ``mask_rejects``, ...
        shard: ``3/16``: a stable part of the keys, for mapped tasks; see ``plan_shards``. Each part has a store of its
            own beside ``store``, and guards count its rows only. Not for catalogs: they take one request at a time.
        plan_only: say what would be done, and do nothing.
        talon_one_conn_id: the connection.

    Raises:
        ValueError: at parse time: a sink, mode or option that there is not.
        AirflowFailException: a guard stopped it, or source, key column or settings cannot be used.
        IncompleteError: rows are still to do, or more were refused than ``max_rejects`` allows.
    """

    template_fields: Sequence[str] = (
        "sink",
        "mode",
        "key",
        "sql",
        "table",
        "source_conn_id",
        "source_url",
        "options",
        "store",
        "store_conn_id",
        "rejects_directory",
        "results_directory",
        "settings",
        "shard",
        "plan_only",
        "talon_one_conn_id",
    )
    # key, map, options and what subclasses name beside them are read as those of a SYNC.yml.
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
        map: Mapping[str, Any] | None = None,  # noqa: A002 - as a SYNC.yml calls it
        options: Mapping[str, Any] | str | None = None,
        store: str | ObjectStoragePath | None = None,
        store_conn_id: str | None = None,
        rejects_directory: str = "rejects",
        results_directory: str = "results",
        settings: Mapping[str, Any] | str | None = None,
        shard: str | None = None,
        plan_only: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_one(f"{self.task_id}: give either source_conn_id or source_url", source_conn_id, source_url)
        if store is not None:
            check_one(f"{self.task_id}: give either store_conn_id or store", store_conn_id, store)
        if sql is not None and table is not None:
            raise ValueError(f"{self.task_id}: give sql or table, not both")
        self.sink, self.mode, self.key, self.map = sink, mode, key, map
        self.sql, self.table, self.source_conn_id, self.source_url = sql, table, source_conn_id, source_url
        self.options, self.settings = copied(options), copied(settings)
        self.store, self.store_conn_id = store, store_conn_id
        self.rejects_directory, self.results_directory = rejects_directory, results_directory
        self.shard, self.plan_only, self.talon_one_conn_id = shard, plan_only, talon_one_conn_id
        self._stop: Any = None
        self._check()

    def execute(self, context: Context) -> dict[str, Any]:
        """Compare and send, or plan; figures."""
        from talon_one_client.connection.client_factory import client_from_settings
        from talon_one_singer.cli.signals import StopSignal
        from talon_one_singer.reporting.logs import Redactor
        from talon_one_singer.settings.input_limits import InputLimits
        from target_talon_one.config.options import SyncOptions
        from target_talon_one.settings import SYNC_SETTINGS
        from target_talon_one.sync.run import SyncRun

        self._stop = StopSignal()
        with fail_for_good():
            take_parameters(self, self.parameters)
            hook = TalonOneHook(self.talon_one_conn_id)
            settings = hook.settings(SYNC_SETTINGS, self._given(hook.environment), Redactor())
        with (
            fail_for_good(),
            client_from_settings(settings, "airflow", stop=self._stop.check) as client,
            self._opened_store(settings["store"], context) as store,
            SyncRun(
                client,
                store,
                SyncOptions.of(settings),
                command=f"airflow {context['ti'].dag_id}.{self.task_id} ({'plan' if self.plan_only else self.verb})",
                check=self._stop.check,
            ) as run,
        ):
            destination = self._destination()
            self._read(run, destination, InputLimits.of(settings))
            return self._work(run, client, store, destination, context)

    def _opened_store(self, default: str, context: Context) -> Store:
        journal = journal_of(context) if self.verb == "push" and not self.plan_only else None
        given = self.settings.get("store")
        place = self.store if is_absent(given) else given
        return opened_store(place, self.store_conn_id, default, journal=journal, shard=self._part())

    def _part(self) -> Shard:
        from talon_one_singer.shards import Shard

        return Shard.of({"shard": self.shard})

    def _work(
        self, run: SyncRun, client: TalonOneClient, store: Store, destination: Destination, context: Context
    ) -> dict[str, Any]:
        """Plan or push what was read."""
        del store
        if self.plan_only:
            (planned,) = run.plan()
            run.judge_plan()
            return planned.as_dict()
        done: dict[str, Any] = {}
        try:
            run.finish()
        finally:
            done = self._done(run, destination)
            context["ti"].xcom_push(key="figures", value=done)
        self._tell(context, client.config.base_url, destination, done)
        return done

    def on_kill(self) -> None:
        """End after the batch in flight; what was acknowledged is noted."""
        if self._stop is not None:
            self._stop.set()

    def _given(self, environment: str) -> dict[str, Any]:
        given = {
            "rejects_directory": folder_of(self.rejects_directory, "rejects_directory"),
            "results_directory": folder_of(self.results_directory, "results_directory"),
            "environment": environment,
        }
        store = {"store": str(self.store)} if self.store else {}
        return {**given, **store, **self.settings}

    def _check(self) -> None:
        """At parse time, but for what is templated."""
        from talon_one_singer.errors import ConfigError
        from target_talon_one.config.shards import check_parts

        if is_templated([self.shard, self.sink, self.mode, self.key, self.options, self._named()]):
            return
        try:
            check_parts(self._destination(), self._part())
        except ConfigError as error:
            raise ValueError(str(error)) from None

    def _destination(self) -> Destination:
        from target_talon_one.config.destinations import destination_from

        plain = {"sink": self.sink, "mode": self.mode, "key": self.key, "map": self.map}
        given = {**plain, **self._named(), **(converted(OPTIONS, self.options) or {})}
        return destination_from(self.task_id, given, where="task")

    def _named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.named_options}

    def _read(self, run: SyncRun, destination: Destination, limits: InputLimits) -> None:
        with opened_source(
            conn_id=self.source_conn_id,
            url=self.source_url,
            sql=self.sql,
            table=self.table,
            limits=limits,
            rendered=self.verb == "verify",
        ) as source:
            feed = run.open(
                destination, columns=source.columns, shard=self._part(), source=shown_url(self._source_url())
            )
            count = 0
            for rows in source.rows():
                self._stop.check()
                feed.add(rows, [f"row {number}" for number in range(count + 1, count + len(rows) + 1)])
                count += len(rows)
            feed.complete = True

    def _source_url(self) -> str:
        return str(self.source_url or "") or f"airflow://{self.source_conn_id}"

    def _done(self, run: SyncRun, destination: Destination) -> dict[str, Any]:
        figures = run.feeds[destination.name].figures.as_dict()
        refused = sum(figures[name] for name in _REFUSED)
        directory = f"{folder_of(self.rejects_directory, 'rejects_directory')}/{run.id}" if refused else None
        return {"run": run.id, "sent": figures["sent"], "refused": refused, "rejects": directory, "figures": figures}

    def _tell(self, context: Context, base_url: str, destination: Destination, done: Mapping[str, Any]) -> None:
        target = destination.target
        audience = target.get("audience", {}).get("id")
        path = {"audienceId": audience, "catalogId": target.get("catalog_id")}
        context["ti"].xcom_push(key=LINK_KEY, value=campaign_manager_url(base_url, path))
        which = campaign_manager_url("", path).lstrip("/") or destination.sink.name
        source = self._source_url()
        self.note_push(source, self.table or "query", base_url, which, done["sent"])
        note_outlets(self, context, {"rows": done["sent"], "refused": done["refused"]})


class WarehouseToAudienceOperator(WarehouseToTalonOneOperator):
    """Makes a segment the audience.

    Args:
        audience: id, or ``{"name", "integration", "integration_id"}`` to find or create it by.
        key: column of the customers' integration ids.
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
    """Makes a table the catalog.

    Args:
        catalog_id: the catalog.
        map: ``{"sku": column, "price": column, "attributes": [columns]}``.
        mode: ``mirror`` (the default), ``upsert``, ``insert_only``, ``update_only`` or ``remove``.
    """

    template_fields: Sequence[str] = (*WarehouseToTalonOneOperator.template_fields, "catalog_id")
    named_options: ClassVar[tuple[str, ...]] = ("catalog_id",)

    def __init__(self, *, catalog_id: int | str, mode: str = "mirror", **kwargs: Any) -> None:
        self.catalog_id = catalog_id
        super().__init__(sink="catalog_items", mode=mode, **kwargs)


class WarehouseToProfilesOperator(WarehouseToTalonOneOperator):
    """Sends attributes of customer profiles, 1,000 a request.

    Args:
        key: column of the customers' integration ids.
        map: ``{"attributes": [columns]}``; all other columns without it.
    """

    def __init__(self, *, key: str, **kwargs: Any) -> None:
        super().__init__(sink="customer_profiles", mode="upsert", key=key, **kwargs)
