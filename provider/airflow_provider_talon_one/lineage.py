"""What a transfer read and wrote, for OpenLineage."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


class InputsAndOutputs:
    """Mixed into transfers: remembers datasets while it executes, and gives them to OpenLineage afterwards."""

    _inputs: list[tuple[str, str]]
    _outputs: list[tuple[str, str]]
    _rows: int | None = None

    def note_tables(self, url: str, schema: str, tables: list[str], rows: int) -> None:
        """Tables that were written."""
        namespace = _namespace(url)
        self._inputs = []
        self._outputs = [(namespace, f"{schema}.{table}") for table in tables]
        self._rows = rows

    def note_push(self, source: str, name: str, base_url: str, which: str, rows: int) -> None:
        """A query or table that was read, and what was written at Talon.One."""
        self._inputs = [(_namespace(source), name)]
        self._outputs = [(f"talonone://{urlsplit(base_url).netloc}", which)]
        self._rows = rows

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Datasets with the number of rows that were written."""
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
    """A warehouse URL without user, password and parameters, as OpenLineage names places."""
    parts = urlsplit(url)
    if parts.scheme in ("duckdb", "sqlite", ""):
        return f"file:{parts.path or url}"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.scheme
