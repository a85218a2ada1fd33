"""What a transfer read and wrote, recorded while it runs and reported to OpenLineage afterward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_talon_one.lineage.dataset_names import DatasetNames

    Dataset = tuple[str, str]


class Recorded(Protocol):
    """What a transfer has recorded."""

    def lineage(self) -> Any:
        """Return the datasets and facets, as OpenLineage's extractors do."""
        ...


class RecordsLineage:
    """Mixin for transfers: what ``execute`` has recorded is reported to OpenLineage."""

    recorded: Recorded | None = None

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the datasets with their rows, queries and columns; called by OpenLineage."""
        del task_instance
        from airflow.providers.openlineage.extractors import OperatorLineage

        return OperatorLineage() if self.recorded is None else self.recorded.lineage()


def talon_one_dataset(base_url: str, name: str) -> Dataset:
    """Return the namespace and the name of something at Talon.One, like ``audiences/7``."""
    return f"talonone://{urlsplit(base_url).netloc}", name


def read_datasets(settings: Mapping[str, Any], streams: Sequence[str]) -> list[Dataset]:
    """Return what a load reads at Talon.One: the loyalty programs of its settings, and otherwise its streams."""
    programs = [f"loyalty_programs/{one}" for one in settings.get("loyalty_program_ids") or ()]
    found: list[str] = []
    for stream in streams:
        found += programs if stream.startswith("loyalty_") and programs else [stream]
    return [talon_one_dataset(settings["base_url"], name) for name in dict.fromkeys(found)]


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """A load.

    Attributes:
        names: of the tables in the warehouse.
        schema: of the tables.
        rows: number of rows that were written, by table.
        read: what was read at Talon.One.
    """

    names: DatasetNames
    schema: str
    rows: Mapping[str, int]
    read: Sequence[Dataset]

    def lineage(self) -> Any:
        """See Recorded."""
        outputs = {self.names.table(table, self.schema): rows for table, rows in self.rows.items()}
        return _lineage(self.read, outputs)


@dataclass(frozen=True, slots=True)
class PushRecord:
    """A push.

    Attributes:
        source: returns how the tables of the source are named; None if that is unknown.
        sql: the query, or None.
        table: the table, or None.
        fields: by field at Talon.One, the columns of the source that it comes from.
        written: what was written at Talon.One.
        rows: number of rows that were sent.
    """

    source: Callable[[], DatasetNames | None]
    sql: str | None
    table: str | None
    fields: Mapping[str, Sequence[str]]
    written: Dataset
    rows: int

    def lineage(self) -> Any:
        """See Recorded."""
        from airflow_provider_talon_one.lineage.query_datasets import datasets_of_query

        names, outputs = self.source(), {self.written: self.rows}
        if names is None:
            return _lineage([], outputs, self.sql)
        if self.sql:
            found = datasets_of_query(self.sql, names)
            return _lineage(found.tables, outputs, self.sql, self._columns(found.columns))
        parts = (self.table or "").split(".")
        read = names.table(*reversed(parts[-3:])) if self.table else (names.namespace, names.folder)
        origins = {column: [(*read, column)] for columns in self.fields.values() for column in columns}
        return _lineage([read], outputs, None, self._columns(origins))

    def _columns(self, origins: Mapping[str, Sequence[tuple[str, str, str]]]) -> dict[str, list[tuple[str, str, str]]]:
        found = {
            name: [origin for column in columns for origin in origins.get(column, ())]
            for name, columns in self.fields.items()
        }
        return {name: one for name, one in found.items() if one}


def _lineage(
    inputs: Sequence[Dataset],
    outputs: Mapping[Dataset, int],
    sql: str | None = None,
    columns: Mapping[str, Sequence[tuple[str, str, str]]] | None = None,
) -> Any:
    """Return the datasets with their facets.

    Args:
        inputs: what was read.
        outputs: number of rows by what was written.
        sql: the query that was read.
        columns: by field of what was written, the namespace, name and column that it comes from.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset as InputDataset
    from airflow.providers.common.compat.openlineage.facet import OutputDataset
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.facet_v2 import column_lineage_dataset as column_lineage
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics
    from openlineage.client.facet_v2 import sql_job

    facets: dict[str, Any] = {}
    if columns:
        fields = {
            name: column_lineage.Fields(
                inputFields=[
                    column_lineage.InputField(namespace=one, name=two, field=three) for one, two, three in some
                ]
            )
            for name, some in columns.items()
        }
        facets["columnLineage"] = column_lineage.ColumnLineageDatasetFacet(fields=fields)
    return OperatorLineage(
        inputs=[InputDataset(namespace=namespace, name=name) for namespace, name in inputs],
        outputs=[
            OutputDataset(
                namespace=namespace,
                name=name,
                facets=dict(facets),
                outputFacets={"outputStatistics": statistics.OutputStatisticsOutputDatasetFacet(rowCount=rows)},
            )
            for (namespace, name), rows in outputs.items()
        ],
        job_facets={"sql": sql_job.SQLJobFacet(query=redact(sql))} if sql else {},
    )
