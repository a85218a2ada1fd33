"""The merge of rows into one table: it finds new and changed rows, and writes new files.

Files are never changed. New rows go to a new file of their month. A file with changed rows is replaced by a new file
with its other rows and the new versions. When a month has many files of similar size they are compacted into one, so
that each row is rewritten at most once per size.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from talon_one_storage.sql_names import quoted
from talon_one_warehouse.arrow.array_builders import ARROW_KINDS, int64s
from talon_one_warehouse.lake import sql
from talon_one_warehouse.lake.manifest import DataFile, Table
from talon_one_warehouse.lake.partitions import Range, months, split
from talon_one_warehouse.warehouse import MergeCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from talon_one_storage.file_store import FileStore

FILES_OF_A_SIZE = 8
ROWS_AT_MOST = 5_000_000  # larger files are not compacted
_SMALLEST = 1_000
_ROWS_AT_ONCE = 20_000


class Merged(NamedTuple):
    """The table after a merge, and the counts of the merge."""

    table: Table
    counts: MergeCounts


class TableMerge:
    """A merge of rows with distinct keys into a table.

    Args:
        name: name of the table.
        table: the table in the manifest.
        store: receives the new files.
        connection: reads the store's files.

    Attributes:
        written: the files that the merge has begun to write.
    """

    def __init__(self, name: str, table: Table, store: FileStore, connection: duckdb.DuckDBPyConnection) -> None:
        self._name, self._table, self._store, self._connection = name, table, store, connection
        fields = [(column, ARROW_KINDS[kind].type) for column, kind in table.columns.items()]
        self._schema = pa.schema(fields)
        self._has_changed = False
        self.written: list[str] = []

    def run(self, rows: pa.Table) -> Merged:
        """Write new and changed rows to files, which are live once a manifest lists them."""
        numbered = rows.append_column(sql.ROW, int64s(range(rows.num_rows)))
        self._connection.register(sql.STAGE, numbered)
        try:
            known = self._known(rows)
            fresh = self._fitted(rows.filter(pa.compute.invert(known)) if known is not None else rows)
            changed, stale = (
                self._changed(rows) if known is not None else (pa.Table.from_batches([], self._schema), set())
            )
        finally:
            self._connection.unregister(sql.STAGE)
        table = self._written(pa.concat_tables([fresh, changed]), stale)
        return Merged(table, MergeCounts(fresh.num_rows, changed.num_rows))

    def _known(self, rows: pa.Table) -> pa.Array | None:
        """Return which rows have a known key; None if none has."""
        uris = [self._store.uri(file.path) for file in self._candidates(rows)]
        if not uris:
            return None
        self._connection.execute(sql.find_keys(self._table.key, self._table.columns, uris))
        hits = self._arrow(f"SELECT {quoted(sql.ROW)} FROM {quoted(sql.HITS)}")  # noqa: S608 - names are quoted
        if not hits.num_rows:
            return None
        return pa.compute.is_in(int64s(range(rows.num_rows)), value_set=hits[sql.ROW].combine_chunks())

    def _candidates(self, rows: pa.Table) -> Iterable[DataFile]:
        """Return the files that can hold a key of the rows."""
        keys = Range(self._table.key)
        keys.add(rows)
        fixed = self._table.partition_by in self._table.key
        here = months(self._table, rows) if fixed else set()
        return (
            file for partition, file in self._table.files() if (not fixed or partition in here) and keys.may_meet(file)
        )

    def _changed(self, rows: pa.Table) -> tuple[pa.Table, set[str]]:
        """Return the new versions of changed rows, and the files with the old versions."""
        select = f"SELECT DISTINCT {quoted(sql.FILE)} FROM {quoted(sql.HITS)}"  # noqa: S608 - names are quoted
        uris = [uri for (uri,) in self._connection.execute(select).fetchall()]
        self._connection.execute(sql.find_changed(self._table, rows.column_names, uris))
        changed = self._fitted(self._arrow(sql.changed(self._table)))
        self._has_changed = changed.num_rows > 0
        stale = self._connection.execute(select.replace(quoted(sql.HITS), quoted(sql.CHANGED))).fetchall()
        return changed, {uri for (uri,) in stale}

    def _written(self, rows: pa.Table, stale: set[str]) -> Table:
        """Write the rows, and return the table without the stale versions."""
        added = dict(split(self._table, rows)) if rows.num_rows else {}
        partitions: dict[str, tuple[DataFile, ...]] = {}
        for partition in dict.fromkeys([*self._table.partitions, *added]):
            files = self._partition(partition, added.get(partition), stale)
            if files:
                partitions[partition] = files
        return msgspec.structs.replace(self._table, partitions=partitions)

    def _partition(self, partition: str, rows: pa.Table | None, stale: set[str]) -> tuple[DataFile, ...]:
        live = self._table.partitions.get(partition, ())
        rewritten = [file for file in live if self._store.uri(file.path) in stale]
        if rows is None and not rewritten:
            return live
        rows = pa.Table.from_batches([], self._schema) if rows is None else rows
        unchanged = [file for file in live if file not in rewritten]
        rewritten += to_compact(unchanged, rows.num_rows + sum(file.rows for file in rewritten))
        new = self._file(partition, rows, rewritten)
        return (*(file for file in unchanged if file not in rewritten), *([new] if new.rows else []))

    def _file(self, partition: str, rows: pa.Table, rewritten: Sequence[DataFile]) -> DataFile:
        """Write a new file with the rows and the unchanged rows of other files."""
        path = f"{folder_of(self._name)}/month={quote(partition, safe='')}/part-{uuid4().hex}.parquet"
        keys, count = Range(self._table.key), 0
        self.written.append(path)
        with self._store.writing(path) as file, self._writer(file) as writer:
            for part in self._parts(rows, rewritten):
                writer.write_table(part, row_group_size=_ROWS_AT_ONCE)
                keys.add(part)
                count += part.num_rows
        return DataFile(path, count, keys.low, keys.high)

    def _parts(self, rows: pa.Table, rewritten: Sequence[DataFile]) -> Iterable[pa.Table]:
        if rewritten:
            uris = [self._store.uri(file.path) for file in rewritten]
            select = sql.kept(self._table, uris, all_of_them=not self._has_changed)
            for batch in self._connection.sql(select).to_arrow_reader(_ROWS_AT_ONCE):
                yield self._fitted(pa.Table.from_batches([batch]))
        if rows.num_rows:
            yield rows

    def _writer(self, file: IO[bytes]) -> pq.ParquetWriter:
        return pq.ParquetWriter(file, self._schema, compression="zstd")

    def _arrow(self, select: str) -> pa.Table:
        return self._connection.sql(select).to_arrow_table()

    def _fitted(self, rows: pa.Table) -> pa.Table:
        """Return the rows with all columns of the table in its order, with nulls in missing columns."""
        there = set(rows.column_names)
        columns = [
            rows[field.name].cast(field.type) if field.name in there else pa.nulls(rows.num_rows, field.type)
            for field in self._schema
        ]
        return pa.Table.from_arrays(columns, schema=self._schema)


def to_compact(files: Sequence[DataFile], rows: int) -> list[DataFile]:
    """Return the files to compact into a new file of ``rows`` rows.

    Sizes are powers of FILES_OF_A_SIZE: eight files of one size become one of the next, together with smaller files.
    """
    taken: list[DataFile] = []
    size = _size(rows)
    while True:
        like = [file for file in files if _size(file.rows) <= size and file.rows < ROWS_AT_MOST]
        if sum(_size(file.rows) == size for file in like) + 1 < FILES_OF_A_SIZE or len(like) == len(taken):
            return taken
        taken = like
        size = max(size, _size(rows + sum(file.rows for file in taken)))


def _size(rows: int) -> int:
    size, limit = 0, _SMALLEST
    while rows > limit:
        size, limit = size + 1, limit * FILES_OF_A_SIZE
    return size


def folder_of(table: str) -> str:
    """Return the folder of a table; characters that a file name cannot have are escaped."""
    return quote(table, safe=" ").replace(".", "%2E")


def live(table: Table, store: FileStore) -> Sequence[str]:
    """Return DuckDB's names of the live files of a table."""
    return [store.uri(file.path) for _, file in table.files()]


def columns_of(rows: Mapping[str, Sequence[pa.RecordBatch]]) -> dict[str, pa.Table]:
    """Return the batches of each table as one Arrow table, without tables that have no rows."""
    return {name: pa.Table.from_batches(parts) for name, parts in rows.items() if any(part.num_rows for part in parts)}
