"""The store of a push: a file, a bucket, the database of an Airflow connection or of the source, and its name."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.locations.location import resolve_location
from talon_one_singer.shards import WHOLE

if TYPE_CHECKING:
    from airflow_provider_talon_one.locations.client_connections import ClientConnection
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.store.journal import JournalSlot
    from target_talon_one.store.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """Which store a task opens.

    Attributes:
        name: of the store, in a database or bucket that holds many.
        is_default: nobody has chosen the name.
        shard: the part of the rows that the task pushes.
        journal: keeps the progress of the push outside the worker; None if Airflow has no place for it.
        unsaved: nothing is created or saved, because nothing is sent; see ``open_store``.
    """

    name: str
    is_default: bool
    shard: Shard = WHOLE
    journal: JournalSlot | None = None
    unsaved: bool = False


def default_name(dag_id: str, destination: DestinationConfig) -> str:
    """Return the name of the store of a destination, by DAG: plan, push and verification of a segment share it."""
    target = destination.target
    audience = target.get("audience") or {}
    which = audience.get("id") or audience.get("integration_id") or audience.get("name")
    ids = (target.get(name) for name in ("catalog_id", "collection_id", "campaign_id", "loyalty_program_id"))
    found = next((one for one in (which, *ids) if one is not None), None)
    return ".".join(str(one) for one in (dag_id, destination.sink.name, found) if one is not None)


def opened_store(location: Any, conn_id: str | None, default: str, choice: StoreChoice) -> Store:
    """Open the store at a path or URL, or in the database of a connection.

    Args:
        location: a path, a URL, an ObjectStoragePath, or None.
        conn_id: the database, or the credentials for the URL; or None.
        default: path of the store if neither is given.
        choice: which of the stores there.

    Raises:
        StoreError: the store cannot be opened, or another run uses it.
        ValueError: the connection cannot keep a store, or a file is to hold several.
    """
    from target_talon_one.store.opening import open_named_store  # loads duckdb

    found = resolve_location(location or (None if conn_id else default), conn_id)
    unsupported = found is not None and not found.filesystem and not found.url.startswith("postgresql://")
    if found is None or (not location and conn_id and unsupported):
        raise ValueError(f"the connection {conn_id} cannot keep a store; give a connection of type postgres or aws")
    return open_named_store(
        found.url,
        choice.name,
        is_default=choice.is_default,
        journal=choice.journal,
        shard=choice.shard,
        filesystem=found.filesystem,
        unsaved=choice.unsaved,
    )


def opened_source_store(database: ClientConnection, schema: str, choice: StoreChoice) -> Store:
    """Open the store in the database of the source.

    Args:
        database: of the source.
        schema: the schema of its tables.
        choice: which of the stores there.

    Raises:
        WarehouseConfigError: the source is not in a database that can compare rows.
        ValueError: the schema has a store without a name, which a chosen name would leave behind.
    """
    from talon_one_warehouse.in_source.tables import SourceTables
    from target_talon_one.config.shards import label
    from target_talon_one.config.store_names import check_name, endings_of, slug
    from target_talon_one.store.in_source.source_store import open_source_store

    check_name(choice.name)
    name, part = slug(choice.name), label(choice.shard)
    opened = partial(SourceTables, database.url, schema, options=database.options, unsaved=choice.unsaved)
    tables = opened(store="-".join(filter(None, (name, part))))
    labels = tables.stores()
    unnamed = any(one == "" or one.startswith("part-") for one in labels)
    if unnamed and not endings_of(labels, name):
        tables.close()
        if not choice.is_default:
            raise ValueError(
                f"store_name: the schema {schema} of {tables.name} has a store without a name, whose rows a store with "
                "a name does not know; leave out store_name, or give another store_schema"
            )
        name, tables = "", opened(store=part)
    return open_source_store(tables, name=name, journal=choice.journal, shard=choice.shard)


def warn_of_worker_file(store: Store, destination: DestinationConfig) -> None:
    """Log a warning if a mirror keeps its store in the default file, in the folder of one worker."""
    if destination.mirror:
        logger.warning(
            "This mirror keeps its store in the file %s of this worker, because none is given. On another worker it "
            "would not know which rows it has added, and remove none of them: set store_conn_id, store or "
            "store_in_source",
            store.location,
        )
