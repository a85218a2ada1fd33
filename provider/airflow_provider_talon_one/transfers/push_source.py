"""The source of a push: where its rows are, and how they are read into a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.lineage.locations import names_of_source
from airflow_provider_talon_one.locations.sources import opened_source, source_database
from airflow_provider_talon_one.locations.stores import opened_source_store
from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.shards import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_talon_one.lineage.dataset_names import DatasetNames
    from airflow_provider_talon_one.locations.stores import StoreChoice
    from talon_one_singer.settings.input_limits import InputLimits
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun


@dataclass(frozen=True, slots=True)
class PushSource:
    """A query, a table or a file, by an Airflow connection or a URL.

    Attributes:
        conn_id: the connection, or the credentials for the URL.
        url: the URL.
        sql: the query of a database.
        table: or its table.
        rendered: see talon_one_warehouse.open_source.
    """

    conn_id: str | None
    url: Any
    sql: str | None
    table: str | None
    rendered: bool = False

    def names(self) -> DatasetNames | None:
        """Return how the tables of the source are named for OpenLineage."""
        return names_of_source(self.conn_id, self.url)

    @property
    def address(self) -> str:
        """The URL, or the connection as ``airflow://id``."""
        return str(self.url or "") or f"airflow://{self.conn_id}"

    def opened_store(self, schema: str, choice: StoreChoice) -> Store:
        """Open the store in the database of the source; see ``opened_source_store``.

        Raises:
            ValueError: only the hook of the connection can read the source.
        """
        return opened_source_store(source_database(self.conn_id, self.url), schema, choice)

    def read(
        self,
        run: SyncRun,
        store: Store,
        config: DestinationConfig,
        limits: InputLimits,
        *,
        shard: Shard = WHOLE,
        check: Callable[[], None],
    ) -> Sequence[str]:
        """Read all rows into a run, or those that differ if the store is in the database of the source.

        Return the columns of the source.

        Args:
            run: receives the rows.
            store: of the run.
            config: the destination.
            limits: limits of files.
            shard: the part of the rows that this task pushes.
            check: called before each block of rows; raises to end the work.
        """
        if store.source_rows:
            return self._read_difference(run, store, config, shard, check)
        with opened_source(
            conn_id=self.conn_id,
            url=self.url,
            sql=self.sql,
            table=self.table,
            limits=limits,
            rendered=self.rendered,
        ) as source:
            destination = run.open(config, columns=source.columns, shard=shard, source=shown_url(self.address))
            count = 0
            for block in source.blocks():
                check()
                destination.add_block(block, [f"row {n}" for n in range(count + 1, count + len(block) + 1)])
                count += len(block)
            destination.close_source(complete=True)
            return tuple(source.columns)

    def _read_difference(
        self, run: SyncRun, store: Store, config: DestinationConfig, shard: Shard, check: Callable[[], None]
    ) -> Sequence[str]:
        from talon_one_warehouse import SourceSpec
        from talon_one_warehouse.sources.spec import check_source
        from target_talon_one.sync.reading.source_difference import read_difference

        assert store.source_rows is not None
        tables = store.source_rows.tables
        spec = SourceSpec(tables.url, self.sql, self.table)
        check_source(spec, "source_url")
        source = tables.open(spec, rendered=self.rendered)
        destination = run.open(config, columns=source.columns, shard=shard, source=shown_url(self.address))
        read_difference(destination, store, source, check=check, shard=shard, everything=self.rendered)
        return tuple(source.columns)
