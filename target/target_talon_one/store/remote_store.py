"""A store whose home is elsewhere: a working copy on a disk that may vanish, saved so that nothing is ever forgotten.

Before the first request of a destination everything is saved, with all its changes marked as begun. From then on the
small tables that say what was acknowledged are saved every few seconds. A run that is killed leaves changes of which
nobody knows: the next one adds them again or removes them, as after the loss of a file.
"""

from __future__ import annotations

import glob
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from talon_one_singer.settings.local_paths import is_url, local_path, path_in_url
from talon_one_singer.shards import WHOLE
from talon_one_singer.temporary_folders import TemporaryFolder
from target_talon_one.config.shards import check_others, label
from target_talon_one.store.database import MEMORY
from target_talon_one.store.store import Store
from target_talon_one.store.store_backends import store_backend
from target_talon_one.store.translation import store_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fsspec import AbstractFileSystem

    from talon_one_singer.shards import Shard
    from target_talon_one.store.journal import JournalPlace
    from target_talon_one.store.store_backends import StoreBackend

SECONDS_A_SAVE = 3.0
_DUCKDB = "duckdb:///"


def open_store(
    place: str,
    *,
    memory: str = MEMORY,
    journal: JournalPlace | None = None,
    shard: Shard = WHOLE,
    filesystem: AbstractFileSystem | None = None,
) -> Store:
    """The store at a path, or at the URL of a home.

    Args:
        place: the path or URL.
        memory: see Database.
        journal: see Store.
        shard: the part that is pushed, which has a store of its own beside those of the others.
        filesystem: with the keys for a URL; without it they come from the environment.

    Raises:
        StoreLockedError: another run uses it.
        StoreError: it cannot be opened.
        FileUrlError: it is the URL of a file, with what no file has.
        SyncConfigError: the stores there are of another number of parts.
    """
    if place == ":memory:":
        return Store(place, memory=memory)  # gone with the process, and so is what a journal would say of it
    file = store_file(place)
    if file is not None:
        return Store(_file(file, shard), memory=memory, journal=journal)
    return RemoteStore(store_backend(local_path(place), filesystem, shard), memory=memory, journal=journal)


def store_file(place: str) -> str | None:
    """The file that a store is, None if it has a home.

    Args:
        place: a path, ``duckdb:///path``, or the URL of a home; a ``file:`` URL is one of a folder, unless it is or
            looks like a DuckDB file.
    """
    if place.startswith(_DUCKDB):
        return path_in_url(place.removeprefix(_DUCKDB))
    path = local_path(place)
    if is_url(path) or (path != place and is_url(place) and not _is_file(path)):
        return None
    return path


def _is_file(path: str) -> bool:
    return Path(path).is_file() or (path.endswith(".duckdb") and not Path(path).is_dir())


def _file(place: str, shard: Shard) -> str:
    """The file of a part, beside those of the others."""
    path = Path(place)
    beside = path.parent.glob(f"{glob.escape(path.stem)}*{glob.escape(path.suffix)}")
    names = [one.name.removesuffix(path.suffix).removeprefix(path.stem) for one in beside]
    check_others(place, names, shard)
    return str(path.with_name(f"{path.stem}-{label(shard)}{path.suffix}")) if label(shard) else place


class RemoteStore(Store):
    """A store with a home. Not thread-safe: one thread owns it.

    Args:
        backend: where it is kept.
        memory: see Database.
        seconds_a_save: how often acknowledged rows are saved.
        journal: see Store.
    """

    def __init__(
        self,
        backend: StoreBackend,
        *,
        memory: str = MEMORY,
        seconds_a_save: float = SECONDS_A_SAVE,
        journal: JournalPlace | None = None,
    ) -> None:
        self._backend, self._seconds_a_save = backend, seconds_a_save
        self._saved_s = time.monotonic()
        self._based: dict[int, bool] = {}  # destination: its operation must not be repeated
        self._folder = TemporaryFolder("store")
        self._there: set[str] = set()
        try:
            path = Path(self._folder.name) / "store.duckdb"
            self._restore(path)
            super().__init__(str(path), memory=memory, journal=journal)
        except BaseException:
            self._folder.cleanup()
            backend.close()
            raise
        self.path = backend.name

    def _secure(self, destination: int, *, once: bool) -> None:
        if destination not in self._based:
            self._based[destination] = once
            self._save(self._tables())
        elif once:
            self._save(self._small(destination))

    @property
    def where(self) -> str:
        """See Store."""
        return self._backend.name

    def acknowledge(self, destination: int, ranges: Sequence[tuple[int, int]]) -> None:
        """See Store; saved every few seconds."""
        super().acknowledge(destination, ranges)
        if time.monotonic() - self._saved_s >= self._seconds_a_save:
            self._save(self._small(destination))

    def fold(self, destination: int) -> None:
        """See Store."""
        super().fold(destination)
        if self._based.pop(destination, None) is not None:
            self._save(self._tables())

    def compact(self) -> None:
        """See Store; the tables are saved anew when it closes."""

    def close(self) -> None:
        """Save everything and let others in."""
        try:
            self._save(self._tables())
        finally:
            super().close()
            self._folder.cleanup()
            self._backend.close()

    def _restore(self, path: Path) -> None:
        folder = Path(self._folder.name)
        files = self._backend.fetch(folder)
        self._there = set(files)
        with store_errors(self._backend.name), duckdb.connect(str(path)) as db:
            for table, file in files.items():
                db.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet(?)", [str(file)])
                file.unlink()

    def _tables(self) -> list[str]:
        return [name for (name,) in self._run("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1")]

    def _small(self, destination: int) -> list[str]:
        return [f"done_{destination}", f"begun_{destination}", "rejects", "overtaken", "runs"]

    def _save(self, tables: Iterable[str]) -> None:
        files = {table: Path(self._folder.name) / f"{table}.save" for table in tables}
        for table, file in files.items():
            self._run(f"COPY ({self._content(table)}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        there = set(self._tables())
        self._backend.save(files, self._there - there)
        self._there = there
        for file in files.values():
            file.unlink()
        self._saved_s = time.monotonic()

    def _content(self, table: str) -> str:
        """A SELECT of what is saved of a table."""
        select = f"SELECT * FROM {table}"
        kind, _, number = table.partition("_")
        if kind == "begun" and self._based.get(int(number)) is False:
            # What will be begun until the next save: all changes.
            every = f"SELECT 0, max(n) + 1, false FROM changes_{number} HAVING max(n) IS NOT NULL"
            return f"{select} UNION ALL {every}"
        return select
