"""Reconcile transactions with balances."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.parameters import copy_mapping
from airflow_provider_talon_one.reports.report import OUTPUT, READING, SHOWN, WAREHOUSE, ReportOperator
from talon_one_singer import Setting
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.logs import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_warehouse import Warehouse

logger = logging.getLogger(__name__)


class ReconcileLedgersOperator(ReportOperator):
    """Compares the transactions of every card and profile with its balances, like ``talon-one reconcile``.

    The log names the first ledgers that disagree. XCom receives ``{"compared", "disagreeing"}``.

    Args:
        warehouse_conn_id, warehouse_url, warehouse_options, schema: the warehouse of a load, as in
            TalonOneToWarehouseOperator; without it, transactions and balances are read from Talon.One.
        at: instant of the balances; default: the latest ones in the warehouse, or now.
        settings: settings of the tap, for reading from Talon.One.
        output_path: file or object storage URL that receives all differences as JSON Lines.
        allow_differences: whether the task succeeds if ledgers disagree.
        talon_one_conn_id: id of the Talon.One connection.

    Raises:
        AirflowFailException: ledgers disagree, or the warehouse has no transactions and balances.
    """

    parameters: ClassVar[Sequence[Setting]] = (
        *WAREHOUSE,
        Setting("at", "date-time", "Instant of the balances."),
        *READING,
        OUTPUT,
        Setting("allow_differences", "boolean", "Whether ledgers that disagree are a success.", default=False),
    )
    template_fields: Sequence[str] = tuple(one.name for one in parameters)

    def __init__(
        self,
        *,
        warehouse_conn_id: str | None = None,
        warehouse_url: str | ObjectStoragePath | None = None,
        warehouse_options: Mapping[str, Any] | str | None = None,
        schema: str = "talon_one",
        at: datetime | str | None = None,
        settings: Mapping[str, Any] | str | None = None,
        output_path: str | ObjectStoragePath | None = None,
        allow_differences: bool | str = False,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.warehouse_conn_id, self.warehouse_url, self.schema = warehouse_conn_id, warehouse_url, schema
        self.warehouse_options, self.settings = copy_mapping(warehouse_options), copy_mapping(settings)
        self.at: Any = at
        self.output_path, self.allow_differences, self.talon_one_conn_id = (
            output_path,
            allow_differences,
            talon_one_conn_id,
        )

    def _report(self, stop: StopSignal) -> tuple[dict[str, Any], str]:
        from talon_one_loading.reports.reconcile import STREAMS, settings_at
        from talon_one_loading.temporary_warehouse import temporary_warehouse

        if self.warehouse_conn_id or self.warehouse_url:
            with self._opened_warehouse() as warehouse:
                return self._compare(warehouse, self.at, stop)
        redact = Redactor()
        settings = settings_at(self._tap_settings(redact), self.at, stop)
        with temporary_warehouse(settings, STREAMS, stop, redact) as warehouse:
            return self._compare(warehouse, settings["as_of"][0], stop)

    def _compare(self, warehouse: Warehouse, at: datetime | None, stop: StopSignal) -> tuple[dict[str, Any], str]:
        from talon_one_loading.reports.reconcile import compared_ledgers

        compared = disagreeing = 0
        with self._writer() as write:
            for ledger in compared_ledgers(warehouse, at):
                stop.check()
                compared += 1
                if not ledger.differences:
                    continue
                disagreeing += 1
                for row, sentence in zip(ledger.rows(), ledger.sentences(), strict=True):
                    write(row)
                    if disagreeing <= SHOWN:
                        logger.warning("%s", sentence)
        words = f"{counted(compared, 'ledger')} compared, {disagreeing:,} disagree"
        if disagreeing and not self.allow_differences:
            raise AirflowFailException(
                f"{words}: their transactions do not add up to their balances; load again with full_refresh, or find "
                "out who has changed the data"
            )
        return {"compared": compared, "disagreeing": disagreeing}, words
