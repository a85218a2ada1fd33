"""Files in an object store: a server of the S3 protocol as a separate program, and a file system without conditions."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import fsspec
import pytest
from botocore.exceptions import ClientError
from fsspec.implementations.memory import MemoryFileSystem

from talon_one_storage.errors import WriteConflictError
from talon_one_storage.object_store import ObjectStore, object_filesystem

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = "manifest.json"


@pytest.fixture(params=["s3", "memory"])
def open_store(request: pytest.FixtureRequest) -> Callable[[], ObjectStore]:
    """Return a function that opens one prefix, in S3 and in a file system without conditional writes."""
    if request.param == "memory":
        system = fsspec.filesystem("memory")
        system.store.clear()
        return lambda: ObjectStore(system, "/lake", name="memory://lake")
    request.getfixturevalue("s3")
    return lambda: ObjectStore(object_filesystem("s3"), "bucket/lake", name="s3://bucket/lake")


def test_the_second_of_two_commits_is_refused(open_store):
    """A commit is refused if another process has created or changed the file since it was read."""
    first, second = open_store(), open_store()
    for version in (b"1", b"2"):
        for store in (first, second):
            store.read(MANIFEST)
        first.commit(MANIFEST, version)
        with pytest.raises(WriteConflictError, match="was changed by another process"):
            second.commit(MANIFEST, version + b" of the second")
    assert b"2" == second.read(MANIFEST)


def test_one_of_many_simultaneous_commits_to_s3_wins(s3):
    """Of commits that start from the same version at the same moment exactly one succeeds in S3."""
    stores = [ObjectStore(object_filesystem("s3"), "bucket/lake", name="s3://bucket/lake") for _ in range(4)]
    for store in stores:
        store.read(MANIFEST)

    def commit(number: int) -> bool:
        try:
            stores[number].commit(MANIFEST, str(number).encode())
        except WriteConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(stores)) as pool:
        done = list(pool.map(commit, range(len(stores))))
    assert 1 == done.count(True)
    assert str(done.index(True)).encode() == s3.cat_file(f"bucket/lake/{MANIFEST}")


class OldS3(MemoryFileSystem):
    """A file system of a server that speaks S3 without conditional writes."""

    protocol = ("s3",)
    store: ClassVar[dict[str, Any]] = {}

    def pipe_file(self, path, value, mode="overwrite", **conditions):
        """Refuse conditions as s3fs does."""
        if mode == "create" or conditions:
            cause = ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")
            raise OSError(errno.ENOSYS, "A header implies functionality that is not implemented") from cause
        super().pipe_file(path, value)


def test_a_server_without_conditional_writes_is_compared_with():
    """On a server that refuses conditions the version is compared before the write."""
    first, second = (ObjectStore(OldS3(), "/lake", name="s3://lake") for _ in range(2))
    for version in (b"1", b"2"):
        for store in (first, second):
            store.read(MANIFEST)
        first.commit(MANIFEST, version)
        with pytest.raises(WriteConflictError):
            second.commit(MANIFEST, b"of the second")
    assert b"2" == second.read(MANIFEST)


def test_files_are_listed_with_and_without_subfolders(open_store):
    """The list of files contains subfolders unless they are left out."""
    store = open_store()
    for path in ("a", "below/b"):
        store.replace(path, b"x")
    assert {"a", "below/b"} == {file.path for file in store.files()}
    assert {"a"} == {file.path for file in store.files(subfolders=False)}
    store.remove(["a", "missing"])
    assert {"below/b"} == {file.path for file in store.files()}
