"""Snowflake databases in which sources are compared."""

from __future__ import annotations

import base64
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_singer.values.column_names import repeated_name
from talon_one_storage.sql_names import quoted
from talon_one_warehouse.connections import snowflake
from talon_one_warehouse.connections.client_url import require_client
from talon_one_warehouse.databases.snowflake import SnowflakeConnection
from talon_one_warehouse.dialects.snowflake import Snowflake as Loads
from talon_one_warehouse.dialects.snowflake import folded
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError
from talon_one_warehouse.in_source.databases.base import repeated_column
from talon_one_warehouse.in_source.dialects.snowflake import Snowflake
from talon_one_warehouse.in_source.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from talon_one_warehouse.sources.clients.client_source import ClientSource

_SESSION = {"AUTOCOMMIT": True}
_TYPES: Mapping[pa.DataType, str] = {pa.string(): "TEXT", pa.int64(): "NUMBER(38,0)", pa.bool_(): "BOOLEAN"}


class SnowflakeSource:
    """A Snowflake database, see SourceDatabase.

    Snowflake has no lock that ends with its holder: of two pushes at the same moment, the one that saves later is
    refused before it sends. Every statement commits by itself, because a transaction would keep its locks for minutes
    after its client was killed.

    Args:
        url: ``snowflake://…``.
        schema: the schema of the store's tables.
        store: label of the shard, see Statements.
        options: see ``connections.snowflake.connect``.
    """

    seconds_per_save = 30.0  # a save takes some seconds

    def __init__(self, url: str, schema: str, store: str, options: Mapping[str, Any] | None = None) -> None:
        require_client("snowflake", "snowflake.connector")
        rest = url.partition("://")[2]
        self._dialect = Snowflake()
        self.statements = Statements(self._dialect, schema, store)
        self._errors = snowflake.errors(rest, options)
        self._client = snowflake.connect(rest, options, session=_SESSION)
        self._connection = SnowflakeConnection(self._client, self._errors)
        if not self._client.database:
            self.close()
            raise WarehouseConfigError(
                f"store: {self._errors.where} names no database, or one that the role cannot use; the URL looks like "
                f"{snowflake.EXAMPLE}"
            )

    def create(self, statements: Sequence[str]) -> None:
        """See SourceDatabase. The schema in which queries find their tables stays the same, if there is one."""
        schema, current = self.statements.schema, self._client.schema
        # IF NOT EXISTS needs the right to create schemas even if this one exists.
        if not self.rows(_LOADS.schemata(schema)):
            try:
                self.run(f"CREATE SCHEMA IF NOT EXISTS {_LOADS.name(schema)}")
            except WarehouseError as error:
                raise WarehouseConfigError(
                    f"the schema {schema} of the store cannot be created ({error}); give the right to create it, "
                    "create it yourself, or keep the store in a file"
                ) from None
        self.run(f"USE SCHEMA {quoted(current) if current else _LOADS.name(schema)}")
        for statement in (*statements, _LOADS.create_files(schema)):
            self.run(statement)

    def has_table(self, name: str) -> bool:
        """See SourceDatabase."""
        return (folded(name),) in map(tuple, self.rows(_LOADS.tables(self.statements.schema)))

    def run(self, statement: str) -> None:
        """See SourceDatabase."""
        self._connection.run(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See SourceDatabase."""
        return self._connection.rows(statement)

    @contextmanager
    def reader(self, statement: str) -> Iterator[Iterator[pa.RecordBatch]]:
        """See SourceDatabase."""
        with self._errors.loading(), self._client.cursor() as cursor:
            cursor.execute(statement)
            yield (batch for table in cursor.fetch_arrow_batches() for batch in table.to_batches())

    def load(self, name: str, batches: pa.RecordBatchReader) -> None:
        """See SourceDatabase. The rows are uploaded as a Parquet file and copied from it."""
        schema = self.statements.schema
        fields = [pa.field(field.name, _stored(field.type)) for field in batches.schema]
        types = {field.name: _TYPES[field.type] for field in fields}
        columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
        self.run(f"CREATE TEMPORARY TABLE {self.statements.temporary(name)} ({columns})")
        with TemporaryFolder("upload") as folder:
            # Snowflake does not copy a file of the same name again.
            file = Path(folder) / f"{uuid4().hex}.parquet"
            with pq.ParquetWriter(file, pa.schema(fields)) as writer:
                for batch in batches:
                    writer.write_batch(
                        pa.RecordBatch.from_arrays(list(map(_texts, batch.columns)), schema=pa.schema(fields))
                    )
            self.run(_LOADS.put(schema, file.as_posix()))
            self.run(self._dialect.copy(self.statements.temporary(name), types, f"{_LOADS.files(schema)}/{file.name}"))

    def content(self, value: Any) -> bytes:
        """See SourceDatabase."""
        return base64.b64decode(value)

    def columns(self, query: str) -> list[tuple[str, str]]:
        """See SourceDatabase."""
        from snowflake.connector.constants import FIELD_ID_TO_NAME

        with self._errors.running(), self._client.cursor() as cursor:
            described = cursor.describe(query)
        twice = repeated_name([column.name for column in described])
        if twice is not None:
            raise WarehouseConfigError(repeated_column(twice))
        return [(column.name, _type_name(FIELD_ID_TO_NAME[column.type_code], column.scale)) for column in described]

    def source(self, query: str, *, rendered: bool = False) -> ClientSource:
        """See SourceDatabase. There is one way to read."""
        from talon_one_warehouse.sources.clients.snowflake import run_query

        del rendered
        return run_query(self._client, query, self._errors, ExitStack())

    def transaction(self) -> AbstractContextManager[None]:
        """See SourceDatabase."""
        return nullcontext()

    def close(self) -> None:
        """See SourceDatabase."""
        self._connection.close()


_LOADS = Loads()


def _stored(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind == pa.binary() else kind


def _texts(array: pa.Array) -> pa.Array:
    """Return a column whose bytes are texts, see Snowflake."""
    if array.type != pa.binary():
        return array
    return pa.array([base64.b64encode(value).decode() for value in array.to_pylist()], pa.string())


def _type_name(name: str, scale: int | None) -> str:
    return f"{name}({scale or 0})" if name == "FIXED" else name
