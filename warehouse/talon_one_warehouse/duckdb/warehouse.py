"""The warehouse in a DuckDB file.

https://duckdb.org/docs/stable/connect/concurrency
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Self

import duckdb

from talon_one_storage.duckdb_files import connect_file
from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.duckdb import sql
from talon_one_warehouse.duckdb.errors import translate_errors
from talon_one_warehouse.duckdb.memory import Memory, arrow_columns
from talon_one_warehouse.duckdb.seen_keys import SeenKeys
from talon_one_warehouse.errors import TableError, WarehouseConfigError, WarehouseError
from talon_one_warehouse.merging import prepared, raise_if_reserved, rows_to_merge, total
from talon_one_warehouse.results import python_rows
from talon_one_warehouse.warehouse import MergeCounts, MergePace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from talon_one_warehouse.arrow.columns import TableSpec
    from talon_one_warehouse.key_limits import Within

_STAGE = "_talon_one_stage"
# Rows wait in memory until the log is checkpointed. With this memory few of them are spilled to the disk meanwhile;
# DuckDB's log of 16 MB is checkpointed so often that row groups are rewritten many times.
_FIRST_MB, _LOG_MB = 64, 32


class _KeyExistsError(Exception):
    """A row that was inserted has a key that exists in the table."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


class DuckDBWarehouse:
    """A warehouse in a DuckDB file; see Warehouse for the methods.

    A merge is one transaction: if the process is killed, the merge is either complete or not done at all.

    Args:
        path: the file, created if missing, or ``:memory:``.
        schema: the database schema that holds the tables; created if missing.

    Raises:
        WarehouseConfigError: the directory does not exist, or the file is not a DuckDB database.
        WarehouseLockedError: another process has the file open.
    """

    def __init__(self, path: str | Path, *, schema: str = "talon_one") -> None:
        if not schema:
            raise WarehouseConfigError("schema must not be empty")
        self.path = str(path)
        self.schema = schema
        self.pace = MergePace()
        self._tables: dict[str, TableSpec] = {}
        self._with_known_keys: set[str] = set()  # tables whose last rows had keys that exist
        self._connection = _connect(self.path, schema)
        self._seen = SeenKeys(self._execute)
        try:
            with translate_errors(self.path, opening=True):
                # Without a file DuckDB cannot spill what does not fit into memory.
                self._memory = Memory(self._connection, first_mb=sys.maxsize if self.path == ":memory:" else _FIRST_MB)
            with self._transaction():
                self._execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
                self._execute(sql.create_state(schema))
            self._execute("SET search_path = ?", [quoted(schema)])
        except BaseException:
            self._connection.close()
            raise

    def prepare(self, table: TableSpec) -> None:
        """See Warehouse."""
        raise_if_reserved(table.name)
        with self._transaction():
            there = dict(self._execute(sql.COLUMNS, [self.schema, table.name]))
            if there:
                self._check_key(table)
                self._extend(table, there)
            else:
                self._execute(sql.create_table(self.schema, table))
        self._tables[table.name] = table

    def check_rows(self, table: str, rows: pa.RecordBatch) -> None:
        """See Warehouse. DuckDB holds all values of ``to_arrow``."""

    def merge(
        self,
        batches: Mapping[str, Sequence[pa.RecordBatch]],
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MergeCounts:
        """See Warehouse."""
        rows = rows_to_merge(batches, self._tables)
        return self._memory.enough_for(lambda: self._merged(rows, state or {}))

    def begin_read(self, table: str) -> None:
        """See Warehouse."""
        spec = prepared(self._tables, table)
        kinds = {column.name: sql.TYPES[column.kind] for column in spec.columns}
        self._seen.begin(table, spec.key, kinds)

    def end_read(self, table: str, at: datetime, *, delete: bool = False, within: Within | None = None) -> int:
        """See Warehouse."""
        unseen = self._seen.unseen(table, within)
        statement = sql.delete(self.schema, table, unseen) if delete else sql.mark(self.schema, table, unseen, at)
        count = self._memory.enough_for(lambda: self._count(statement))
        self._seen.end(table)
        return count

    def state(self, name: str) -> dict[str, Any] | None:
        """See Warehouse."""
        rows = self._execute(sql.read_state(self.schema), [name])
        value: dict[str, Any] | None = json.loads(rows[0][0]) if rows else None
        return value

    def name_of(self, table: str) -> str:
        """See Warehouse."""
        return quoted(self.schema, table)

    def column_name(self, name: str) -> str:
        """See Warehouse."""
        return quoted(name)

    def literal(self, text: str) -> str:
        """See Warehouse."""
        return literal(text)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """See Warehouse. Instants are datetimes in UTC, or text where Python's datetime does not reach."""
        with translate_errors(self.path):
            return python_rows(self._memory.enough_for(lambda: arrow_columns(self._connection, statement)))

    def close(self) -> None:
        """See Warehouse."""
        with translate_errors(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _check_key(self, table: TableSpec) -> None:
        rows = self._execute(sql.KEY, [self.schema, table.name])
        key = list(rows[0][0]) if rows else []
        if key != list(table.key):
            raise TableError(
                f"the table {self.schema}.{table.name} exists with the key ({', '.join(key) or 'none'}) instead of "
                f"({', '.join(table.key)}); rename it or choose another schema"
            )

    def _extend(self, table: TableSpec, there: Mapping[str, str]) -> None:
        for column in table.columns:
            wanted = sql.TYPES[column.kind]
            if column.name not in there:
                self._execute(sql.add_column(self.schema, table, column))
            elif there[column.name] != wanted:
                raise TableError(
                    f"the column {self.schema}.{table.name}.{column.name} exists as {there[column.name]} "
                    f"instead of {wanted}; alter its type, rename the table or choose another schema"
                )

    def _merged(
        self, tables: Sequence[tuple[TableSpec, pa.Table]], state: Mapping[str, Mapping[str, Any]]
    ) -> MergeCounts:
        while True:
            try:
                with self._transaction():
                    counts = [self._merge_table(table, rows) for table, rows in tables]
                    for name, value in state.items():
                        self._execute(sql.keep_state(self.schema), [name, json.dumps(value)])
            except _KeyExistsError as error:
                self._with_known_keys.add(error.table)
            else:
                return total(counts)

    def _merge_table(self, table: TableSpec, rows: pa.Table) -> MergeCounts:
        self._connection.register(_STAGE, rows)
        try:
            self._seen.add(table.name, quoted(_STAGE))
            if table.name not in self._with_known_keys:
                return MergeCounts(self._insert_new(table))
            inserted = self._count(sql.insert(self.schema, table, _STAGE))
            if inserted == rows.num_rows:
                self._with_known_keys.discard(table.name)
                return MergeCounts(inserted)
            # INSERT ... ON CONFLICT writes unchanged rows too. MERGE INTO took 25.5 s in DuckDB 2.0 to change 100,000
            # rows, instead of 0.25 s. A row that was just inserted does not differ.
            return MergeCounts(inserted, self._count(sql.update(self.schema, table, _STAGE)))
        finally:
            # DuckDB refuses it after a failed transaction; then the next rows replace this registration.
            with suppress(duckdb.TransactionException):
                self._connection.unregister(_STAGE)

    def _insert_new(self, table: TableSpec) -> int:
        """Insert rows as if all keys were new, which needs no comparison with the rows of the table.

        Raises:
            _KeyExistsError: a key exists, and the transaction has failed.
        """
        try:
            return self._count(sql.insert_all(self.schema, table, _STAGE))
        except WarehouseError as error:
            if isinstance(error.__cause__, duckdb.ConstraintException):
                raise _KeyExistsError(table.name) from error
            raise

    def _count(self, statement: str | None) -> int:
        return int(self._execute(statement)[0][0]) if statement else 0

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and return all its rows: DuckDB 2 refuses the next statement while rows are unread."""
        with translate_errors(self.path):
            return self._connection.execute(statement, list(values)).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._execute("BEGIN")
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            # After a full disk no transaction is left to roll back; the first error is raised below.
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            raise


def _connect(path: str, schema: str) -> duckdb.DuckDBPyConnection:
    if path != ":memory:":
        folder = Path(path).absolute().parent
        if not folder.is_dir():
            raise WarehouseConfigError(f"the directory {folder} does not exist; make it, or choose another path")
        path = str(Path(path).absolute())
    with translate_errors(path, opening=True):
        connection = connect_file(path, schemas=[schema])
        if path != ":memory:":
            # Files that a killed process has spilled; this process holds the lock now.
            rmtree(f"{path}.tmp", ignore_errors=True)
        connection.execute(f"SET wal_autocheckpoint = '{_LOG_MB}MB'; SET TimeZone = 'UTC'")
    return connection
