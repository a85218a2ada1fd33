"""List the points that expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.parameters import copy_mapping
from airflow_provider_talon_one.reports.report import OUTPUT, READING, ReportOperator
from talon_one_singer import Setting
from talon_one_singer.reporting.amounts import counted, plain_amount
from talon_one_singer.reporting.logs import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from talon_one_singer.cli.signals import StopSignal


class ExpiringPointsOperator(ReportOperator):
    """Lists the points that expire by a date, by card and profile, like ``talon-one expiring``.

    XCom receives ``{"ledgers", "points"}``; ``points`` is a text, so that it keeps all digits.

    Args:
        by: last instant, like ``{{ data_interval_end.add(days=30) }}``.
        since: first instant; default: now.
        output_path: file or object storage URL that receives the ledgers as JSON Lines.
        settings: settings of the tap.
        talon_one_conn_id: id of the Talon.One connection.
    """

    parameters: ClassVar[Sequence[Setting]] = (
        Setting("by", "date-time", "Last instant.", required=True),
        Setting("since", "date-time", "First instant."),
        OUTPUT,
        *READING,
    )
    template_fields: Sequence[str] = tuple(one.name for one in parameters)

    def __init__(
        self,
        *,
        by: datetime | str,
        since: datetime | str | None = None,
        output_path: str | ObjectStoragePath | None = None,
        settings: Mapping[str, Any] | str | None = None,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.by: Any = by
        self.since: Any = since
        self.output_path, self.settings, self.talon_one_conn_id = output_path, copy_mapping(settings), talon_one_conn_id

    def _report(self, stop: StopSignal) -> tuple[dict[str, Any], str]:
        from talon_one_loading.reports.expiring import ExpiringPoints, expiring_points
        from tap_talon_one.ledger.arithmetic import EXACT

        if self.by is None:
            raise ValueError("the parameter 'by' is missing")
        redact, total, ledgers = Redactor(), EXACT.create_decimal(0), 0
        settings = self._tap_settings(redact)
        with expiring_points(settings, self.since, self.by, stop, redact) as rows, self._writer() as write:
            for row in rows:
                stop.check()
                write(dict(zip(ExpiringPoints._fields, row.plain(), strict=True)))
                total, ledgers = EXACT.add(total, row.expiring), ledgers + 1
        words = f"{plain_amount(total)} points of {counted(ledgers, 'ledger')} expire by {self.by.isoformat()}"
        return {"ledgers": ledgers, "points": plain_amount(total)}, words
