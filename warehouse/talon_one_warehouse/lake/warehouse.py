"""The warehouse of Delta tables in a folder or an object store.

https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.duckdb.memory import Memory, arrow_columns
from talon_one_warehouse.duckdb.seen_keys import SeenKeys
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError
from talon_one_warehouse.lake import sql
from talon_one_warehouse.lake.connection import connect
from talon_one_warehouse.lake.errors import translate_errors
from talon_one_warehouse.lake.merge import Merged, TableMerge
from talon_one_warehouse.lake.migration import raise_if_manifest
from talon_one_warehouse.lake.place import RESERVED, local_place, remote_place
from talon_one_warehouse.lake.states import open_states, read_states, write_states
from talon_one_warehouse.lake.table import LakeTable
from talon_one_warehouse.merging import prepared, raise_if_reserved, rows_to_merge, total
from talon_one_warehouse.results import python_rows
from talon_one_warehouse.warehouse import MergePace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fsspec import AbstractFileSystem

    from talon_one_warehouse.arrow.columns import TableSpec
    from talon_one_warehouse.key_limits import Within
    from talon_one_warehouse.lake.place import LakePlace
    from talon_one_warehouse.warehouse import MergeCounts

_LOG = logging.getLogger("talon_one_warehouse")
_LOG_FOLDER = "/_delta_log/"


class LakeWarehouse:
    """A lake of Delta tables; see Warehouse for the methods.

    A merge writes files and commits each table, and then commits the states. If the process is killed, each table is
    either merged or as it was, and no state covers rows that are not there: rows of a merge whose state is missing come
    again with the next load and change nothing.

    Args:
        place: the folder of the tables; its store is closed with the warehouse.

    Raises:
        WarehouseConfigError: the folder does not exist, or may not be read and written.
        WarehouseLockedError: another process has it open.
    """

    def __init__(self, place: LakePlace) -> None:
        self.schema, self.pace = place.schema, MergePace()
        self._place, self._store = place, place.store
        self._tables: dict[str, LakeTable] = {}
        self._connection, self._spill = connect(place.schema)
        self._memory = Memory(self._connection)
        # DuckDB 2 refuses the next statement while the rows of an answer are unread.
        self._seen = SeenKeys(lambda statement: self._connection.execute(statement).fetchall())
        try:
            with translate_errors(self._store.name, opening=True):
                self._store.attach(self._connection)
                raise_if_manifest(place)
                self._states_table = open_states(place)
                self._states = read_states(self._states_table, self._connection)
        except BaseException:
            self.close()
            raise

    def prepare(self, table: TableSpec) -> None:
        """See Warehouse."""
        raise_if_reserved(table.name, RESERVED)
        with translate_errors(self._store.name):
            there = self._tables.get(table.name) or LakeTable.open(self._place, table.name)
            if there is None:
                there = LakeTable.create(self._place, table)
            else:
                there.extend(table)
        self._tables[table.name] = there

    def check_rows(self, table: str, rows: pa.RecordBatch) -> None:
        """See Warehouse. Parquet holds all values of ``to_arrow``."""

    def merge(
        self,
        batches: Mapping[str, Sequence[pa.RecordBatch]],
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MergeCounts:
        """See Warehouse. The states are committed last."""
        rows = rows_to_merge(batches, self._tables)
        with translate_errors(self._store.name):
            merged = self._memory.enough_for(lambda: self._merged(rows))
            for table, noted in rows:
                self._note(table.name, noted)
            for table, done in merged:
                if done.added or done.removed:
                    table.commit(done.added, done.removed)
            if state:
                self._commit_states(state)
        for table, _ in merged:
            self._tidy(table)
        return total(done.counts for _, done in merged)

    def begin_read(self, table: str) -> None:
        """See Warehouse."""
        there = prepared(self._tables, table)
        with translate_errors(self._store.name):
            self._seen.begin(table, there.key, there.columns)

    def end_read(self, table: str, at: datetime, *, delete: bool = False, within: Within | None = None) -> int:
        """See Warehouse."""
        there, unseen = prepared(self._tables, table), self._seen.unseen(table, within)
        with translate_errors(self._store.name):
            done = self._memory.enough_for(lambda: self._removed(there, unseen, None if delete else at))
            if done.removed:
                there.commit(done.added, done.removed)
            self._seen.end(table)
        self._tidy(there)
        return done.counts.updated

    def state(self, name: str) -> dict[str, Any] | None:
        """See Warehouse."""
        kept = self._states.get(name)
        return None if kept is None else json.loads(kept[0])

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
        """See Warehouse. The SQL is DuckDB's, over views of the live files."""
        with translate_errors(self._store.name):
            for table in self._all_tables():
                self._connection.execute(sql.view(self.schema, table.name, table.columns, table.uris()))
            return python_rows(self._memory.enough_for(lambda: arrow_columns(self._connection, statement)))

    def close(self) -> None:
        """See Warehouse."""
        self._connection.close()
        self._spill.cleanup()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _merged(self, tables: Sequence[tuple[LakeTable, pa.Table]]) -> list[tuple[LakeTable, Merged]]:
        """Write the files of a merge; remove them if one of them cannot be written."""
        merges = [(table, TableMerge(table, self._store, self._connection), rows) for table, rows in tables]
        try:
            return [(table, merge.run(rows)) for table, merge, rows in merges]
        except BaseException:
            self._store.remove(path for _, merge, _ in merges for path in merge.written)
            raise

    def _removed(self, table: LakeTable, unseen: str, at: datetime | None) -> Merged:
        """Write the files without unseen rows, or with their marks; remove the files if one cannot be written."""
        merge = TableMerge(table, self._store, self._connection)
        try:
            return merge.remove(unseen, at)
        except Exception:
            self._store.remove(merge.written)
            raise

    def _note(self, table: str, rows: pa.Table) -> None:
        self._connection.register(sql.STAGE, rows)
        try:
            self._seen.add(table, quoted(sql.STAGE))
        finally:
            self._connection.unregister(sql.STAGE)

    def _commit_states(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        now = datetime.now(UTC).isoformat()
        states = {**self._states, **{name: (json.dumps(value), now) for name, value in state.items()}}
        write_states(self._states_table, self._place, states)
        self._states = states
        self._tidy(self._states_table)

    def _tidy(self, table: LakeTable) -> None:
        """Compact and vacuum a table. A failure of this does not take back the merge."""
        try:
            with translate_errors(self._store.name):
                compacted = TableMerge(table, self._store, self._connection).compact()
                if compacted:
                    table.commit(compacted.added, compacted.removed, same_rows=True)
                table.vacuum()
        except WarehouseError as error:
            _LOG.warning("the merge is complete, but files of %s were not compacted after it: %s", table.name, error)
        finally:
            pa.default_memory_pool().release_unused()  # what a merge needed; the next one comes much later

    def _all_tables(self) -> list[LakeTable]:
        """Return all tables of the schema, those of other loads too."""
        folders = {path.partition("/")[0] for path, *_ in self._store.files() if _LOG_FOLDER in path}
        known = {table.folder: table for table in (*self._tables.values(), self._states_table)}
        opened = [LakeTable.in_folder(self._place, folder) for folder in sorted(folders - set(known))]
        return [*known.values(), *opened]


def open_local(path: str, schema: str) -> LakeWarehouse:
    """Open the lake in a local folder, which is created if it does not exist.

    Raises:
        WarehouseConfigError: the parent folder does not exist, or the path is a file.
        WarehouseLockedError: another process has the lake open.
    """
    _check(schema)
    return LakeWarehouse(local_place(path, schema))


def open_remote(scheme: str, place: str, schema: str, filesystem: AbstractFileSystem | None = None) -> LakeWarehouse:
    """Open the lake under a prefix of an object store; for the arguments see ``remote_place``.

    Raises:
        ImportError: the package that reads the scheme is not installed.
    """
    _check(schema)
    return LakeWarehouse(remote_place(scheme, place, schema, filesystem))


def _check(schema: str) -> None:
    if not schema:
        raise WarehouseConfigError("schema must not be empty")
