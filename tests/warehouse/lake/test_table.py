"""Commits of the Delta tables of a lake."""

import os
from pathlib import Path

import pytest
from deltalake import DeltaTable

from talon_one_warehouse import open_warehouse, table_spec, to_arrow


@pytest.fixture
def synced(monkeypatch):
    """The paths of all files that were written to the disk."""
    found, fsync = set(), os.fsync

    def noted(descriptor):
        found.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_every_commit_survives_a_loss_of_power(tmp_path, synced):
    """Each commit is written to the disk: merges, compactions, a vacuum, and those after a checkpoint of the log."""
    table = table_spec("t", {"properties": {"id": {"type": "integer"}}}, ["id"])
    folder = tmp_path / "lake" / "talon_one" / "t"
    left = folder / "left.parquet"
    with open_warehouse(f"{tmp_path}/lake/") as lake:
        lake.prepare(table)
        for number in range(10):
            lake.merge({"t": [to_arrow(table, [b'{"id":%d}' % number])]})
    delta = DeltaTable(folder)
    first = delta.version()
    for _ in range(first, 95):  # the log of a table that was written often
        delta.create_write_transaction([], "append", delta.schema())
        delta.update_incremental()
    of_another_program = {str(folder / "_delta_log" / f"{version:020}.json") for version in range(first + 1, 96)}
    with open_warehouse(f"{tmp_path}/lake/") as lake:
        lake.prepare(table)
        left.touch()
        os.utime(left, (0, 0))
        for number in range(10, 20):
            lake.merge({"t": [to_arrow(table, [b'{"id":%d}' % number])]})
        lake.prepare(table.with_loaded_at())
    assert not left.exists()
    assert (folder / "_delta_log" / "_last_checkpoint").exists()
    assert of_another_program == {str(path) for path in (folder / "_delta_log").glob("*.json")} - synced
