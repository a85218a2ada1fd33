"""A store that a backend keeps; the process works on a local copy, which is saved before a row could be forgotten.

Before the first request of a destination everything is saved, with all its changes marked as begun. From then on the
small tables that say what was acknowledged are saved every few seconds. After a run was
killed, it is unknown whether Talon.One received some changes: the next run adds these rows again or removes them.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from talon_one_singer.temporary_folders import TemporaryFolder
from target_talon_one.store.database import MEMORY, Database
from target_talon_one.store.translation import store_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_talon_one.store.in_source.source_rows import SourceRows
    from target_talon_one.store.store_backends import StoreBackend

SECONDS_PER_SAVE = 3.0


class RemoteStore:
    """Persistence in a store backend. Not thread-safe: one thread owns it.

    Args:
        backend: keeps the tables.
        memory: see Database.
        seconds_per_save: how often acknowledged rows are saved.
        origin: opens another backend, whose tables an empty store begins with.
        unsaved: save nothing, and create nothing.
    """

    exclusive = False
    saves_all_changes = True
    source_rows: SourceRows | None = None

    def __init__(
        self,
        backend: StoreBackend,
        *,
        memory: str = MEMORY,
        seconds_per_save: float = SECONDS_PER_SAVE,
        origin: Callable[[], StoreBackend] | None = None,
        unsaved: bool = False,
    ) -> None:
        self._backend, self._seconds_per_save, self._unsaved = backend, seconds_per_save, unsaved
        self.location = backend.name
        self._saved_s = time.monotonic()
        self._non_idempotent: dict[int, bool] = {}  # by destination, from its first request until its commit
        self._saved_tables: set[str] = set()
        self.folder = TemporaryFolder("store")
        try:
            path = Path(self.folder.name) / "store.duckdb"
            self._restore(path, origin)
            self.database = Database(str(path), memory=memory, location=self.location)
        except BaseException:
            self._release()
            raise

    def save_begun(self, destination: int, *, non_idempotent: bool) -> None:
        """See Persistence."""
        if destination not in self._non_idempotent:
            self._non_idempotent[destination] = non_idempotent
            self._save(self._tables())
        elif non_idempotent:
            self._save(_small_tables(destination))

    def save_acknowledged(self, destination: int) -> None:
        """See Persistence; saved every few seconds."""
        if time.monotonic() - self._saved_s >= self._seconds_per_save:
            self._save(_small_tables(destination))

    def save_committed(self, destination: int) -> None:
        """See Persistence."""
        if self._non_idempotent.pop(destination, None) is not None:
            self._save(self._tables())

    def compact(self) -> None:
        """See Persistence; ``close`` saves the tables anew, without deleted rows."""

    def close(self) -> None:
        """See Persistence."""
        try:
            self._save(self._tables())
        finally:
            self.discard()

    def discard(self) -> None:
        """See Persistence."""
        self.database.close()
        self._release()

    def _release(self) -> None:
        self.folder.cleanup()
        self._backend.close()

    def _restore(self, path: Path, origin: Callable[[], StoreBackend] | None) -> None:
        files = self._backend.fetch(Path(self.folder.name), unsaved=self._unsaved)
        self._saved_tables = set(files)
        if origin is not None and not files:
            with closing(origin()) as other:
                files = other.fetch(Path(self.folder.name), unsaved=self._unsaved)
        with store_errors(self.location), duckdb.connect(str(path)) as connection:
            for table, file in files.items():
                connection.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet(?)", [str(file)])
                file.unlink()

    def _tables(self) -> list[str]:
        found = self.database.run("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1")
        return [name for (name,) in found]

    def _save(self, tables: Iterable[str]) -> None:
        if not self._unsaved:
            self._save_now(tables)

    def _save_now(self, tables: Iterable[str]) -> None:
        files = {table: Path(self.folder.name) / f"{table}.save" for table in tables}
        for table, file in files.items():
            self.database.run(f"COPY ({self._content(table)}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        present = set(self._tables())
        self._backend.save(files, self._saved_tables - present)
        self._saved_tables = present
        for file in files.values():
            file.unlink()
        self._saved_s = time.monotonic()

    def _content(self, table: str) -> str:
        """Return a SELECT of the rows of a table that are saved."""
        select = f"SELECT * FROM {table}"
        kind, _, number = table.partition("_")
        if kind == "begun" and self._non_idempotent.get(int(number)) is False:
            # Until the next save, any change may begin.
            all_changes = f"SELECT 0, max(n) + 1, false FROM changes_{number} HAVING max(n) IS NOT NULL"
            return f"{select} UNION ALL {all_changes}"
        return select


def _small_tables(destination: int) -> list[str]:
    return [
        f"done_{destination}",
        f"begun_{destination}",
        "rejects",
        "overtaken",
        "runs",
        "unlogged",
        "imports",
        "remembered",
    ]
