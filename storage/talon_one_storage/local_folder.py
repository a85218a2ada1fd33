"""Files in a folder of this machine, as a FileStore."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from talon_one_storage.errors import WriteConflictError
from talon_one_storage.file_store import StoredFile
from talon_one_storage.folder_lock import FolderLock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)  # some network file systems


class LocalFolder:
    """A folder of files, see FileStore.

    Args:
        folder: the folder, created by the first file.
        name: the folder in messages.
        lock: path of the lock file in the folder; the lock is held for each commit.
        exclusive: hold the lock until ``close``, so that no other process can open the folder.

    Raises:
        StorageLockedError: another process holds the lock.
        OSError: the folder cannot be created or written.
    """

    def __init__(self, folder: Path, *, name: str, lock: str, exclusive: bool = False) -> None:
        self.name, self._folder, self._lock_path = name, folder, folder / lock
        self._seen: dict[str, bytes | None] = {}
        self._synced: set[Path] = set()
        self._lock: FolderLock | None = None
        if exclusive:
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self._lock_path, name)

    def read(self, path: str) -> bytes | None:
        """See FileStore."""
        self._seen[path] = self._content(path)
        return self._seen[path]

    def replace(self, path: str, data: bytes) -> None:
        """See FileStore."""
        target = self._folder / path
        temporary = target.with_name(f"{target.name}.{uuid4().hex}.tmp")
        try:
            with self.writing(str(temporary.relative_to(self._folder))) as file:
                file.write(data)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)

    def commit(self, path: str, data: bytes) -> None:
        """See FileStore."""
        with self._committing():
            if self._content(path) != self._seen[path]:
                raise WriteConflictError(self.name)
            self.replace(path, data)
            self._seen[path] = data

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """See FileStore."""
        target = self._folder / path
        self._make(target.parent)
        with target.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(target.parent)

    def download(self, path: str, target: Path) -> None:
        """See FileStore."""
        shutil.copyfile(self._folder / path, target)

    def files(self, *, subfolders: bool = True) -> Iterator[StoredFile]:
        """See FileStore."""
        for folder, below, names in os.walk(self._folder):
            if not subfolders:
                below.clear()
            for path in (Path(folder, name) for name in names):
                if path == self._lock_path:
                    continue
                with suppress(FileNotFoundError):  # removed by another process since it was listed
                    found = path.stat()
                    yield StoredFile(path.relative_to(self._folder).as_posix(), found.st_mtime, found.st_size)

    def remove(self, paths: Iterable[str]) -> None:
        """See FileStore. Folders that become empty are removed too."""
        folders = set()
        for path in paths:
            (self._folder / path).unlink(missing_ok=True)
            folders.add((self._folder / path).parent)
        for folder in folders:
            with suppress(OSError):  # not empty
                folder.rmdir()
                self._synced.discard(folder)

    def make_durable(self, path: str) -> None:
        """See FileStore."""
        target = self._folder / path
        with target.open("rb") as file:
            os.fsync(file.fileno())
        _sync_folder(target.parent)

    def uri(self, path: str) -> str:
        """See FileStore."""
        return str(self._folder / path)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """See FileStore; DuckDB reads local files without help."""

    def close(self) -> None:
        """See FileStore."""
        if self._lock is not None:
            self._lock.release()

    def _content(self, path: str) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None

    @contextmanager
    def _committing(self) -> Iterator[None]:
        """Keep other processes from committing; on a file system without locks they can, right before the write."""
        if self._lock is not None:
            yield
            return
        self._make(self._lock_path.parent)
        lock = None
        try:
            lock = FolderLock(self._lock_path, self.name, wait=True)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _make(self, folder: Path) -> None:
        """Create a folder that survives a loss of power."""
        if folder in self._synced:
            return
        folder.mkdir(parents=True, exist_ok=True)
        while folder != self._folder and folder not in self._synced:
            self._synced.add(folder)
            folder = folder.parent
            _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Make names in a folder survive a loss of power, where the system lets folders be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
