"""Where the files of a Parquet warehouse are kept. All paths are relative to the folder of the schema."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    import duckdb


class Found(NamedTuple):
    """A file that is there, and when it was last changed, in seconds since 1970."""

    path: str
    changed_s: float


class Store(Protocol):
    """A folder of files, local or not; ``name`` is how errors call it. Raises OSError and what its driver raises."""

    name: str

    def read(self, path: str) -> bytes | None:
        """The content of a file, or None if there is none."""
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Make or replace a file in one step: readers see the old content or the new one."""
        ...

    def commit(self, path: str, data: bytes) -> None:
        """Replace the file that decides what is live.

        Raises:
            WarehouseLockedError: somebody else has replaced it since it was read.
        """
        ...

    def writing(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """A new file, which is kept for good when the context ends."""
        ...

    def files(self) -> Iterator[Found]:
        """All files there are, in all folders."""
        ...

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; those that are not there are no error."""
        ...

    def uri(self, path: str) -> str:
        """How DuckDB names a file."""
        ...

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the files readable through a connection."""
        ...

    def close(self) -> None:
        """Let others in."""
        ...
