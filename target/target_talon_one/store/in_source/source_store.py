"""A store whose acknowledged rows are tables in the database of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_singer.shards import WHOLE
from target_talon_one.config.shards import check_others
from target_talon_one.config.store_names import endings_of
from target_talon_one.store.in_source.source_rows import SourceRows
from target_talon_one.store.remote_store import RemoteStore
from target_talon_one.store.store import Store

if TYPE_CHECKING:
    from talon_one_singer.shards import Shard
    from target_talon_one.store.in_source.tables import SourceTables
    from target_talon_one.store.journal import JournalSlot


class SourceStore(RemoteStore):
    """Persistence in the database of the source: small tables as files, acknowledged rows as rows.

    What is to be written to the acknowledged rows is saved as files first. A run that is killed before it is written
    leaves it there, and the next run writes it.

    Args:
        tables: the store's tables in the source.
    """

    def __init__(self, tables: SourceTables) -> None:
        super().__init__(tables, seconds_per_save=tables.seconds_per_save, unsaved=tables.unsaved)
        self.source_rows = self._rows = SourceRows(self.database, tables)
        self._unwritten: set[int] = set()  # destinations whose rows are saved as files and not yet written

    def save_committed(self, destination: int) -> None:
        """See Persistence. What an earlier push has left to be written is written for a plan too, which compares it."""
        begun = self._non_idempotent.pop(destination, None) is not None
        changed = self._rows.is_changed(destination)
        if begun or changed:
            self._unwritten.add(destination)
            self._save_now(self._tables())
            if changed:
                self._rows.write(destination)
            self._unwritten.discard(destination)

    def close(self) -> None:
        """See Persistence. What is loaded is saved only for a destination whose changes are not written yet."""
        try:
            self._clear_written()
        except BaseException:
            self.discard()
            raise
        super().close()

    def _clear_written(self) -> None:
        for (number,) in self.database.run("SELECT id FROM destinations"):
            if number not in self._unwritten and not self.database.run(f"SELECT 1 FROM begun_{number} LIMIT 1"):
                self._rows.clear(number)


def open_source_store(
    tables: SourceTables, *, name: str = "", journal: JournalSlot | None = None, shard: Shard = WHOLE
) -> Store:
    """Open the store in the database of the source.

    Args:
        tables: the store's tables there, of this shard.
        name: slug of the store's name, with which the labels of its shards begin; "" without a name.
        journal: see Store.
        shard: the shard that is pushed.

    Raises:
        StoreError: the tables cannot be used.
        SyncConfigError: the stores there have another number of shards.
    """
    try:
        check_others(tables.name, endings_of(tables.stores(), name), shard)
    except BaseException:
        tables.close()
        raise
    persistence = SourceStore(tables)
    try:
        return Store(persistence, journal=journal)
    except BaseException:
        persistence.discard()
        raise
