"""The interface of a folder of files, local or in an object store. All paths are relative to the folder."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import duckdb


# Scheme of an object store to the fsspec package that reads it.
OBJECT_STORES: Mapping[str, str] = {"s3": "s3fs", "gs": "gcsfs", "abfs": "adlfs"}


class StoredFile(NamedTuple):
    """A file of a store, with the time of its last change in seconds since 1970, and its size in bytes."""

    path: str
    changed_s: float
    size: int


class FileStore(Protocol):
    """A folder of files. Its methods raise OSError and the errors of the driver.

    Attributes:
        name: the folder in messages, without secrets.
    """

    name: str

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None if there is no such file; ``commit`` remembers this version."""
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Create or replace a file in one step: readers see the old content or the new content."""
        ...

    def commit(self, path: str, data: bytes) -> None:
        """Replace a file, if it is still the version that this store has read or committed last.

        Raises:
            WriteConflictError: another process has changed the file since.
        """
        ...

    def writing(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """Open a new file, which is durable when the context ends."""
        ...

    def download(self, path: str, target: Path) -> None:
        """Copy a file to a local path."""
        ...

    def files(self, *, subfolders: bool = True) -> Iterator[StoredFile]:
        """Return all files."""
        ...

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; a missing file is no error."""
        ...

    def make_durable(self, path: str) -> None:
        """Make a file that another library has written survive a loss of power."""
        ...

    def uri(self, path: str) -> str:
        """Return the name of a file in DuckDB's SQL."""
        ...

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the files readable through a DuckDB connection."""
        ...

    def close(self) -> None:
        """Release the lock of the folder, if it has one."""
        ...


def remove_unlisted(
    store: FileStore,
    manifest: str,
    listed: Collection[str],
    is_removable: Callable[[str], bool],
) -> None:
    """Remove files that a killed or refused writer has left behind.

    Files newer than the manifest stay: another process may be writing them for its next commit.

    Args:
        store: holds the manifest and the files.
        manifest: path of the manifest.
        listed: files to keep, besides the manifest.
        is_removable: whether this program may remove a path.
    """
    changed_s = {file.path: file.changed_s for file in store.files(subfolders=False)}
    manifest_s = changed_s.pop(manifest, float("-inf"))
    store.remove(
        path for path, at_s in changed_s.items() if at_s < manifest_s and path not in listed and is_removable(path)
    )
