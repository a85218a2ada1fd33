"""Open the store of a push: a file, a bucket, or the database of an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.locations.location import resolve_location
from talon_one_singer.shards import WHOLE

if TYPE_CHECKING:
    from talon_one_singer.shards import Shard
    from target_talon_one.store.journal import JournalSlot
    from target_talon_one.store.store import Store


def opened_store(
    location: Any, conn_id: str | None, default: str, *, journal: JournalSlot | None = None, shard: Shard | None = None
) -> Store:
    """Open the store at a path or URL, or in the database of a connection.

    Args:
        location: a path, a URL, an ObjectStoragePath, or None.
        conn_id: the database, or the credentials for the URL; or None.
        default: path of the store if neither is given.
        journal: keeps the progress of the push outside the worker; None if Airflow has no place for it.
        shard: the part of the rows that this task pushes; None for all rows.

    Raises:
        StoreError: the store cannot be opened, or another run uses it.
        ValueError: the connection cannot keep a store.
    """
    from target_talon_one.store.opening import open_store  # loads duckdb

    found = resolve_location(location or (None if conn_id else default), conn_id)
    unsupported = found is not None and not found.filesystem and not found.url.startswith("postgresql://")
    if found is None or (not location and conn_id and unsupported):
        raise ValueError(f"the connection {conn_id} cannot keep a store; give a connection of type postgres or aws")
    return open_store(found.url, journal=journal, shard=shard or WHOLE, filesystem=found.filesystem)
