"""Loads into BigQuery by its own client."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow.parquet as pq
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import (
    DEFAULT_RETRY,
    Dataset,
    DatasetReference,
    LoadJobConfig,
    QueryJobConfig,
    SchemaField,
    SourceFormat,
    WriteDisposition,
)
from google.cloud.bigquery.enums import DecimalTargetType

from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.databases.client_connection import ClientConnection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa
    from google.cloud.bigquery import Client, Table
    from google.cloud.bigquery.job import QueryJob
    from google.cloud.bigquery_storage import BigQueryReadClient

    from talon_one_warehouse.connections.client_errors import ClientErrors

_FIRST_ANSWER_S = 30


class BigQueryConnection(ClientConnection):
    """A connection whose jobs commit one by one; see DatabaseConnection for the methods.

    Args:
        client: closed with this object.
        errors: translates its errors.
    """

    def __init__(self, client: Client, errors: ClientErrors) -> None:
        super().__init__(client, errors)
        self._client: Client = client
        self._location: str | None = client.location
        client.default_query_job_config = QueryJobConfig()  # no default dataset, which would hide temporary tables

    def open_dataset(self, name: str) -> None:
        """Create a dataset if it is missing. All jobs run where it is.

        Raises:
            WarehouseConfigError: it cannot be created.
        """
        dataset = DatasetReference(self._client.project, name)
        retry = DEFAULT_RETRY.with_timeout(_FIRST_ANSWER_S)
        with self._translated():
            try:
                found = self._client.get_dataset(dataset, retry=retry, timeout=_FIRST_ANSWER_S)
            except NotFound:
                made = Dataset(dataset)
                if self._location:
                    made.location = self._location
                found = self._client.create_dataset(made, exists_ok=True, retry=retry, timeout=_FIRST_ANSWER_S)
            self._location = found.location

    def find_dataset(self, name: str) -> None:
        """Run all jobs where a dataset is, if there is one."""
        with self._translated(), suppress(NotFound):
            found = self._client.get_dataset(
                DatasetReference(self._client.project, name),
                retry=DEFAULT_RETRY.with_timeout(_FIRST_ANSWER_S),
                timeout=_FIRST_ANSWER_S,
            )
            self._location = found.location

    def table_named(self, schema: str, name: str) -> Table | None:
        """Return the description of a table, or None if there is no such table."""
        with self._translated():
            try:
                return self._client.get_table(DatasetReference(self._client.project, schema).table(name))
            except NotFound:
                return None

    def upload(self, schema: str, name: str, rows: pa.Table, fields: Sequence[SchemaField]) -> None:
        """Load rows into an empty table that has these columns, as a Parquet file."""
        file = BytesIO()
        pq.write_table(rows, file)
        self._upload(schema, name, file, fields)

    def upload_file(self, schema: str, name: str, file: BinaryIO, types: Mapping[str, str]) -> None:
        """Load a Parquet file into an empty table that has columns of these names and types."""
        self._upload(schema, name, file, [SchemaField(column, kind) for column, kind in types.items()])

    def _upload(self, schema: str, name: str, file: BinaryIO, fields: Sequence[SchemaField]) -> None:
        config = LoadJobConfig(
            source_format=SourceFormat.PARQUET,
            schema=list(fields),
            write_disposition=WriteDisposition.WRITE_APPEND,
            decimal_target_types=[DecimalTargetType.BIGNUMERIC],
        )
        target = DatasetReference(self._client.project, schema).table(name)
        with self._translated():
            self._client.load_table_from_file(
                file, target, rewind=True, location=self._location, job_config=config
            ).result()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See DatabaseConnection. Of several statements, the rows are those of the last one."""
        with self._translated():
            return [tuple(row.values()) for row in self._job(statement).result()]

    def run(self, statement: str) -> int:
        """See DatabaseConnection."""
        with self._translated():
            job = self._job(statement)
            job.result()
            return -1 if job.num_dml_affected_rows is None else job.num_dml_affected_rows

    def batches(self, statement: str, reader: BigQueryReadClient | None) -> Iterator[pa.RecordBatch]:
        """Stream the rows of a query; see ``connections.bigquery.read_client``."""
        rows = self._job(statement).result(page_size=ROWS)
        return rows.to_arrow_iterable(bqstorage_client=reader, max_queue_size=1, max_stream_count=1)

    def transaction(self) -> AbstractContextManager[None]:
        """Run statements one by one: definitions of tables are not allowed in a transaction."""
        return nullcontext()

    def _job(self, statement: str) -> QueryJob:
        return self._client.query(statement, location=self._location)
