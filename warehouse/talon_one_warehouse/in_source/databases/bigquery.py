"""BigQuery datasets in which sources are compared."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_warehouse.connections import bigquery
from talon_one_warehouse.connections.client_url import require_client
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError
from talon_one_warehouse.in_source.dialects.bigquery import BigQuery
from talon_one_warehouse.in_source.statements import TEMPORARY, Statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from talon_one_warehouse.sources.clients.client_source import ClientSource

# BigQuery itself repeats a statement three times that changes a table at the same moment as another one.
_ATTEMPTS, _CONFLICT = 5, "due to concurrent update"
_TYPES: Mapping[pa.DataType, str] = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.bool_(): "BOOL",
    pa.binary(): "BYTES",
}


class BigQuerySource:
    """A project of BigQuery, see SourceDatabase; the schema is a dataset.

    BigQuery has no lock that ends with its holder: of two pushes at the same moment, the one that saves later is
    refused before it sends. It has no temporary tables that several jobs see: they are tables of the dataset, with
    names of their own for each run, and expire after a day.

    Args:
        url: ``bigquery://project/dataset``.
        schema: the dataset of the store's tables.
        store: label of the shard, see Statements.
        options: see ``connections.bigquery.connect``.
    """

    seconds_per_save = 30.0  # a save takes some seconds

    def __init__(self, url: str, schema: str, store: str, options: Mapping[str, Any] | None = None) -> None:
        require_client("bigquery", "google.cloud.bigquery")
        from talon_one_warehouse.databases.bigquery import BigQueryConnection

        rest = url.partition("://")[2]
        self._dialect = BigQuery(uuid4().hex[:16])
        self.statements = Statements(self._dialect, schema, store)
        self._errors = bigquery.errors(rest, options)
        self._client, self._dataset = bigquery.connect(rest, options), bigquery.dataset_of(rest)
        of_queries = self._client.default_query_job_config  # the dataset in which queries find their tables
        self._connection = BigQueryConnection(self._client, self._errors)
        self._client.default_query_job_config = of_queries
        self._reader, self._stack = bigquery.read_client(self._client, rest, options), ExitStack()
        self._stack.callback(self._connection.close)
        if self._reader is not None:
            self._stack.callback(self._reader.transport.close)

    def create(self, statements: Sequence[str]) -> None:
        """See SourceDatabase. A new dataset is where that of the URL is, because a query reads both."""
        schema = self.statements.schema
        if self._dataset:
            self._connection.find_dataset(self._dataset)
        try:
            self._connection.open_dataset(schema)
        except WarehouseError as error:
            raise WarehouseConfigError(
                f"the dataset {schema} of the store cannot be created ({error}); give the right to create it, "
                "create it yourself, or keep the store in a file"
            ) from None
        for statement in statements:
            self.run(statement)

    def has_table(self, name: str) -> bool:
        """See SourceDatabase. Queries run where the dataset of the URL is."""
        if self._dataset:
            self._connection.find_dataset(self._dataset)
        return self._connection.table_named(self.statements.schema, name) is not None

    def run(self, statement: str) -> None:
        """See SourceDatabase. A statement that another shard's has made fail is run again; all can be."""
        for _ in range(_ATTEMPTS - 1):
            try:
                self._connection.run(statement)
            except WarehouseError as error:
                if _CONFLICT not in str(error):
                    raise
            else:
                return
        self._connection.run(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See SourceDatabase."""
        return self._connection.rows(statement)

    @contextmanager
    def reader(self, statement: str) -> Iterator[Iterator[pa.RecordBatch]]:
        """See SourceDatabase."""
        with self._errors.loading():
            yield self._connection.batches(statement, self._reader)

    def load(self, name: str, batches: pa.RecordBatchReader) -> None:
        """See SourceDatabase. The rows are uploaded as a Parquet file."""
        types = {field.name: _TYPES[field.type] for field in batches.schema}
        self.run(self._dialect.create_loaded(self.statements.schema, name, types))
        with TemporaryFolder("upload") as folder:
            file = Path(folder) / "rows.parquet"
            with pq.ParquetWriter(file, batches.schema) as writer:
                for batch in batches:
                    writer.write_batch(batch)
            with file.open("rb") as content:
                self._connection.upload_file(self.statements.schema, self._dialect.of_run(name), content, types)

    def content(self, value: Any) -> bytes:
        """See SourceDatabase."""
        return bytes(value)

    def columns(self, query: str) -> list[tuple[str, str]]:
        """See SourceDatabase. BigQuery itself refuses two columns of the same name."""
        from talon_one_warehouse.sources.clients.bigquery import query_schema, type_name

        with self._errors.running():
            return [(field.name, type_name(field)) for field in query_schema(self._client, query)]

    def source(self, query: str, *, rendered: bool = False) -> ClientSource:
        """See SourceDatabase. There is one way to read."""
        from talon_one_warehouse.sources.clients.bigquery import run_query

        del rendered
        return run_query(self._client, query, self._errors, self._reader, ExitStack())

    def transaction(self) -> AbstractContextManager[None]:
        """See SourceDatabase."""
        return nullcontext()

    def close(self) -> None:
        """See SourceDatabase. Tables of the run that cannot be dropped expire."""
        for name in TEMPORARY:
            with suppress(WarehouseError):
                self.run(self.statements.drop(name))
        self._stack.close()
