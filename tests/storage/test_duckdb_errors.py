"""The meaning of DuckDB's errors."""

import subprocess
import sys

import duckdb
import pytest

from talon_one_storage.duckdb_errors import is_disk_full, is_out_of_memory, lock_holder, one_line

HOLDER = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_a_locked_file_names_its_process(tmp_path):
    """The holder of a lock is the process that DuckDB's error names."""
    path = str(tmp_path / "w.duckdb")
    command = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(duckdb.Error) as raised:
            duckdb.connect(path)
        assert f"process {process.pid}" == lock_holder(raised.value)
        process.communicate()


def test_a_lack_of_memory_is_no_lock_and_no_full_disk():
    """An error about memory is not taken for one about a lock or a disk, and is one line."""
    with duckdb.connect() as db:
        db.execute("SET memory_limit = '1MB'; SET temp_directory = ''")
        with pytest.raises(duckdb.Error) as raised:
            db.execute("CREATE TABLE t AS SELECT range FROM range(1000000)")
    assert is_out_of_memory(raised.value)
    assert lock_holder(raised.value) is None
    assert "\n" not in one_line(raised.value)


@pytest.mark.parametrize("words", ["No space left on device", "Disk quota exceeded", "max_temp_directory_size"])
def test_a_full_disk_is_recognized(words):
    """Each wording of a full disk, of the file and of what DuckDB spills, is recognized."""
    assert is_disk_full(duckdb.IOException(f"IO Error: {words}"))
