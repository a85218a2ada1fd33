"""The warehouse of Parquet files in a folder or an object store, with one manifest that lists the live files.

https://duckdb.org/docs/stable/data/parquet/overview
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from talon_one_storage.file_store import remove_unlisted
from talon_one_storage.local_folder import LocalFolder
from talon_one_storage.sql_names import quoted
from talon_one_warehouse.arrow.dedup import last_of_each_key
from talon_one_warehouse.duckdb.memory import Memory, arrow_columns
from talon_one_warehouse.errors import TableError, WarehouseConfigError, WarehouseError
from talon_one_warehouse.lake import sql
from talon_one_warehouse.lake.connection import connect
from talon_one_warehouse.lake.errors import translate_errors
from talon_one_warehouse.lake.manifest import FOLDER, PATH, Manifest, State, Table, decode, encode
from talon_one_warehouse.lake.merge import Merged, TableMerge, columns_of, folder_of, live
from talon_one_warehouse.lake.partitions import partition_column
from talon_one_warehouse.results import python_rows
from talon_one_warehouse.warehouse import STATE_TABLE, MergeCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from fsspec import AbstractFileSystem

    from talon_one_storage.file_store import FileStore
    from talon_one_warehouse.arrow.columns import TableSpec

_LOG = logging.getLogger(__name__)
VIEWS = f"{FOLDER}/tables.sql"


class ParquetWarehouse:
    """A warehouse of Parquet files; see Warehouse for the methods.

    A merge writes new files and then replaces the manifest, which makes all of them live at once: if the process is
    killed, the merge is either complete or not done at all. The next opening removes files that no manifest lists.

    Args:
        store: the folder of the files; closed with the warehouse.
        schema: name of the schema that holds the views of ``query``.

    Raises:
        WarehouseConfigError: the folder does not exist, or may not be read and written.
        WarehouseLockedError: another process has it open.
    """

    def __init__(self, store: FileStore, *, schema: str = "talon_one") -> None:
        self.schema = schema
        self._store = store
        self._manifest = Manifest()
        self._obsolete: set[str] = set()
        self._wanted: dict[str, TableSpec] = {}
        self._connection, self._spill = connect(schema)
        self._memory = Memory(self._connection)
        try:
            with translate_errors(store.name, opening=True):
                store.attach(self._connection)
                self._open()
        except BaseException:
            self.close()
            raise

    def prepare(self, table: TableSpec) -> None:
        """See Warehouse."""
        if table.name.lower() in (STATE_TABLE, FOLDER):
            raise TableError(f"the name {table.name!r} is reserved for the table of states")
        there = self._manifest.tables.get(table.name)
        extended = self._extended(table, there)
        self._wanted[table.name] = table
        if extended != there:
            with translate_errors(self._store.name):
                self._commit(self._manifest.with_tables({table.name: extended}))

    def check_rows(self, table: str, rows: pa.RecordBatch) -> None:
        """See Warehouse. Parquet holds all values of ``to_arrow``."""

    def merge(
        self,
        batches: Mapping[str, Sequence[pa.RecordBatch]],
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MergeCounts:
        """See Warehouse."""
        for name in batches:
            if name not in self._wanted:
                raise TableError(f"the table {name!r} was not prepared")
        now = datetime.now(UTC).isoformat()
        states = {name: State(dict(value), now) for name, value in (state or {}).items()}
        with translate_errors(self._store.name):
            rows = columns_of(batches)
            merged = self._memory.enough_for(lambda: self._merged(rows))
            changed = {name: done.table for name, done in merged.items() if any(done.counts)}
            if changed or states:
                self._commit(self._manifest.with_tables(changed, states))
        counts = [done.counts for done in merged.values()]
        return MergeCounts(sum(c.inserted for c in counts), sum(c.updated for c in counts))

    def state(self, name: str) -> dict[str, Any] | None:
        """See Warehouse."""
        kept = self._manifest.states.get(name)
        return None if kept is None else kept.value

    def name_of(self, table: str) -> str:
        """See Warehouse."""
        return quoted(self.schema, table)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """See Warehouse. The SQL is DuckDB's, over views of the live files."""
        with translate_errors(self._store.name):
            for view in self._views():
                self._connection.execute(view)
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

    def _open(self) -> None:
        """Read the manifest, and remove files that it does not list."""
        data = self._store.read(PATH)
        if data is not None:
            self._manifest = decode(data, f"{self._store.name}: {self.schema}/{PATH}")
        self._write_views()
        remove_unlisted(self._store, PATH, self._manifest.paths() | {VIEWS})

    def _extended(self, table: TableSpec, there: Table | None) -> Table:
        """Return the table with the columns that it lacks."""
        columns = {column.name: column.kind for column in table.columns}
        if there is None:
            return Table(columns, table.key, partition_column(columns))
        if there.key != table.key:
            raise TableError(
                f"the table {self.schema}.{table.name} exists with the key ({', '.join(there.key)}) instead of "
                f"({', '.join(table.key)}); move its folder away or choose another schema"
            )
        for name, kind in columns.items():
            if there.columns.get(name, kind) != kind:
                raise TableError(
                    f"the column {self.schema}.{table.name}.{name} exists as {there.columns[name]} instead of {kind}; "
                    "load into another schema"
                )
        return msgspec.structs.replace(there, columns={**there.columns, **columns})

    def _merged(self, rows: Mapping[str, pa.Table]) -> dict[str, Merged]:
        """Write the files of a merge; remove them if one of them cannot be written."""
        tables = self._manifest.tables
        merges = {name: TableMerge(name, tables[name], self._store, self._connection) for name in rows}
        try:
            return {name: merges[name].run(last_of_each_key(rows[name], tables[name].key)) for name in rows}
        except Exception:
            self._store.remove(path for merge in merges.values() for path in merge.written)
            raise

    def _commit(self, manifest: Manifest) -> None:
        """Replace the manifest.

        Files that it no longer lists are removed one commit later, so that readers of the last manifest can finish.
        """
        self._store.commit(PATH, encode(manifest))
        gone, self._obsolete = self._obsolete, self._manifest.paths() - manifest.paths()
        self._manifest = manifest
        try:
            with translate_errors(self._store.name):
                self._write_views()
                self._store.remove(gone)
        except WarehouseError as error:
            _LOG.warning("the merge is complete, but %s was not updated after it: %s", VIEWS, error)

    def _write_views(self) -> None:
        head = f"-- The live tables. In DuckDB: .read tables.sql\nCREATE SCHEMA IF NOT EXISTS {quoted(self.schema)};\n"
        self._store.replace(VIEWS, (head + "".join(f"{view};\n" for view in self._views())).encode())

    def _views(self) -> list[str]:
        tables = self._manifest.tables.items()
        views = [sql.view(self.schema, name, table, live(table, self._store)) for name, table in tables]
        return [*views, sql.states_view(self.schema, self._manifest)]


def open_local(path: str, schema: str) -> ParquetWarehouse:
    """Open the warehouse in a local folder, which is created if it does not exist.

    Raises:
        WarehouseConfigError: the parent folder does not exist, or the path is a file.
        WarehouseLockedError: another process has the warehouse open.
    """
    _check(schema)
    root = Path(path).expanduser().absolute()
    with translate_errors(path, opening=True):
        if root.exists() and not root.is_dir():
            raise WarehouseConfigError(f"{root} is a file; a Parquet warehouse is a directory")
        if not root.parent.is_dir():
            raise WarehouseConfigError(f"the directory {root.parent} does not exist; make it, or choose another path")
        store = LocalFolder(root / folder_of(schema), name=path, lock=f"{FOLDER}/lock", exclusive=True)
    return ParquetWarehouse(store, schema=schema)


def open_remote(scheme: str, place: str, schema: str, filesystem: AbstractFileSystem | None = None) -> ParquetWarehouse:
    """Open the warehouse under a prefix of an object store.

    Args:
        scheme: one of OBJECT_STORES.
        place: bucket and prefix.
        schema: the folder below it.
        filesystem: has the keys; by default the keys come from the environment.

    Raises:
        ImportError: the package that reads the scheme is not installed.
    """
    from talon_one_storage.object_store import ObjectStore, object_filesystem  # imports fsspec

    _check(schema)
    name = f"{scheme}://{place}".rstrip("/")
    with translate_errors(name, opening=True):
        fs = object_filesystem(scheme, filesystem)
        store = ObjectStore(fs, f"{fs._strip_protocol(name)}/{folder_of(schema)}", name=name)
    return ParquetWarehouse(store, schema=schema)


def _check(schema: str) -> None:
    if not schema:
        raise WarehouseConfigError("schema must not be empty")
