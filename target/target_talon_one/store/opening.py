"""Opens the store at a path or URL."""

from __future__ import annotations

import glob
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from talon_one_singer.settings.local_paths import MEMORY as MEMORY_PATH
from talon_one_singer.settings.local_paths import is_url, local_path, path_in_url
from talon_one_singer.shards import WHOLE
from target_talon_one.config.shards import check_others, label
from target_talon_one.config.store_names import named_location
from target_talon_one.errors import SyncConfigError
from target_talon_one.store.database import MEMORY, Database
from target_talon_one.store.persistence import LocalFile, NewFile
from target_talon_one.store.remote_store import RemoteStore
from target_talon_one.store.store import Store
from target_talon_one.store.store_backends import store_backend

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from talon_one_singer.shards import Shard
    from target_talon_one.store.journal import JournalSlot
    from target_talon_one.store.persistence import Persistence

_DUCKDB = "duckdb:///"


def open_store(
    location: str,
    *,
    memory: str = MEMORY,
    journal: JournalSlot | None = None,
    shard: Shard = WHOLE,
    filesystem: AbstractFileSystem | None = None,
    origin: str | None = None,
    unsaved: bool = False,
) -> Store:
    """Open the store at a path or URL.

    Args:
        location: path of a DuckDB file, or the URL of a store backend.
        memory: see Database.
        journal: see Store.
        shard: the shard that is pushed; its store is beside those of the other shards.
        filesystem: of fsspec, with the keys for a URL; without it they come from the environment.
        origin: URL of another store, whose content an empty store in a backend begins with.
        unsaved: for a plan: a new store is empty and is not created, and nothing is saved in a backend. An existing
            file gets the run's line in its history.

    Raises:
        StoreLockedError: another run uses it.
        StoreError: it cannot be opened.
        FileUrlError: it is the URL of a file with a query, a fragment, or another system like ``md:``.
        SyncConfigError: the existing stores have another number of shards, or the store would be in memory.
    """
    persistence: Persistence
    if location.removeprefix(_DUCKDB) == MEMORY_PATH:
        raise SyncConfigError(
            f"store: {location} is lost at the end of the run, and the next run would send every row again; set a file "
            "or a URL"
        )
    if (file := store_file(location)) is not None:
        path = _file_of(shard, file)
        is_new = unsaved and not Path(path).exists()
        persistence = NewFile(path, memory=memory) if is_new else LocalFile(Database(path, memory=memory))
    else:
        other = partial(store_backend, local_path(origin), filesystem, shard) if origin else None
        backend = store_backend(local_path(location), filesystem, shard)
        persistence = RemoteStore(backend, memory=memory, origin=other, unsaved=unsaved)
    try:
        return Store(persistence, journal=journal)
    except BaseException:
        persistence.discard()
        raise


def open_named_store(
    location: str,
    name: str,
    *,
    is_default: bool,
    journal: JournalSlot | None = None,
    shard: Shard = WHOLE,
    filesystem: AbstractFileSystem | None = None,
    unsaved: bool = False,
) -> Store:
    """Open a store of a database or folder by its name.

    The rows of a store without a name, as earlier versions made it, are not sent again: with a default name it is used
    as before, and a new store with a chosen name begins with a copy of its content.

    Args:
        location: of the database or folder; a file holds one store, without a name.
        name: of the store.
        is_default: nobody has chosen the name.
        journal: see Store.
        shard: see ``open_store``.
        filesystem: see ``open_store``.
        unsaved: see ``open_store``.

    Raises:
        StoreError: see ``open_store``.
        SyncConfigError: see ``open_store``; or the location is a file, and the name is not a default.
    """
    opened = partial(open_store, journal=journal, shard=shard, filesystem=filesystem, unsaved=unsaved)
    if store_file(location) is not None:
        if not is_default:
            raise SyncConfigError(
                f"the store {location} is a file, which holds one store; leave out its name {name!r}, or give a file "
                "for each"
            )
        return opened(location)
    named = named_location(location, name)
    if not _has_content(location, filesystem, shard):
        return opened(named)
    if is_default:
        return opened(named if _has_content(named, filesystem, shard) else location)
    return opened(named, origin=location)


def _has_content(location: str, filesystem: AbstractFileSystem | None, shard: Shard) -> bool:
    with closing(store_backend(local_path(location), filesystem, shard)) as backend:
        return backend.has_content()


def store_file(location: str) -> str | None:
    """Return the path of the file that a store is, or None if it has a store backend.

    Args:
        location: a path, ``duckdb:///path``, or the URL of a store backend; a ``file:`` URL names a folder, unless it
            is or looks like a DuckDB file.
    """
    if location.startswith(_DUCKDB):
        return path_in_url(location.removeprefix(_DUCKDB))
    path = local_path(location)
    if is_url(path) or (path != location and is_url(location) and not _is_file(path)):
        return None
    return path


def _is_file(path: str) -> bool:
    return Path(path).is_file() or (path.endswith(".duckdb") and not Path(path).is_dir())


def _file_of(shard: Shard, file: str) -> str:
    """Return the path of a shard's file, beside those of the other shards."""
    path = Path(file)
    beside = path.parent.glob(f"{glob.escape(path.stem)}*{glob.escape(path.suffix)}")
    names = [one.name.removesuffix(path.suffix).removeprefix(path.stem) for one in beside]
    check_others(file, names, shard)
    return str(path.with_name(f"{path.stem}-{label(shard)}{path.suffix}")) if label(shard) else file
