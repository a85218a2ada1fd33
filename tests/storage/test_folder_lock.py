"""The lock of a folder."""

import os

import pytest

from talon_one_storage.errors import StorageLockedError
from talon_one_storage.folder_lock import FolderLock


@pytest.fixture
def path(tmp_path):
    """The lock file of a folder."""
    return tmp_path / "lock"


def test_a_held_lock_names_its_process(path):
    """The error about a held lock names the folder and the process that holds the lock."""
    FolderLock(path, "the lake")
    with pytest.raises(StorageLockedError) as raised:
        FolderLock(path, "the lake")
    assert "the lake" == raised.value.where
    assert f"process {os.getpid()}" == raised.value.holder


def test_a_released_lock_can_be_taken_again(path):
    """A lock that was released, even twice, can be taken again."""
    lock = FolderLock(path, "the lake")
    lock.release()
    lock.release()
    FolderLock(path, "the lake").release()
