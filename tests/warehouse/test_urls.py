"""Opening a warehouse by URL."""

import subprocess
import sys

import pytest

from talon_one_warehouse import WarehouseConfigError, open_warehouse


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("talon_one.duckdb", "a warehouse URL looks like duckdb:///loyalty.duckdb, not 'talon_one.duckdb'"),
        ("mysql://u:secret@host/x", "no warehouse for mysql:// URLs; supported: duckdb"),
        ("mysql://u:secret@host/x", "databricks; load into one of these"),
        ("mssql://u:secret@host/x", "no warehouse for mssql:// URLs; supported: duckdb"),
        ("duckbd:///x", "did you mean duckdb://"),
        ("duckdb://x.duckdb", "three slashes before a relative path and four before an absolute one"),
        ("duckdb:///", "names no file"),
        ("duckdb:////nowhere/x.duckdb", "the directory /nowhere does not exist"),
        ("duckdb:////dev/null/x.duckdb", "the directory /dev/null does not exist"),
    ],
)
def test_a_wrong_url_is_reported(url, reason):
    """The error about a wrong URL shows a right one, and no password."""
    with pytest.raises(WarehouseConfigError) as caught:
        open_warehouse(url)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_of_another_kind_is_not_touched(tmp_path):
    """A file of another kind is an error that says so, and stays unchanged."""
    file = tmp_path / "notes.txt"
    file.write_text("not a database" * 1000)
    with pytest.raises(WarehouseConfigError, match="not a valid DuckDB database"):
        open_warehouse(f"duckdb:///{file}")
    assert "not a database" * 1000 == file.read_text()


def test_a_data_file_is_no_warehouse(tmp_path):
    """A CSV file is an error: DuckDB would open it in memory, and the load would be lost."""
    file = tmp_path / "products.csv"
    file.write_text("sku,price\na,1\n")
    with pytest.raises(WarehouseConfigError, match=r"cannot open .*products\.csv: it is a data file"):
        open_warehouse(f"duckdb:///{file}")


def test_a_relative_path_has_three_slashes(tmp_path, monkeypatch):
    """A relative path has three slashes in a URL, and an absolute one four."""
    monkeypatch.chdir(tmp_path)
    for url in ("duckdb:///here.duckdb", f"duckdb:///{tmp_path}/there.duckdb", "duckdb:///:memory:"):
        open_warehouse(url).close()
    assert ["here.duckdb", "there.duckdb"] == sorted(file.name for file in tmp_path.iterdir())


def test_importing_the_package_loads_neither_duckdb_nor_pyarrow():
    """Importing the package loads neither duckdb nor pyarrow, so that the command line starts fast."""
    code = "import sys, talon_one_warehouse; sys.exit(bool({'duckdb', 'pyarrow'} & set(sys.modules)))"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
