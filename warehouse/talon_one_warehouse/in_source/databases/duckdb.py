"""DuckDB files in which sources are compared."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_singer.values.column_names import repeated_name
from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.in_source.databases.base import repeated_column
from talon_one_warehouse.in_source.dialects.duckdb import DuckDB
from talon_one_warehouse.in_source.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from talon_one_warehouse.sources.arrow_source import ArrowSource

_MEMORY = "512MB"  # what does not fit is written to a temporary folder
_ROWS_PER_BATCH = 20_000


class DuckDBSource:
    """A DuckDB file, see SourceDatabase. The file is locked until it is closed.

    Args:
        url: ``duckdb:///file``.
        schema: the schema of the store's tables.
        store: label of the shard, see Statements.
        options: none.
    """

    seconds_per_save = 3.0

    def __init__(self, url: str, schema: str, store: str, options: Mapping[str, Any] | None = None) -> None:
        from talon_one_storage.duckdb_files import connect_file
        from talon_one_warehouse.duckdb.errors import translate_errors
        from talon_one_warehouse.sources.duckdb import duckdb_path, prepare_session

        del options
        self._path = duckdb_path(url.partition("://")[2])
        if self._path == ":memory:":
            raise WarehouseConfigError(
                f"store: {url} is a database in memory, whose tables are lost at the end of the run; keep the store in "
                "a file"
            )
        self.statements = Statements(DuckDB(), schema, store)
        self._translate, self._stack = translate_errors, ExitStack()
        with ExitStack() as stack, translate_errors(self._path, opening=True):
            self._db: duckdb.DuckDBPyConnection = stack.enter_context(connect_file(self._path, schemas=[schema]))
            self._db.execute("SET temp_directory = ?", [stack.enter_context(TemporaryFolder("query"))])
            self._db.execute(f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false")
            prepare_session(self._db)
            self._stack = stack.pop_all()

    def create(self, statements: Sequence[str]) -> None:
        """See SourceDatabase."""
        for statement in (f"CREATE SCHEMA IF NOT EXISTS {quoted(self.statements.schema)}", *statements):
            self.run(statement)

    def has_table(self, name: str) -> bool:
        """See SourceDatabase."""
        own = "database_name = current_database() AND schema_name"
        return bool(
            self.rows(
                f"SELECT 1 FROM duckdb_tables() WHERE {own} = {literal(self.statements.schema)} "
                f"AND table_name = {literal(name)}"
            )
        )

    def run(self, statement: str) -> None:
        """See SourceDatabase."""
        with self._translate(self._path):
            self._db.execute(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See SourceDatabase."""
        with self._translate(self._path):
            return self._db.execute(statement).fetchall()

    @contextmanager
    def reader(self, statement: str) -> Iterator[pa.RecordBatchReader]:
        """See SourceDatabase."""
        with self._translate(self._path), self._db.sql(statement).to_arrow_reader(_ROWS_PER_BATCH) as reader:
            yield reader

    def load(self, name: str, batches: pa.RecordBatchReader) -> None:
        """See SourceDatabase."""
        with self._translate(self._path):
            self._db.register("incoming_batches", batches)
            try:
                self._db.execute(f"CREATE TEMPORARY TABLE {quoted(name)} AS SELECT * FROM incoming_batches")
            finally:
                self._db.unregister("incoming_batches")

    def content(self, value: Any) -> bytes:
        """See SourceDatabase."""
        return bytes(value)

    def columns(self, query: str) -> list[tuple[str, str]]:
        """See SourceDatabase."""
        from talon_one_warehouse.sources.duckdb import check_query

        with self._translate(self._path, opening=True):
            check_query(query)
            found = self._db.sql(query)
        twice = repeated_name(found.columns)
        if twice is not None:
            raise WarehouseConfigError(repeated_column(twice))
        return list(zip(found.columns, map(str, found.types), strict=True))

    def source(self, query: str, *, rendered: bool = False) -> ArrowSource:
        """See SourceDatabase."""
        from talon_one_warehouse.sources.duckdb import query_source

        with self._translate(self._path, opening=True):
            return query_source(self._db, self._path, query, ExitStack(), rendered=rendered)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See SourceDatabase."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def close(self) -> None:
        """See SourceDatabase."""
        self._stack.close()
