"""Warehouses in databases: rows go into a staging table, then are merged into their table."""

from __future__ import annotations

import json
import logging
import secrets
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, Self

import pyarrow as pa

from talon_one_warehouse.dialects.base import SEEN_PREFIX, STAGE_PREFIX, Connection
from talon_one_warehouse.errors import TableError, WarehouseConfigError, WarehouseError
from talon_one_warehouse.key_limits import limits
from talon_one_warehouse.merging import prepared, raise_if_reserved, rows_to_merge, state_rows, total
from talon_one_warehouse.warehouse import STATE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import TableSpec
    from talon_one_warehouse.dialects.base import Dialect
    from talon_one_warehouse.key_limits import Within
    from talon_one_warehouse.warehouse import MergeCounts


_LOG = logging.getLogger("talon_one_warehouse")


class DatabaseWarehouse(Generic[Connection]):
    """A warehouse in a database; see Warehouse for the methods.

    A merge is one transaction, if the database can do that, so that after a SIGKILL it is complete or not done at all.
    Else tables are merged one by one and the states last: rows without their state come again and change nothing.

    Args:
        connection: closed with the warehouse.
        dialect: the SQL of the database.
        schema: the database schema that holds the tables; created if missing.

    Raises:
        WarehouseConfigError: the schema cannot be created, or the database has no transactions.
        WarehouseLockedError: another process loads into the schema.
    """

    def __init__(self, connection: Connection, dialect: Dialect[Connection], *, schema: str = "talon_one") -> None:
        self.schema, self.pace = schema, dialect.pace
        self._connection, self._dialect = connection, dialect
        self._tables: dict[str, TableSpec] = {}
        self._session, self._stages = secrets.token_hex(4), count()
        self._reads: dict[str, str] = {}  # tables of seen keys by table; "" before the first rows
        try:
            if not schema:
                raise WarehouseConfigError("schema must not be empty")
            with connection.opening():
                dialect.open(connection, schema)
                self._prepare(dialect.states)
        except BaseException:
            connection.close()
            raise

    def prepare(self, table: TableSpec) -> None:
        """See Warehouse."""
        raise_if_reserved(table.name)
        if self._dialect.beta and not self._tables:
            _LOG.warning(
                "loads into %s are beta: their statements were checked, and never run on the service; see %s",
                *self._dialect.beta,
            )
        self._prepare(table)
        self._tables[table.name] = table

    def check_rows(self, table: str, rows: pa.RecordBatch) -> None:
        """See Warehouse."""
        self._dialect.check_rows(prepared(self._tables, table), pa.Table.from_batches([rows]))

    def merge(
        self,
        batches: Mapping[str, Sequence[pa.RecordBatch]],
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MergeCounts:
        """See Warehouse."""
        loads = rows_to_merge(batches, self._tables)
        now = datetime.now(UTC).isoformat()
        texts = {name: (json.dumps(value), now) for name, value in (state or {}).items()}
        states = [(self._dialect.states, state_rows(texts))] if texts else []
        with self._staged([*loads, *states]) as stages, self._connection.transaction():
            counts = self._dialect.merge_all(self._connection, self.schema, stages)
            seen = {table.name: self._note(table, stage) for table, stage in stages if table.name in self._reads}
        self._reads |= seen
        return total(counts[: len(loads)])

    def begin_read(self, table: str) -> None:
        """See Warehouse."""
        self._forget(prepared(self._tables, table).name)
        self._reads[table] = ""

    def end_read(self, table: str, at: datetime, *, delete: bool = False, within: Within | None = None) -> int:
        """See Warehouse."""
        spec, seen, conditions = prepared(self._tables, table), self._reads[table], limits(within, self._dialect.name)
        with self._connection.transaction():
            if seen:
                self._dialect.analyze(self._connection, self.schema, seen)
                conditions.append(self._dialect.unseen(self.schema, spec, seen))
            where, marked_at = " AND ".join(conditions) or "1 = 1", None if delete else at
            count = self._dialect.end_read(self._connection, self.schema, spec, marked_at, where)
        self._forget(table)
        return count

    def state(self, name: str) -> dict[str, Any] | None:
        """See Warehouse."""
        columns = self._dialect.names(("state_name", "state"))
        table = self._dialect.target(self.schema, STATE_TABLE)
        texts = dict(self._connection.rows(f"SELECT {columns} FROM {table}"))  # noqa: S608 - names are quoted
        value: dict[str, Any] | None = json.loads(texts[name]) if name in texts else None
        return value

    def name_of(self, table: str) -> str:
        """See Warehouse."""
        return self._dialect.target(self.schema, table)

    def column_name(self, name: str) -> str:
        """See Warehouse."""
        return self._dialect.name(name)

    def literal(self, text: str) -> str:
        """See Warehouse."""
        return self._dialect.literal(text)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """See Warehouse."""
        return self._connection.rows(sql)

    def close(self) -> None:
        """See Warehouse."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _prepare(self, table: TableSpec) -> None:
        self._dialect.check(table)
        there = self._dialect.columns(self._connection, self.schema, table.name)
        if there:
            self._check_key(table)
            self._check_types(table, there)
        new = [column for column in table.columns if column.name not in there]
        statements = [self._dialect.add_column(self.schema, table, column) for column in new]
        with self._connection.transaction():
            for statement in statements if there else [self._dialect.create_table(self.schema, table)]:
                self._connection.run(statement)

    def _check_key(self, table: TableSpec) -> None:
        key = self._dialect.key(self._connection, self.schema, table.name)
        if key is not None and key != list(table.key):
            raise TableError(
                f"the table {self.schema}.{table.name} exists with the key ({', '.join(key) or 'none'}) instead of "
                f"({', '.join(table.key)}); rename it or choose another schema"
            )

    def _check_types(self, table: TableSpec, there: Mapping[str, str]) -> None:
        for column in table.columns:
            wanted = self._dialect.types[column.kind]
            if (there.get(column.name) or wanted) != wanted:
                raise TableError(
                    f"the column {self.schema}.{table.name}.{column.name} exists as {there[column.name]} "
                    f"instead of {wanted}; alter its type, rename the table or choose another schema"
                )

    def _note(self, table: TableSpec, stage: str) -> str:
        """Note the keys of a stage; return the name of the table of seen keys."""
        seen = self._reads[table.name]
        if seen:
            self._connection.run(self._dialect.add_seen(self.schema, table, seen, stage))
            return seen
        seen = self._new_name(SEEN_PREFIX)
        self._connection.run(self._dialect.create_seen(self.schema, table, seen, stage))
        return seen

    def _forget(self, table: str) -> None:
        seen = self._reads.pop(table, "")
        if seen:
            self._connection.run(f"DROP TABLE {self._dialect.stage(self.schema, seen)}")

    def _new_name(self, prefix: str) -> str:
        return f"{prefix}{int(time.time()):x}_{self._session}_{next(self._stages)}"

    @contextmanager
    def _staged(self, loads: Sequence[tuple[TableSpec, pa.Table]]) -> Iterator[list[tuple[TableSpec, str]]]:
        """Create staging tables of the rows, and drop them at the end."""
        stages: list[tuple[TableSpec, str]] = []
        try:
            for table, rows in loads:
                stages.append((table, self._new_name(STAGE_PREFIX)))
                self._dialect.ingest(self._connection, self.schema, *stages[-1], rows)
            yield stages
        finally:
            for _, stage in stages:
                with suppress(WarehouseError):  # no later stage has its name
                    self._dialect.drop_stage(self._connection, self.schema, stage)
