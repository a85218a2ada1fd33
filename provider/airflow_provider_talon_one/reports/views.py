"""Create the reporting views."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.locations.loads import load_location
from airflow_provider_talon_one.locations.location import check_connection_or_url
from airflow_provider_talon_one.reports.report import WAREHOUSE, ReportOperator
from talon_one_singer import Setting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from talon_one_singer.cli.signals import StopSignal

logger = logging.getLogger(__name__)


class CreateReportingViewsOperator(ReportOperator):
    """Creates the reporting views beside the tables of a load, like ``talon-one models``.

    XCom receives ``{"created": [names], "skipped": {name: reason}}``.

    Args:
        warehouse_conn_id, warehouse_url: a DuckDB or PostgreSQL, as in TalonOneToWarehouseOperator.
        schema: schema of the tables and of the views.
        as_of: compute the points for this instant; default: the instant of each query.

    Raises:
        AirflowFailException: the warehouse has no views, or no table of a load.
    """

    parameters: ClassVar[Sequence[Setting]] = (
        *WAREHOUSE[:2],
        WAREHOUSE[3],
        Setting("as_of", "date-time", "Instant of the points."),
    )
    template_fields: Sequence[str] = tuple(one.name for one in parameters)

    def __init__(
        self,
        *,
        warehouse_conn_id: str | None = None,
        warehouse_url: str | None = None,
        schema: str = "talon_one",
        as_of: datetime | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_connection_or_url(
            f"{self.task_id}: give either warehouse_conn_id or warehouse_url", warehouse_conn_id, warehouse_url
        )
        self.warehouse_conn_id, self.warehouse_url, self.schema = warehouse_conn_id, warehouse_url, schema
        self.as_of: Any = as_of

    def _report(self, stop: StopSignal) -> tuple[dict[str, Any], str]:
        from talon_one_warehouse.models.views import check_models_url, create_models

        del stop
        check_models_url(load_location(self.warehouse_url, self.warehouse_conn_id).url)
        with self._opened_warehouse() as warehouse:
            models = create_models(warehouse, schema=self.schema, as_of=self.as_of)
        created = [model.name for model in models if not model.skipped]
        skipped = {model.name: model.skipped for model in models if model.skipped}
        for name, reason in skipped.items():
            logger.warning("the view %s.%s is left out: %s", self.schema, name, reason)
        if not created:
            raise AirflowFailException(f"no view can be created in schema {self.schema}; load the ledgers first")
        words = f"{len(created)} views created in schema {self.schema}, {len(skipped)} left out"
        return {"created": created, "skipped": skipped}, words
