"""A folder of this machine, for one process at a time."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.parquet.lock import FolderLock
from talon_one_warehouse.parquet.manifest import FOLDER
from talon_one_warehouse.parquet.store import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb


class LocalStore:
    """Files under ``root / folder``, see Store. Holds the lock until ``close``.

    Raises:
        WarehouseConfigError: the directory that ``root`` is in does not exist, or ``root`` is a file.
        WarehouseLockedError: another process has it open.
    """

    def __init__(self, root: Path, folder: str) -> None:
        self.name = str(root)
        root = root.expanduser().absolute()
        if root.exists() and not root.is_dir():
            raise WarehouseConfigError(f"{root} is a file; a Parquet warehouse is a directory")
        if not root.parent.is_dir():
            raise WarehouseConfigError(f"the directory {root.parent} does not exist; make it, or choose another path")
        self._folder = root / folder
        (self._folder / FOLDER).mkdir(parents=True, exist_ok=True)
        self._synced: set[Path] = set()
        self._lock = FolderLock(self._folder / FOLDER / "lock", self.name)

    def read(self, path: str) -> bytes | None:
        """See Store."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def replace(self, path: str, data: bytes) -> None:
        """See Store."""
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
        """See Store; the lock keeps others out."""
        self.replace(path, data)

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """See Store."""
        target = self._folder / path
        self._make(target.parent)
        with target.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(target.parent)

    def files(self) -> Iterator[Found]:
        """See Store."""
        lock = self._lock.path
        for folder, _, names in os.walk(self._folder):
            for path in (Path(folder, name) for name in names):
                if path != lock:
                    yield Found(path.relative_to(self._folder).as_posix(), path.stat().st_mtime)

    def remove(self, paths: Iterable[str]) -> None:
        """See Store. Folders that are left empty go too."""
        folders = set()
        for path in paths:
            (self._folder / path).unlink(missing_ok=True)
            folders.add((self._folder / path).parent)
        for folder in folders:
            with suppress(OSError):  # not empty
                folder.rmdir()
                self._synced.discard(folder)

    def uri(self, path: str) -> str:
        """See Store."""
        return str(self._folder / path)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """See Store; DuckDB reads local files by itself."""

    def close(self) -> None:
        """See Store."""
        self._lock.release()

    def _make(self, folder: Path) -> None:
        """Makes a folder that outlives a loss of power."""
        if folder in self._synced:
            return
        folder.mkdir(parents=True, exist_ok=True)
        while folder != self._folder and folder not in self._synced:
            self._synced.add(folder)
            folder = folder.parent
            _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Makes names in a folder outlive a loss of power, where the system lets folders be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
