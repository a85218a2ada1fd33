"""Datasets that a transfer read and wrote, for OpenLineage."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


class RecordsLineage:
    """Mixin for transfers: records datasets during ``execute`` and reports them to OpenLineage afterward."""

    _inputs: list[tuple[str, str]]
    _outputs: list[tuple[str, str]]
    _rows: int | None = None

    def record_load(self, url: str, schema: str, tables: list[str], rows: int) -> None:
        """Record the tables that a load wrote."""
        namespace = _namespace(url)
        self._inputs = []
        self._outputs = [(namespace, f"{schema}.{table}") for table in tables]
        self._rows = rows

    def record_push(self, source: str, name: str, base_url: str, written: str, rows: int) -> None:
        """Record the query or table that a push read, and what it wrote at Talon.One, like ``audiences/7``."""
        self._inputs = [(_namespace(source), name)]
        self._outputs = [(f"talonone://{urlsplit(base_url).netloc}", written)]
        self._rows = rows

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the datasets with the number of rows written; called by OpenLineage."""
        del task_instance
        from airflow.providers.common.compat.openlineage.facet import Dataset
        from airflow.providers.openlineage.extractors import OperatorLineage

        if not hasattr(self, "_outputs"):
            return OperatorLineage()
        return OperatorLineage(
            inputs=[Dataset(namespace=namespace, name=name) for namespace, name in self._inputs],
            outputs=[self._output(namespace, name) for namespace, name in self._outputs],
        )

    def _output(self, namespace: str, name: str) -> Any:
        from airflow.providers.common.compat.openlineage.facet import OutputDataset
        from openlineage.client.facet_v2 import output_statistics_output_dataset

        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=self._rows)
        return OutputDataset(namespace=namespace, name=name, outputFacets={"outputStatistics": statistics})


def _namespace(url: str) -> str:
    """Return the OpenLineage namespace of a warehouse URL: without user, password and parameters."""
    parts = urlsplit(url)
    if parts.scheme in ("duckdb", "sqlite", ""):
        return f"file:{parts.path or url}"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.scheme
