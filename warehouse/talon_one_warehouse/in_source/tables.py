"""The tables of a store in the database of its sources, and the queries that are compared there."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from talon_one_singer.reporting.redaction import shown_url
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseLockedError
from talon_one_warehouse.in_source.databases.bigquery import BigQuerySource
from talon_one_warehouse.in_source.databases.duckdb import DuckDBSource
from talon_one_warehouse.in_source.databases.postgresql import PostgreSQLSource
from talon_one_warehouse.in_source.databases.snowflake import SnowflakeSource
from talon_one_warehouse.in_source.query import ComparedQuery
from talon_one_warehouse.in_source.statements import DELTA, NOTED
from talon_one_warehouse.sources.databases import query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping
    from pathlib import Path

    from talon_one_warehouse.in_source.databases.base import SourceDatabase
    from talon_one_warehouse.sources.spec import SourceSpec

DEFAULT_SCHEMA = "talon_one_sync"
_BYTES_PER_PART = 1 << 20
_DATABASES: Mapping[str, Callable[[str, str, str, Mapping[str, Any] | None], SourceDatabase]] = {
    "duckdb": DuckDBSource,
    "postgresql": PostgreSQLSource,
    "postgres": PostgreSQLSource,
    "snowflake": SnowflakeSource,
    "bigquery": BigQuerySource,
}
_KNOWN = pa.schema(
    [
        ("key", pa.string()),
        ("fingerprint", pa.int64()),
        ("version", pa.int64()),
        ("hash", pa.string()),
        ("present", pa.bool_()),
    ]
)


class SourceTables:
    """A store's tables in the database of its sources: files of its small tables, and the acknowledged rows.

    One process uses the tables of a shard at a time. Of two processes in a database that cannot lock them, the one that
    saves later is refused.

    Args:
        url: the database.
        schema: the schema of the tables; created if missing.
        store: label of the store: its name, that of the shard, like ``part-3-of-16``, or both; empty for the only one.
        options: settings of the database's own client, see ``open_source``.
        unsaved: for a plan: create and write no table but temporary ones; a table that is missing has no row.

    Attributes:
        name: the database and schema in messages, without secrets.
        seconds_per_save: how often what was acknowledged is saved.

    Raises:
        WarehouseConfigError: the database cannot keep the tables.
        WarehouseLockedError: another process uses them.
    """

    def __init__(
        self,
        url: str,
        schema: str = DEFAULT_SCHEMA,
        store: str = "",
        options: Mapping[str, Any] | None = None,
        *,
        unsaved: bool = False,
    ) -> None:
        opener = _DATABASES.get(url.partition("://")[0])
        if opener is None:
            raise WarehouseConfigError(
                f"store: the source {shown_url(url)} cannot compare rows; that is possible in DuckDB, PostgreSQL, "
                "Snowflake and BigQuery. Keep the store in a file"
            )
        self.url, self.name = url, f"{shown_url(url)} (schema {schema})"
        self._store, self.unsaved = store, unsaved
        self._database = opener(url, schema, store, options)
        self._statements = self._database.statements
        self.seconds_per_save = self._database.seconds_per_save
        self._saved = "{}"  # the list of the store's files, as it was read or saved
        try:
            self._is_there = not unsaved or self._database.has_table("stores")
            if self._is_there:
                self._database.create(self._statements.create_store())
        except BaseException:
            self._database.close()
            raise

    def stores(self) -> list[str]:
        """Return the labels of all stores in the schema; "" is a store without a name and shards."""
        return [name for (name,) in self._database.rows(self._statements.stores())] if self._is_there else []

    # The files of the small tables

    def fetch(self, folder: Path, *, unsaved: bool = False) -> dict[str, Path]:
        """Copy the file of every table into a folder."""
        given = self._database.rows(self._statements.files()) if self._is_there else []
        if not given and not (unsaved or self.unsaved):
            self._database.run(self._statements.add_store(self._saved))
        self._saved = given[0][0] if given else self._saved
        found = {}
        for table, file in self._files().items():
            found[table] = folder / f"{table}.parquet"
            with found[table].open("wb") as target:
                for content in self._parts(file):
                    target.write(content)
        return found

    def _files(self) -> dict[str, str]:
        files: dict[str, str] = json.loads(self._saved)
        return files

    def _parts(self, file: str) -> Iterator[bytes]:
        for number in range(int(self._database.rows(self._statements.parts(file))[0][0])):
            yield self._database.content(self._database.rows(self._statements.part(file, number))[0][0])

    def save(self, files: Mapping[str, Path], dropped: Collection[str]) -> None:
        """Replace these tables and remove the dropped ones, all or none.

        Each file has a new name. What is valid is the list of files, which one statement replaces.

        Raises:
            WarehouseLockedError: another process has saved since the tables were fetched.
        """
        fresh = {table: f"{self._store}/{table}/{uuid4().hex}" for table in files}
        if files:
            self._load_files({fresh[table]: path for table, path in files.items()})
        kept = {table: file for table, file in self._files().items() if table not in {*files, *dropped}}
        listed = json.dumps(kept | fresh)
        with self._database.transaction():
            if files:
                self._database.run(self._statements.add_files())
            self._database.run(self._statements.replace_files(self._saved, listed))
            if {found for (found,) in self._database.rows(self._statements.files())} != {listed}:
                raise WarehouseLockedError(
                    f"{self.name}: another process has changed the store since this run read it; run again when it has "
                    "ended"
                )
            self._database.run(self._statements.remove_files([*kept.values(), *fresh.values()]))
        self._saved = listed

    def _load_files(self, paths: Mapping[str, Path]) -> None:
        schema = pa.schema([("file", pa.string()), ("part", pa.int64()), ("content", pa.binary())])

        def batches() -> Iterator[pa.RecordBatch]:
            for name, path in paths.items():
                with path.open("rb") as source:
                    part = 0
                    while content := source.read(_BYTES_PER_PART):
                        yield pa.record_batch([[name], [part], [content]], schema=schema)
                        part += 1

        self._replace(DELTA, pa.RecordBatchReader.from_batches(schema, batches()))

    # Acknowledged rows

    def create(self, destination: int) -> None:
        """Create the table of acknowledged rows of a destination, if there is none and if anything is saved."""
        if not self.unsaved:
            self._database.run(self._statements.create_acknowledged(destination))

    def has_acknowledged(self, destination: int) -> bool:
        """Return whether there is a table of acknowledged rows of a destination, or will be."""
        if not self.unsaved:
            return True
        return self._is_there and self._database.has_table(self._statements.acknowledged_name(destination))

    def open(self, spec: SourceSpec, *, rendered: bool = False) -> ComparedQuery:
        """Return the query of a source in this database, ready to be compared.

        Args:
            spec: the source.
            rendered: see open_source.

        Raises:
            WarehouseConfigError: the source is in another database, or its query cannot be used.
        """
        if spec.url != self.url:
            raise WarehouseConfigError(
                f"store: the source {shown_url(spec.url)} is not in {self.name}; with store: {{in: source}}, all syncs "
                "of a file read from one database. Write another file for the others"
            )
        return ComparedQuery(self._database, query_of(spec), rendered=rendered)

    def known(self, destination: int) -> Generator[pa.RecordBatch]:
        """Yield all acknowledged rows: key, fingerprint, version, hash, and a column ``present`` that is false."""
        if self.has_acknowledged(destination):
            yield from self._stream(self._statements.known(destination))

    def gone(self) -> Generator[pa.RecordBatch]:
        """Yield the acknowledged rows that the last comparison did not find in the source, see ``known``."""
        return self._stream(self._statements.gone())

    def known_of(self, destination: int, keys: pa.RecordBatchReader) -> Generator[pa.RecordBatch]:
        """Yield the acknowledged rows of keys; ``present``: the last comparison has found their hash in the source."""
        self._replace(NOTED, keys)
        return self._stream(self._statements.known_of(destination))

    def write(self, destination: int, rows: pa.RecordBatchReader) -> None:
        """Replace acknowledged rows.

        Args:
            destination: its number.
            rows: key, fingerprint, version, row_hash as 32 hexadecimal digits, and ``stays``: False for a row that is
                only to be removed.
        """
        self._replace(DELTA, rows)
        with self._database.transaction():
            for statement in self._statements.write(destination, self._saved):
                self._database.run(statement)

    def close(self) -> None:
        """Close the connection, so that other processes can use the tables."""
        self._database.close()

    def _replace(self, table: str, rows: pa.RecordBatchReader) -> None:
        self._database.run(self._statements.drop(table))
        self._database.load(table, rows)

    def _stream(self, statement: str) -> Generator[pa.RecordBatch]:
        with ExitStack() as stack:
            for batch in stack.enter_context(self._database.reader(statement)):
                arrays = [array.cast(field.type) for array, field in zip(batch.columns, _KNOWN, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=_KNOWN)
