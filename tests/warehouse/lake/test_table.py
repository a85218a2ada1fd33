"""Commits of the Delta tables of a lake."""

import os
from pathlib import Path

import pytest
from deltalake import DeltaTable

from talon_one_warehouse import open_warehouse, table_spec, to_arrow
from talon_one_warehouse.lake.key_ranges import DataFile
from talon_one_warehouse.lake.table import ROWS_PER_FILE, small_files


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


def files_of(rows, row_bytes):
    """The files into which a merge or a compaction writes rows."""
    counts = [min(ROWS_PER_FILE, rows - first) for first in range(0, rows, ROWS_PER_FILE)]
    return [DataFile("part.parquet", int(count * row_bytes), count, {}, {}) for count in counts]


@pytest.mark.parametrize("row_bytes", [15, 80, 400])
@pytest.mark.parametrize("rows", [5_000, 20_000, 100_000])
def test_a_row_is_rewritten_a_few_times_however_many_follow(rows, row_bytes):
    """Compactions write each row at most twice in 3,000 merges, and keep the number of files low."""
    files, merged, rewritten = [], 0, 0
    for _ in range(3_000):
        files += files_of(rows, row_bytes)
        merged += rows
        if small := small_files(files):
            compacted = sum(file.rows for file in small)
            files = [file for file in files if file not in small] + files_of(compacted, row_bytes)
            rewritten += compacted
        assert len(files) < 90 + merged * row_bytes // 2**23
    assert rewritten <= 2 * merged
