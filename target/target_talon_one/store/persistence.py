"""Where the tables of a store are kept, and when they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from talon_one_singer.temporary_folders import TemporaryFolder
from target_talon_one.store.database import Database

if TYPE_CHECKING:
    from target_talon_one.store.in_source.source_rows import SourceRows


class Persistence(Protocol):
    """Keeps the tables of a store beyond this process."""

    @property
    def database(self) -> Database:
        """Return the open database."""
        ...

    @property
    def exclusive(self) -> bool:
        """Return whether no other process can have the store open."""
        ...

    @property
    def saves_all_changes(self) -> bool:
        """Return whether all changes are saved before the first request, instead of those that are about to be sent."""
        ...

    @property
    def location(self) -> str:
        """Return where the tables are kept, without secrets."""
        ...

    @property
    def source_rows(self) -> SourceRows | None:
        """Return the acknowledged rows that are loaded from the database of the source; None: all are in the store."""
        ...

    def save_begun(self, destination: int, *, non_idempotent: bool) -> None:
        """Save which changes are about to be sent, before their first request."""
        ...

    def save_acknowledged(self, destination: int) -> None:
        """Save which changes were acknowledged, now or soon."""
        ...

    def save_committed(self, destination: int) -> None:
        """Save the acknowledged rows."""
        ...

    def compact(self) -> None:
        """Remove every trace of deleted rows."""
        ...

    def close(self) -> None:
        """Save everything and release the lock for other runs."""
        ...

    def discard(self) -> None:
        """Save nothing and release the lock for other runs."""
        ...


class NewFile:
    """A store whose file is not created: its tables are in a temporary folder, until the end of the run.

    Args:
        path: of the file that there is not.
        memory: see Database.
    """

    exclusive = True
    saves_all_changes = False
    source_rows: SourceRows | None = None

    def __init__(self, path: str, *, memory: str) -> None:
        self.location, self._folder = str(Path(path).absolute()), TemporaryFolder("store")
        try:
            file = Path(self._folder.name) / "store.duckdb"
            self.database = Database(str(file), memory=memory, location=self.location)
        except BaseException:
            self._folder.cleanup()
            raise

    def save_begun(self, destination: int, *, non_idempotent: bool) -> None:
        """See Persistence."""

    def save_acknowledged(self, destination: int) -> None:
        """See Persistence."""

    def save_committed(self, destination: int) -> None:
        """See Persistence."""

    def compact(self) -> None:
        """See Persistence."""

    def close(self) -> None:
        """See Persistence."""
        self.discard()

    def discard(self) -> None:
        """See Persistence."""
        self.database.close()
        self._folder.cleanup()


class LocalFile:
    """A DuckDB file, in which the result of every statement is durable."""

    exclusive = True
    saves_all_changes = False
    source_rows: SourceRows | None = None

    def __init__(self, database: Database) -> None:
        self.database, self.location = database, database.location

    def save_begun(self, destination: int, *, non_idempotent: bool) -> None:
        """See Persistence."""

    def save_acknowledged(self, destination: int) -> None:
        """See Persistence."""

    def save_committed(self, destination: int) -> None:
        """See Persistence."""

    def compact(self) -> None:
        """See Persistence."""
        self.database.compact()

    def close(self) -> None:
        """See Persistence."""
        self.database.close()

    def discard(self) -> None:
        """See Persistence."""
        self.database.close()
