"""Folders and URLs of lakes, and the errors about those that cannot be used."""

import os
import subprocess
from urllib.parse import unquote

import pytest

from talon_one_warehouse import (
    WarehouseConfigError,
    WarehouseLockedError,
    open_warehouse,
    table_spec,
    to_arrow,
)


@pytest.fixture
def url(tmp_path):
    """A folder that does not exist yet."""
    return f"file://{tmp_path}/lake"


@pytest.mark.parametrize("name", ['we"ird', "a/b", "..", "a b.c", "ünï", "100%", "x;--", "'", "[a]*?"])
def test_any_name_of_a_table_a_schema_and_a_folder(tmp_path, name):
    """Characters that a file name cannot have are escaped, and patterns in a folder's name are plain names."""
    place = tmp_path / "[x]*?" / "lake"
    place.parent.mkdir()
    table = table_spec(name, {"properties": {"id": {"type": "integer"}, "n": {"type": "number"}}}, ["id"])
    with open_warehouse(f"{place}/", schema=name) as lake:
        lake.prepare(table)
        for n in (1, 2):
            lake.merge({name: [to_arrow(table, [b'{"id":1,"n":%d}' % n])]})
        quoted = '"' + name.replace('"', '""') + '"'
        assert [(1, 2)] == lake.query(f"SELECT * FROM {quoted}.{quoted}")
    assert [name] == [unquote(folder.name.replace("~", "%")) for folder in place.iterdir()]


def test_a_folder_in_use_is_reported_in_one_line(url):
    """The error about a folder in use is one line that names the process."""
    with open_warehouse(url), pytest.raises(WarehouseLockedError) as caught:
        open_warehouse(url)
    assert f"is in use by process {os.getpid()}; one process writes at a time" in str(caught.value)


def test_relative_folders_need_no_scheme(tmp_path, monkeypatch):
    """A path that can only be a folder needs no scheme."""
    monkeypatch.chdir(tmp_path)
    for url in ("./a", "b/", str(tmp_path / "c")):
        open_warehouse(url).close()
    assert ["a", "b", "c"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///nowhere/at/all", "the directory /nowhere/at does not exist"),
        ("file://lake", "three slashes before an absolute path"),
        ("./x.duckdb", "for DuckDB write duckdb:///./x.duckdb"),
        ("/dev/null", "/dev/null is a file"),
        ("s3://key:secret@bucket/lake", "must not hold keys"),
        ("s3://", "names a bucket and a prefix"),
        ("gs://bucket/lake", "gcsfs is not installed"),
        ("fil:///x", "did you mean file://"),
    ],
)
def test_a_wrong_place_is_reported_in_one_line(url, reason):
    """The error about a wrong URL is one line that says what to do and shows no secret."""
    with pytest.raises(WarehouseConfigError) as caught:
        open_warehouse(url)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_folder_that_may_not_be_written_is_reported_in_one_line(tmp_path):
    """A process without the right to write to a folder gets an error of one line."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "lake").mkdir(mode=0o500)
    with pytest.raises(WarehouseConfigError, match="may not be read and written"):
        open_warehouse(f"{tmp_path}/lake")


def test_a_file_system_without_writes_is_reported_in_one_line(tmp_path):
    """A read-only mount, which root cannot write to either, is an error of one line."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(WarehouseConfigError, match="Read-only file system") as caught:
            open_warehouse(f"{tmp_path}/lake")
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)
    assert "\n" not in str(caught.value)
