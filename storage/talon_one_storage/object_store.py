"""Files under a prefix of an object store, or of any other file system of fsspec, as a FileStore.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import fsspec

from talon_one_storage.errors import WriteConflictError
from talon_one_storage.file_store import OBJECT_STORES, StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import duckdb
    from fsspec import AbstractFileSystem

_S3_OPTIONS = {"default_block_size": 5 * 2**20}  # the smallest part of an upload; the default reads 50 MB ahead
_CONFLICT = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_UNKNOWN_CONDITION = ("NotImplemented", "501")  # of servers that speak an older S3


class ObjectStore:
    """Files under a prefix, see FileStore. It has no lock: the second of two processes that commit gets an error.

    S3 replaces a file on the condition that it is still the version that was read. In other stores the version is
    compared just before, which leaves a moment in which two processes can overwrite each other.

    Args:
        filesystem: has the keys; one from ``object_filesystem`` lists no stale files.
        root: the prefix, in the file system's own form.
        name: the prefix in messages, without secrets.
    """

    def __init__(self, filesystem: AbstractFileSystem, root: str, *, name: str) -> None:
        self.name = name
        self._fs, self._root = filesystem, root.rstrip("/")
        protocol = filesystem.protocol
        self._protocols: tuple[str, ...] = (protocol,) if isinstance(protocol, str) else tuple(protocol)
        self._tags: dict[str, str | None] = {}

    def read(self, path: str) -> bytes | None:
        """See FileStore."""
        full = self._full(path)
        while True:
            tag = self._tag(full)
            if tag is None:
                self._tags[path] = None
                return None
            data: bytes = self._fs.cat_file(full)
            if tag == self._tag(full):
                self._tags[path] = tag
                return data

    def replace(self, path: str, data: bytes) -> None:
        """See FileStore."""
        self._make_folder()
        self._fs.pipe_file(self._full(path), data)

    def commit(self, path: str, data: bytes) -> None:
        """See FileStore."""
        full, tag = self._full(path), self._tags[path]
        try:
            if "s3" in self._protocols:
                self._put_if(full, data, tag)
            else:
                self._compare_and_put(full, data, tag)
        except OSError as error:
            # If the answer to a put is lost, the repeated put finds the data that the first one has written.
            if not _is_conflict(error):
                raise
            if self._fs.cat_file(full) != data:
                raise WriteConflictError(self.name) from None
        self._tags[path] = self._tag(full)

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """See FileStore."""
        self._make_folder()
        with self._fs.open(self._full(path), "wb") as file:
            yield file

    def download(self, path: str, target: Path) -> None:
        """See FileStore."""
        self._fs.get_file(self._full(path), str(target))

    def files(self, *, subfolders: bool = True) -> Iterator[StoredFile]:
        """See FileStore."""
        self._fs.invalidate_cache()
        for full, info in self._fs.find(self._root, maxdepth=None if subfolders else 1, detail=True).items():
            yield StoredFile(full[len(self._root) + 1 :], _changed_s(info), int(info.get("size") or 0))

    def remove(self, paths: Iterable[str]) -> None:
        """See FileStore."""
        for path in paths:
            with suppress(FileNotFoundError):
                self._fs.rm_file(self._full(path))

    def make_durable(self, path: str) -> None:
        """See FileStore; an object is durable when the request that wrote it is answered."""

    def uri(self, path: str) -> str:
        """See FileStore."""
        return f"{self._protocols[0]}://{self._full(path).removeprefix('/')}"

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """See FileStore."""
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        connection.register_filesystem(self._fs)

    def close(self) -> None:
        """See FileStore."""

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _make_folder(self) -> None:
        if not self._protocols or self._protocols[0] not in OBJECT_STORES:
            self._fs.makedirs(self._root, exist_ok=True)

    def _tag(self, full: str) -> str | None:
        """Return what distinguishes the versions of a file, or None if there is no file."""
        self._fs.invalidate_cache()
        try:
            info = self._fs.info(full)
        except FileNotFoundError:
            return None
        return str(info.get("ETag") or info.get("etag") or info.get("generation") or self._fs.checksum(full))

    def _put_if(self, full: str, data: bytes, tag: str | None) -> None:
        condition = {"mode": "create"} if tag is None else {"IfMatch": tag}
        try:
            self._fs.pipe_file(full, data, **condition)
        except (OSError, NotImplementedError) as error:
            if _code(error) not in _UNKNOWN_CONDITION:
                raise
            self._compare_and_put(full, data, tag)

    def _compare_and_put(self, full: str, data: bytes, tag: str | None) -> None:
        if self._tag(full) != tag:
            raise WriteConflictError(self.name)
        self._make_folder()
        self._fs.pipe_file(full, data)


def object_filesystem(scheme: str, filesystem: AbstractFileSystem | None = None) -> AbstractFileSystem:
    """Return a file system of an object store that caches no listing, since other processes write there too.

    Args:
        scheme: ``s3``, ``gs``, ``abfs``.
        filesystem: has the keys, and is not changed; by default the keys come from the environment.

    Raises:
        ImportError: the package that reads the scheme is not installed.
    """
    options: dict[str, Any] = {"use_listings_cache": False, **(_S3_OPTIONS if scheme == "s3" else {})}
    if filesystem is None:
        return fsspec.filesystem(scheme, **options)
    return type(filesystem)(*filesystem.storage_args, **{**filesystem.storage_options, **options})


def _is_conflict(error: OSError) -> bool:
    """Return whether the error says that the file is not the version that was expected."""
    return isinstance(error, FileExistsError) or error.errno == errno.EEXIST or _code(error) in _CONFLICT


def _code(error: Exception) -> str:
    """Return the error code of S3, if there is one."""
    return str(getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", ""))


def _changed_s(info: Mapping[str, Any]) -> float:
    """Return when a file was last changed; infinity if the store does not say, so that the file never counts as old."""
    for name in ("LastModified", "last_modified", "updated", "created", "mtime"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return float("inf")
