"""Files in a local folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from talon_one_storage.errors import StorageLockedError, WriteConflictError
from talon_one_storage.local_folder import LocalFolder


def open_folder(path: Path, **options: bool) -> LocalFolder:
    """Open a folder under its own name."""
    return LocalFolder(path / "store", name="the store", lock="lock", **options)


def test_the_second_of_two_commits_is_refused(tmp_path):
    """A commit is refused if another process has changed the file since it was read."""
    first, second = open_folder(tmp_path), open_folder(tmp_path)
    assert [None, None] == [store.read("manifest") for store in (first, second)]
    first.commit("manifest", b"1")
    with pytest.raises(WriteConflictError, match="the store was changed by another process"):
        second.commit("manifest", b"2")
    first.commit("manifest", b"3")
    assert b"3" == second.read("manifest")


def test_one_of_many_simultaneous_commits_wins(tmp_path):
    """Of commits that start from the same version at the same moment exactly one succeeds."""
    stores = [open_folder(tmp_path) for _ in range(8)]
    for store in stores:
        store.read("manifest")

    def commit(number: int) -> bool:
        try:
            stores[number].commit("manifest", str(number).encode())
        except WriteConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(stores)) as pool:
        done = list(pool.map(commit, range(len(stores))))
    assert 1 == done.count(True)
    assert str(done.index(True)).encode() == stores[0].read("manifest")


def test_an_exclusive_folder_keeps_others_out_until_it_is_closed(tmp_path):
    """A folder that is opened exclusively can be opened by the next process after it was closed."""
    store = open_folder(tmp_path, exclusive=True)
    with pytest.raises(StorageLockedError, match="the store is in use by process"):
        open_folder(tmp_path, exclusive=True)
    store.close()
    open_folder(tmp_path, exclusive=True).close()


def test_files_are_listed_without_the_lock(tmp_path):
    """The list of files contains subfolders unless they are left out, and never the lock."""
    store = open_folder(tmp_path, exclusive=True)
    for path in ("a", "below/b"):
        with store.writing(path) as file:
            file.write(b"x")
    assert {"a", "below/b"} == {file.path for file in store.files()}
    assert {"a"} == {file.path for file in store.files(subfolders=False)}
    store.close()
