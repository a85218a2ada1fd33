"""PostgreSQL databases in which sources are compared."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.values.column_names import repeated_name
from talon_one_storage.errors import StorageLockedError
from talon_one_storage.postgresql_session import KEEP_ALIVE, lock_key, lock_session
from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.adbc.urls import require_driver
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError, WarehouseLockedError
from talon_one_warehouse.in_source.databases.base import repeated_column
from talon_one_warehouse.in_source.dialects.postgresql import PostgreSQL
from talon_one_warehouse.in_source.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from talon_one_warehouse.sources.arrow_source import ArrowSource

_INSTEAD = "give the right to create it, create it yourself, or keep the store in a file"


class PostgreSQLSource:
    """A PostgreSQL database, see SourceDatabase. The session holds a lock of the store.

    Args:
        url: ``postgresql://…``.
        schema: the schema of the store's tables.
        store: label of the shard, see Statements.
        options: none.
    """

    seconds_per_save = 3.0

    def __init__(self, url: str, schema: str, store: str, options: Mapping[str, Any] | None = None) -> None:
        require_driver("postgresql")
        from talon_one_warehouse.adbc.connections import connect_postgresql  # imports the driver manager
        from talon_one_warehouse.sources.adbc import EXACT_TEXTS

        del options
        self.statements = Statements(PostgreSQL(), schema, store)
        self._url = url
        self._connection = connect_postgresql(url.partition("://")[2])
        try:
            for statement in (*KEEP_ALIVE, EXACT_TEXTS):
                self._connection.rows(statement)
            self._lock(f"store {schema} {store}")
        except BaseException:
            self._connection.close()
            raise

    def create(self, statements: Sequence[str]) -> None:
        """See SourceDatabase. Two sessions that create a table IF NOT EXISTS collide, so they take turns."""
        schema = self.statements.schema
        key = lock_key(f"tables of {schema}")
        self._connection.rows(f"SELECT 1 FROM pg_advisory_lock({key})")
        # IF NOT EXISTS needs the right to create schemas even if this one exists.
        if not self._connection.rows(f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {literal(schema)}"):
            self._create(schema)
        for statement in statements:
            self._connection.run(statement)
        self._connection.rows(f"SELECT pg_advisory_unlock({key})")  # after an error, the session ends

    def has_table(self, name: str) -> bool:
        """See SourceDatabase."""
        schema = literal(self.statements.schema)
        return bool(
            self.rows(f"SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = {schema} AND tablename = {literal(name)}")
        )

    def run(self, statement: str) -> None:
        """See SourceDatabase."""
        self._connection.run(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See SourceDatabase."""
        return self._connection.rows(statement)

    def reader(self, statement: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """See SourceDatabase."""
        return self._connection.reader(statement)

    def load(self, name: str, batches: pa.RecordBatchReader) -> None:
        """See SourceDatabase."""
        self._connection.ingest_batches(name, batches)
        self._connection.run(f"ANALYZE {quoted(name)}")  # without statistics the planner assumes a small table

    def content(self, value: Any) -> bytes:
        """See SourceDatabase."""
        return bytes(value)

    def columns(self, query: str) -> list[tuple[str, str]]:
        """See SourceDatabase."""
        from talon_one_warehouse.sources.adbc import query_errors
        from talon_one_warehouse.sources.postgresql_columns import columns_of

        with query_errors():
            names = self._connection.names(query)
        twice = repeated_name(names)
        if twice is not None:
            raise WarehouseConfigError(repeated_column(twice))
        with query_errors():
            found = columns_of(self._connection, query, names) if names else []
        return [(name, column.type_name) for name, column in zip(names, found, strict=True)]

    def source(self, query: str, *, rendered: bool = False) -> ArrowSource:
        """See SourceDatabase."""
        from talon_one_warehouse.sources.adbc import postgresql_source

        return postgresql_source(self._connection, query, self._url, ExitStack(), rendered=rendered)

    def transaction(self) -> AbstractContextManager[None]:
        """See SourceDatabase."""
        return self._connection.transaction()

    def close(self) -> None:
        """See SourceDatabase."""
        self._connection.close()

    def _lock(self, name: str) -> None:
        try:
            lock_session(self._connection, name, f"the store in {shown_url(self._url)}")
        except StorageLockedError as error:
            raise WarehouseLockedError(f"{error}; wait until that run has ended, then run again") from None

    def _create(self, schema: str) -> None:
        try:
            self._connection.run(f"CREATE SCHEMA {quoted(schema)}")
        except WarehouseError as error:
            raise WarehouseConfigError(
                f"the schema {schema} of the store cannot be created ({error}); {_INSTEAD}"
            ) from None
