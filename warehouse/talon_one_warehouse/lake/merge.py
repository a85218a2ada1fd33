"""The merge of rows into a Delta table: it finds new and changed rows, and writes new files.

DuckDB finds them in a fixed amount of memory: first it reads the keys of the files that can hold one, then all columns
of those files that hold one. Files are never changed. New rows go to a new file; a file with changed rows is replaced
by a new file with its other rows and the new versions.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from talon_one_storage.sql_names import quoted
from talon_one_warehouse.arrow.array_builders import int64s
from talon_one_warehouse.lake import sql
from talon_one_warehouse.lake.key_ranges import DataFile, Range
from talon_one_warehouse.lake.table import COMPRESSION, ROWS_PER_FILE, ROWS_PER_GROUP, small_files
from talon_one_warehouse.warehouse import MergeCounts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    import duckdb

    from talon_one_storage.file_store import FileStore
    from talon_one_warehouse.lake.table import LakeTable


class Merged(NamedTuple):
    """The files that a merge has written, those that they replace, and its counts."""

    added: list[DataFile]
    removed: list[DataFile]
    counts: MergeCounts


class TableMerge:
    """A merge of rows with distinct keys into a table.

    Args:
        table: the table.
        store: receives the new files.
        connection: reads the store's files.

    Attributes:
        written: the files that the merge has begun to write.
    """

    def __init__(self, table: LakeTable, store: FileStore, connection: duckdb.DuckDBPyConnection) -> None:
        self._table, self._store, self._connection = table, store, connection
        self._by_uri = {table.uri(file): file for file in table.files}
        self.written: list[str] = []

    def run(self, rows: pa.Table) -> Merged:
        """Write new and changed rows to files, which are live once they are committed."""
        numbered = rows.append_column(sql.ROW, int64s(range(rows.num_rows)))
        self._connection.register(sql.STAGE, numbered)
        try:
            known = self._known(rows)
            if known is None:
                fresh, changed, stale = self._fitted(rows), self._fitted(rows.slice(0, 0)), list[DataFile]()
            else:
                fresh = self._fitted(rows.filter(pa.compute.invert(known)))
                changed, stale = self._changed(rows)
        finally:
            self._connection.unregister(sql.STAGE)
        added = self._files(self._parts(pa.concat_tables([fresh, changed]), stale))
        return Merged(added, stale, MergeCounts(fresh.num_rows, changed.num_rows))

    def remove(self, unseen: str, at: datetime | None) -> Merged:
        """Write the files with rows ``t`` for which ``unseen`` is true anew: these rows marked, or without them.

        Args:
            unseen: a condition in SQL.
            at: the instant of the mark; None: leave the rows out. Counted as changed rows in both cases.
        """
        key, columns = self._table.key, self._table.columns
        self._connection.execute(sql.find_unseen(key, columns, list(self._by_uri), unseen, at))
        counts = f"SELECT {quoted(sql.FILE)}, count(*) FROM {quoted(sql.CHANGED)} GROUP BY ALL"  # noqa: S608 - quoted
        found = dict(self._connection.execute(counts).fetchall())
        stale = [self._by_uri[uri] for uri in found]
        added = self._files(self._rewritten(stale, marked=at is not None))
        return Merged(added, stale, MergeCounts(0, sum(found.values())))

    def _rewritten(self, stale: Sequence[DataFile], *, marked: bool) -> Generator[pa.Table]:
        if marked and stale:
            yield from self._read(sql.changed(self._table.columns))
        yield from self._parts(self._table.schema.empty_table(), stale)

    def compact(self) -> Merged | None:
        """Write the rows of many small files to one file; return None if there are few of them."""
        small = small_files(self._table.files)
        if not small:
            return None
        uris = [self._table.uri(file) for file in small]
        select = sql.all_rows(self._table.columns, uris)
        return Merged(self._files(self._read(select)), small, MergeCounts())

    def _known(self, rows: pa.Table) -> pa.Array | None:
        """Return which rows have a known key; None if none has."""
        keys = Range(self._table.key)
        keys.add(rows)
        uris = [uri for uri, file in self._by_uri.items() if keys.may_meet(file)]
        if not uris:
            return None
        self._connection.execute(sql.find_keys(self._table.key, self._table.columns, uris))
        hits = self._arrow(f"SELECT {quoted(sql.ROW)} FROM {quoted(sql.HITS)}")  # noqa: S608 - names are quoted
        if not hits.num_rows:
            return None
        return pa.compute.is_in(int64s(range(rows.num_rows)), value_set=hits[sql.ROW].combine_chunks())

    def _changed(self, rows: pa.Table) -> tuple[pa.Table, list[DataFile]]:
        """Return the new versions of changed rows, and the files with the old versions."""
        select = f"SELECT DISTINCT {quoted(sql.FILE)} FROM {quoted(sql.HITS)}"  # noqa: S608 - names are quoted
        uris = [uri for (uri,) in self._connection.execute(select).fetchall()]
        key, columns = self._table.key, self._table.columns
        self._connection.execute(sql.find_changed(key, columns, rows.column_names, uris))
        changed = self._fitted(self._arrow(sql.changed(columns)))
        stale = self._connection.execute(select.replace(quoted(sql.HITS), quoted(sql.CHANGED))).fetchall()
        return changed, [self._by_uri[uri] for (uri,) in stale]

    def _files(self, parts: Generator[pa.Table]) -> list[DataFile]:
        """Write rows to new files. An error closes ``parts``, so that the connection can run the next statement."""
        files: list[DataFile] = []
        with closing(parts):
            part = next(parts, None)
            while part is not None:
                file, part = self._file(part, parts)
                files.append(file)
        return files

    def _file(self, part: pa.Table | None, more: Iterator[pa.Table]) -> tuple[DataFile, pa.Table | None]:
        """Write one file; return it and the first rows of the next file, or None."""
        path, keys, count = f"part-{uuid4().hex}.parquet", Range(self._table.key), 0
        self.written.append(f"{self._table.folder}/{path}")
        with self._store.writing(self.written[-1]) as target:
            with pq.ParquetWriter(target, self._table.schema, compression=COMPRESSION) as writer:
                while part is not None and count < ROWS_PER_FILE:
                    writer.write_table(part, row_group_size=ROWS_PER_GROUP)
                    keys.add(part)
                    count += part.num_rows
                    part = next(more, None)
            size = target.tell()
        return DataFile(path, size, count, keys.low, keys.high), part

    def _parts(self, rows: pa.Table, stale: Sequence[DataFile]) -> Generator[pa.Table]:
        """Return the rows, and the unchanged rows of stale files."""
        if rows.num_rows:
            yield rows
        if stale:
            uris = [self._table.uri(file) for file in stale]
            yield from self._read(sql.unchanged(self._table.key, self._table.columns, uris))

    def _read(self, select: str) -> Generator[pa.Table]:
        with self._connection.sql(select).to_arrow_reader(ROWS_PER_GROUP) as reader:
            for batch in reader:
                if batch.num_rows:
                    yield self._fitted(pa.Table.from_batches([batch]))

    def _arrow(self, select: str) -> pa.Table:
        return self._connection.sql(select).to_arrow_table()

    def _fitted(self, rows: pa.Table) -> pa.Table:
        """Return the rows with all columns of the table in its order, with nulls in missing columns."""
        there = set(rows.column_names)
        columns = [
            rows[field.name].cast(field.type) if field.name in there else pa.nulls(rows.num_rows, field.type)
            for field in self._table.schema
        ]
        return pa.Table.from_arrays(columns, schema=self._table.schema)
