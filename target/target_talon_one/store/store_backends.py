"""Store backends for workers without a persistent disk: a folder at any fsspec URL, or PostgreSQL.

A backend keeps each table of the store as a Parquet file and replaces several of them in one step, or none. It does not
know what the tables hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from talon_one_singer.shards import WHOLE
from target_talon_one.config.store_names import POSTGRESQL
from target_talon_one.store.folder_backend import FolderBackend
from target_talon_one.store.postgresql_backend import PostgreSQLBackend

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from fsspec import AbstractFileSystem

    from talon_one_singer.shards import Shard


class StoreBackend(Protocol):
    """Keeps tables. All methods raise StoreError, or StoreLockedError if another run uses the store."""

    @property
    def name(self) -> str:
        """Return the backend's URL without secrets."""
        ...

    def fetch(self, folder: Path, *, unsaved: bool = False) -> dict[str, Path]:
        """Copy every table into the folder, as a Parquet file; from then on keep other runs out, if the backend can.

        Args:
            folder: gets the files.
            unsaved: nothing will be saved, so nothing is created or removed either; a new store has no tables.
        """
        ...

    def save(self, files: Mapping[str, Path], dropped: Collection[str]) -> None:
        """Replace these tables and remove the dropped ones, all or none.

        Raises:
            StoreLockedError: another run has saved since the tables were fetched.
        """
        ...

    def close(self) -> None:
        """Release the lock for other runs."""
        ...


def store_backend(
    url: str, filesystem: AbstractFileSystem | None = None, shard: Shard = WHOLE
) -> FolderBackend | PostgreSQLBackend:
    """Return the store backend at a URL.

    Args:
        url: ``postgresql://…``, or a folder as a path or an fsspec URL; for a store with a name see ``store_names``.
        filesystem: has the credentials for the folder; without it, they come from the environment.
        shard: the shard that is pushed, if there are several.

    Raises:
        StoreError: the URL cannot be used.
    """
    if url.startswith(POSTGRESQL):
        return PostgreSQLBackend(url, shard)
    return FolderBackend(url, filesystem, shard)
