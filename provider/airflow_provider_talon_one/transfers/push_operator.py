"""Base class of pushes: what they do, whatever their sink is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.asset_events import add_to_asset_events
from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.masking import mask_arguments
from airflow_provider_talon_one.airflow_compat.task_state import journal_of
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.lineage.records import PushRecord, RecordsLineage, talon_one_dataset
from airflow_provider_talon_one.links import CampaignManagerLink, begin_link, campaign_manager_url, set_link
from airflow_provider_talon_one.locations.loads import history_place
from airflow_provider_talon_one.locations.location import check_connection_or_url, local_folder
from airflow_provider_talon_one.locations.stores import StoreChoice, default_name, opened_store, warn_of_worker_file
from airflow_provider_talon_one.map_templates import rendered_map
from airflow_provider_talon_one.parameters import convert_parameters, converted, copy_mapping, is_templated
from airflow_provider_talon_one.transfers.push_parameters import GUARDS, NAMED, OPTIONS, PARAMETERS, TARGET
from airflow_provider_talon_one.transfers.push_result import (
    FIGURES,
    columns_by_field,
    failed_result,
    page_parameters,
    planned_result,
    push_result,
    written_name,
)
from airflow_provider_talon_one.transfers.push_source import PushSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import ConfigError
from talon_one_singer.reporting.logs import Redactor
from talon_one_singer.settings.conversion import is_absent
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.shards import Shard
from target_talon_one.settings import SYNC_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2
    from airflow.providers.common.compat.sdk import Context

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import Setting
    from talon_one_warehouse.sync_log import LogPlace
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.run import SyncRun


_ONE_STORE = "give either store_in_source or a store (store, store_conn_id), not both"


class PushOperator(RecordsLineage, ConnectorOperator):
    """Sends the rows of a source that differ from what Talon.One has acknowledged.

    Its subclasses have the signatures. The store is updated after each request: if a task is killed and retried, on
    this worker or on another one, it sends only the remaining rows.

    Args:
        arguments: the arguments of the subclass, by name; each becomes an attribute and a template field.
    """

    template_fields: Sequence[str] = ("key", "map", *NAMED, *(one.name for one in PARAMETERS))
    parameters: ClassVar[Sequence[Setting]] = PARAMETERS
    template_files: ClassVar[Mapping[str, str]] = {"sql": ".sql"}
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "map": "json", "options": "json"}
    operator_extra_links = (CampaignManagerLink(),)
    ui_color = "#e4eef7"
    verb = "push"

    sink: Any
    mode: Any
    sql: Any
    table: Any
    source_conn_id: Any
    source_url: Any
    key: Any
    map: Any
    options: Any
    store: Any
    store_conn_id: Any
    store_name: Any
    store_in_source: Any
    store_schema: Any
    log_conn_id: Any
    rejects_directory: Any
    results_directory: Any
    settings: Any
    shard: Any
    plan_only: Any
    talon_one_conn_id: Any

    def __init__(self, *, arguments: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in (*NAMED, *arguments):
            setattr(self, name, arguments.get(name))
        self.options, self.settings = copy_mapping(self.options), copy_mapping(self.settings)
        self._stop: Any = None
        self._columns: Sequence[str] = ()
        self._report: Any = None
        self._check_locations()
        self._check_destination()

    def execute(self, context: Context) -> dict[str, Any]:
        """Push, and return the result; or return the plan."""
        from airflow_provider_talon_one.reporting.push_report import PushReport, reasons_once
        from talon_one_client.connection.client_factory import client_from_settings
        from talon_one_warehouse.sync_log import logged
        from target_talon_one.config.options import SyncOptions
        from target_talon_one.sync.run import SyncRun

        begin_link(self)
        self._stop = StopSignal()
        with fail_for_good():
            convert_parameters(self, self.parameters)
            hook = TalonOneHook(self.talon_one_conn_id)
            settings = hook.settings(SYNC_SETTINGS, self._given(hook.environment), Redactor())
            destination = self._destination()
            options = SyncOptions.of(settings)
        work = "plan" if self.plan_only else self.verb
        report = self._report = PushReport(work, self._stop)
        with (
            fail_for_good(),
            reasons_once(),
            client_from_settings(settings, "airflow", metrics=report.metrics, stop=self._stop.check) as client,
            self._opened_store(settings["store"], destination, context) as store,
            logged(store.log, self._history(settings["log_to"]), hashed=settings["log_keys"] == "hashed"),
            SyncRun(
                client,
                store,
                options,
                command=f"airflow {context['ti'].dag_id}.{self.task_id} ({work})",
                check=report.check,
            ) as run,
            report.of(run),
        ):
            limits = InputLimits.of(settings)
            self._columns = self._source().read(
                run, store, destination, limits, shard=self._shard(), check=report.check
            )
            return self._work(run, client, store, destination, context, options=options)

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value; of a map only the templates that are not over the columns of a row.

        Raises:
            jinja2.TemplateNotFound: the file of a query is not on the template search path.
        """
        if content is not self.map or not isinstance(content, Mapping):
            return super().render_template(content, context, jinja_env, seen_oids)
        environment = jinja_env or self.get_template_env()
        render = super().render_template
        rendered = rendered_map(content, environment, lambda text: render(text, context, environment, seen_oids))
        mask_arguments(rendered)
        return rendered

    def on_kill(self) -> None:
        """End after the batch in flight; the store keeps every acknowledged row."""
        if self._stop is not None:
            self._stop.set()

    def _opened_store(self, default: str, destination: DestinationConfig, context: Context) -> Store:
        pushes = self.verb == "push" and not self.plan_only
        given = self.settings.get("store")
        location = self.store if is_absent(given) else given
        choice = StoreChoice(
            self.store_name or default_name(context["ti"].dag_id, destination),
            self.store_name is None,
            self._shard(),
            journal_of(context) if pushes else None,
            unsaved=not pushes,
        )
        if self.store_in_source:
            if location or self.store_conn_id:
                raise ValueError(_ONE_STORE)
            store = self._source().opened_store(self.store_schema, choice)
        else:
            store = opened_store(location, self.store_conn_id, default, choice)
        if pushes and not (location or self.store_conn_id or self.store_in_source):
            warn_of_worker_file(store, destination)
        return store

    def _history(self, url: str | None) -> LogPlace | None:
        return None if self.plan_only or self.verb != "push" else history_place(url, self.log_conn_id)

    def _shard(self) -> Shard:
        return Shard.of({"shard": self.shard})

    def _source(self) -> PushSource:
        return PushSource(self.source_conn_id, self.source_url, self.sql, self.table, rendered=self.verb == "verify")

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
        """Plan or push the rows that were read, and return what XCom receives."""
        del store
        if self.plan_only:
            (planned,) = run.plan()
            self._report.planned(planned)
            return planned_result(context, run, planned, options)
        opened, base_url = run.destinations[destination.name], client.config.base_url
        try:
            run.finish()
        except BaseException:
            failed = push_result(run.id, opened.counts.as_dict(), options.rejects_directory)
            context["ti"].xcom_push(key=FIGURES, value=failed_result(failed))
            self._record_lineage(base_url, opened, failed["sent"])
            raise
        result = push_result(run.id, opened.counts.as_dict(), options.rejects_directory)
        self._record(context, base_url, opened, result)
        return result

    def _given(self, environment: str) -> dict[str, Any]:
        """Return the settings of the task, from which ``settings`` and those of the connection follow."""
        given = {
            "rejects_directory": local_folder(self.rejects_directory, "rejects_directory"),
            "results_directory": local_folder(self.results_directory, "results_directory"),
            "environment": environment,
        }
        store = {"store": str(self.store)} if self.store else {}
        return {**given, **store, **self.settings}

    def _check_locations(self) -> None:
        """Check at parse time that a source is given, and one store at most."""
        check_connection_or_url(
            f"{self.task_id}: give either source_conn_id or source_url", self.source_conn_id, self.source_url
        )
        if self.store is not None:
            check_connection_or_url(
                f"{self.task_id}: give either store_conn_id or store", self.store_conn_id, self.store
            )
        if self.sql is not None and self.table is not None:
            raise ValueError(f"{self.task_id}: give sql or table, not both")
        if self.store_in_source is True and (self.store or self.store_conn_id):
            raise ValueError(f"{self.task_id}: {_ONE_STORE}")

    def _check_destination(self) -> None:
        """Check sink, mode and options at parse time, unless one of them is a template."""
        from target_talon_one.config.shards import check_shardable

        whole_map = self.map if not isinstance(self.map, Mapping) else None
        if is_templated([self.shard, self.sink, self.mode, self.key, whole_map, self.options, self._named()]):
            return
        try:
            check_shardable(self._destination(), self._shard())
        except ConfigError as error:
            raise ValueError(str(error)) from None

    def _destination(self) -> DestinationConfig:
        from target_talon_one.config.destination_reader import destination_from

        plain = {"sink": self.sink, "mode": self.mode, "key": self.key, "map": self.map}
        named, options = self._named(), converted(OPTIONS, self.options) or {}
        twice = next((name for name in (*TARGET, *GUARDS) if name in named and name in options), None)
        if twice is not None:
            raise ValueError(f"{self.task_id}: give {twice} as an argument or in options, not both")
        return destination_from(self.task_id, {**plain, **named, **options}, where="task")

    def _named(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in NAMED}
        return {name: value for name, value in given.items() if value is not None}

    def _record(self, context: Context, base_url: str, destination: DestinationRun, result: Mapping[str, Any]) -> None:
        """Leave the link, the lineage and the counts of the asset events."""
        address = campaign_manager_url(base_url, page_parameters(destination.config))
        set_link(self, context, address)
        self._record_lineage(base_url, destination, result["sent"])
        add_to_asset_events(self, context, {"rows": result["sent"], "refused": result["refused"]})

    def _record_lineage(self, base_url: str, destination: DestinationRun, sent: int) -> None:
        self.recorded = PushRecord(
            self._source().names,
            self.sql,
            self.table,
            columns_by_field(destination.config, self._columns),
            talon_one_dataset(base_url, written_name(destination)),
            sent,
        )
