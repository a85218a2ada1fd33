"""Files that killed writers leave in a folder."""

import os

from talon_one_storage.file_store import remove_unlisted
from talon_one_storage.local_folder import LocalFolder


def test_only_old_unlisted_files_are_removed(tmp_path):
    """Files that the manifest does not list are removed if they are older than it and of this program."""
    store = LocalFolder(tmp_path, name="the store", lock="lock")
    ages = {"listed.parquet": 1, "left.parquet": 1, "notes.txt": 1, "manifest.json": 2, "being-written.parquet": 3}
    for name, changed_s in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (changed_s, changed_s))
    remove_unlisted(store, "manifest.json", {"listed.parquet"}, is_removable=lambda path: path.endswith(".parquet"))
    assert {*ages} - {"left.parquet"} == {path.name for path in tmp_path.iterdir()}
