"""A prefix of an object store, through fsspec. Nobody is locked out: who commits second is told so.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from talon_one_warehouse.errors import WarehouseLockedError
from talon_one_warehouse.parquet.store import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb
    from fsspec import AbstractFileSystem

_S3_OPTIONS = {"default_block_size": 5 * 2**20}  # the smallest part of an upload; the default reads 50 MB ahead
_PRECONDITION = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


class RemoteStore:
    """Objects under ``scheme://place/folder``, see Store.

    Where S3 is spoken the manifest is put on condition that it is still the one that was read. Other stores have it
    compared just before, which leaves a moment in which two loads can overwrite each other.

    Args:
        scheme: ``s3``, ``gs``, ``abfs``.
        place: bucket and prefix.
        folder: below it.
        filesystem: the one that has the keys; without it they come from the environment.
    """

    def __init__(self, scheme: str, place: str, folder: str, filesystem: AbstractFileSystem | None = None) -> None:
        self.name = f"{scheme}://{place}"
        self._scheme = scheme
        self._is_s3 = scheme == "s3"
        self._fs: AbstractFileSystem = _without_cache(scheme, filesystem)
        self._folder = f"{self._fs._strip_protocol(self.name)}/{folder}"
        self._tags: dict[str, str | None] = {}

    def read(self, path: str) -> bytes | None:
        """See Store; remembers which version it was."""
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
        """See Store."""
        self._fs.pipe_file(self._full(path), data)

    def commit(self, path: str, data: bytes) -> None:
        """See Store."""
        full, tag = self._full(path), self._tags[path]
        if not self._is_s3 and self._tag(full) != tag:
            raise self._changed()
        try:
            self._fs.pipe_file(full, data, **self._condition(tag))
        except OSError as error:
            # A put that was repeated after a lost answer meets what it has put itself.
            if not _is_precondition(error) or self._fs.cat_file(full) != data:
                raise self._changed() if _is_precondition(error) else error from None
        self._tags[path] = self._tag(full)

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """See Store."""
        with self._fs.open(self._full(path), "wb") as file:
            yield file

    def files(self) -> Iterator[Found]:
        """See Store."""
        for full, info in self._fs.find(self._folder, detail=True).items():
            yield Found(full[len(self._folder) + 1 :], _changed_s(info))

    def remove(self, paths: Iterable[str]) -> None:
        """See Store."""
        for path in paths:
            try:
                self._fs.rm_file(self._full(path))
            except FileNotFoundError:
                continue

    def uri(self, path: str) -> str:
        """See Store."""
        return f"{self._scheme}://{self._full(path).removeprefix('/')}"

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """See Store."""
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        connection.register_filesystem(self._fs)

    def close(self) -> None:
        """See Store."""

    def _full(self, path: str) -> str:
        return f"{self._folder}/{path}"

    def _tag(self, full: str) -> str | None:
        """What tells the versions of an object apart, or None if there is none."""
        try:
            info = self._fs.info(full)
        except FileNotFoundError:
            return None
        return str(info.get("ETag") or info.get("etag") or info.get("generation") or self._fs.checksum(full))

    def _condition(self, tag: str | None) -> dict[str, Any]:
        if not self._is_s3:
            return {}
        return {"mode": "create"} if tag is None else {"IfMatch": tag}

    def _changed(self) -> WarehouseLockedError:
        return WarehouseLockedError(
            f"{self.name} was changed by another process since it was opened; run again when that has ended"
        )


def _without_cache(scheme: str, filesystem: AbstractFileSystem | None) -> AbstractFileSystem:
    """A file system that remembers no listing: others write there too. One that was given is left as it is."""
    import fsspec

    options: dict[str, Any] = {"use_listings_cache": False, **(_S3_OPTIONS if scheme == "s3" else {})}
    if filesystem is None:
        return fsspec.filesystem(scheme, **options)
    return type(filesystem)(*filesystem.storage_args, **{**filesystem.storage_options, **options})


def _is_precondition(error: OSError) -> bool:
    """True if it says that the object is not the one that was expected."""
    cause = error.__cause__
    code = getattr(cause, "response", {}).get("Error", {}).get("Code", "")
    return isinstance(error, FileExistsError) or error.errno == errno.EEXIST or code in _PRECONDITION


def _changed_s(info: dict[str, Any]) -> float:
    """When an object was made; now if its store does not say, so that it is never taken for old."""
    for name in ("LastModified", "last_modified", "updated", "created", "mtime"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return float("inf")
