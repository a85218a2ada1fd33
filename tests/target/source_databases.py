"""Databases with a source and, beside it, the store of its sync."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb

from talon_one_singer.shards import WHOLE
from talon_one_warehouse.in_source.tables import SourceTables
from talon_one_warehouse.sources.spec import SourceSpec
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.shards import label
from target_talon_one.store.in_source.source_store import open_source_store
from target_talon_one.sync.reading.source_difference import read_difference
from target_talon_one.sync.run import SyncRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_singer.shards import Shard
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.row_counts import RowCounts


# By kind of database: the fixture with the URL of an empty one.
SERVERS: Mapping[str, str] = {"postgresql": "postgres_url", "snowflake": "snowflake_url", "bigquery": "bigquery_url"}


class SourceDatabase:
    """A database that holds the table ``segment``.

    Args:
        url: of the database.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: str) -> list[Any]:
        """Run statements and return the rows of the last one."""
        if self.url.startswith("duckdb:"):
            with closing(duckdb.connect(self.url.removeprefix("duckdb:///"))) as connection:
                return [connection.execute(one) for one in statements][-1].fetchall()
        if self.url.startswith("snowflake:"):
            return _in_snowflake(self.url, statements)
        if self.url.startswith("bigquery:"):
            return _in_bigquery(self.url, statements)
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def fill(self, columns: str, values: Sequence[str] | str) -> None:
        """Replace the table; ``values`` are rows in SQL, or a query."""
        rows = values if isinstance(values, str) else "VALUES " + ", ".join(values)
        insert = [f"INSERT INTO segment {rows}"] if values else []
        self.run("DROP TABLE IF EXISTS segment", f"CREATE TABLE segment ({columns})", *insert)

    def fill_ids(self, ids: Sequence[str]) -> None:
        """Replace the table by one with a column ``id``."""
        self.fill("id varchar", [f"('{one}')" for one in ids])

    def fill_numbers(self, count: int) -> None:
        """Replace the table by one with the ids c-1, c-2 and so on."""
        series = f"SELECT 'c-' || i FROM generate_series(1, {count}) AS s (i)"
        others = {
            "snowflake": f"SELECT 'c-' || (seq4() + 1) FROM TABLE(GENERATOR(ROWCOUNT => {count}))",
            "bigquery": f"SELECT 'c-' || i FROM UNNEST(GENERATE_ARRAY(1, {count})) AS i",
        }
        self.fill("id varchar", others.get(self.url.partition(":")[0], series))

    def store(self, shard: Shard = WHOLE) -> Store:
        """Open the store."""
        return open_source_store(SourceTables(self.url, store=label(shard)), shard=shard)

    def acknowledged(self) -> set[str]:
        """Return the keys that the tables hold as surely acknowledged."""
        self.store().close()  # what a killed run has left is written
        return {
            key for (key,) in self.run("SELECT key FROM talon_one_sync.acknowledged_1 WHERE fingerprint IS NOT NULL")
        }

    def push(self, engine: Any, given: Mapping[str, Any], *, shard: Shard = WHOLE, **options: Any) -> RowCounts:
        """Push the table, and return the counts."""
        with (
            engine.client() as client,
            self.store(shard) as store,
            SyncRun(client, store, engine.options(**options), command="test") as run,
        ):
            destination = self.read(run, store, given, shard=shard)
            run.finish()
            return destination.counts

    def read(
        self,
        run: SyncRun,
        store: Store,
        given: Mapping[str, Any],
        *,
        shard: Shard = WHOLE,
        everything: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> DestinationRun:
        """Read the table into a run."""
        assert store.source_rows is not None
        source = store.source_rows.tables.open(SourceSpec(self.url, table="segment"), rendered=everything)
        destination = run.open(destination_from("rows", given), columns=source.columns, shard=shard)
        read_difference(destination, store, source, check=check, shard=shard, everything=everything)
        return destination


def _in_snowflake(url: str, statements: Sequence[str]) -> list[Any]:
    from talon_one_warehouse.connections import snowflake

    with snowflake.connect(url.partition("://")[2]) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def _in_bigquery(url: str, statements: Sequence[str]) -> list[Any]:
    from talon_one_warehouse.connections import bigquery

    with bigquery.connect(url.partition("://")[2]) as client:
        for statement in statements:
            rows = client.query(statement.replace(" varchar", " STRING")).result()
        return [tuple(row.values()) for row in rows]
