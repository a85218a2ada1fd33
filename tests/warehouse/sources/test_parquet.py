"""Parquet files and folders of them as sources: columns of several files, partitions and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_warehouse import SourceSpec, WarehouseError, open_source
from tests.source_files import read, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., SourceSpec]:
    """Writes tables (or bytes) into a folder, by the paths of their files."""

    def make(**files: pa.Table | bytes) -> SourceSpec:
        for number, table in enumerate(files.values()):
            path = tmp_path / "lake" / f"part-{number}.parquet"
            path.parent.mkdir(exist_ok=True)
            if isinstance(table, bytes):
                path.write_bytes(table)
            else:
                pq.write_table(table, path)
        return SourceSpec(f"{tmp_path}/lake/")

    return make


ALIKE = {
    "null": (pa.nulls(1), pa.array(["a"]), [None, "a"]),
    "integers": (pa.array([1], pa.int8()), pa.array([2**40]), [1, 2**40]),
    "numbers": (pa.array([2**60 + 1]), pa.array([0.5]), [2**60 + 1, 0.5]),
    "texts": (pa.array(["a"], pa.large_string()), pa.array(["b"]).dictionary_encode(), ["a", "b"]),
    "lists": (pa.array([[1]]), pa.array([[]], pa.list_(pa.null())), [[1], []]),
    "objects": (pa.array([{"a": 1}]), pa.array([{"b": "x"}]), [{"a": 1}, {"b": "x"}]),
}


@pytest.mark.parametrize("pair", ALIKE)
@pytest.mark.parametrize("swapped", [False, True])
def test_types_that_fit_together_are_read_exactly(folder, pair, swapped):
    """Each file is read by its own types: no integer loses digits because another file has fractions."""
    one, two, values = ALIKE[pair]
    tables = [pa.table({"x": one}), pa.table({"x": two})]
    expected = values[::-1] if swapped else values
    rows = read(folder(**dict(zip("ab", tables[::-1] if swapped else tables, strict=True))))
    assert expected == [row["x"] for row in rows]


UNLIKE = {
    "number and text": (pa.array([7]), pa.array(["007"])),
    "boolean and number": (pa.array([True]), pa.array([1])),
    "object and text": (pa.array([{"a": 1}]), pa.array(["{}"])),
    "list and text": (pa.array([["a"]]), pa.array(["a"])),
}


@pytest.mark.parametrize("pair", UNLIKE)
def test_types_that_do_not_fit_together_name_the_column_and_both_files(folder, pair):
    """The error about types that do not fit together names the column and both files."""
    one, two = UNLIKE[pair]
    message = refusal(folder(a=pa.table({"x": one}), b=pa.table({"x": two})))
    assert "the column 'x'" in message
    assert "part-0.parquet" in message
    assert "part-1.parquet" in message


def test_columns_of_later_files_are_taken(folder):
    """Columns that only later files have are read."""
    rows = read(folder(a=pa.table({"id": ["1"]}), b=pa.table({"id": ["2"], "score": [7]}), c=pa.table({"n": [1]})))
    assert [{"id": "1"}, {"id": "2", "score": 7}, {"n": 1}] == rows


def test_files_that_write_a_name_differently_are_refused(folder):
    """Names that differ only in case between files are refused, since the values of one file would be lost."""
    message = refusal(folder(a=pa.table({"city": ["1"]}), b=pa.table({"City": ["2"]})))
    assert "part-1.parquet has the column 'City'" in message
    assert "part-0.parquet has 'city'" in message


def test_a_name_that_a_parquet_file_has_twice_is_refused(tmp_path):
    """A Parquet file with a repeated name is refused."""
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], ["id", "id"]), tmp_path / "twice.parquet")
    assert "has the column 'id' twice" in refusal(SourceSpec(str(tmp_path / "twice.parquet")))


@pytest.mark.parametrize("rendered", [False, True])
def test_names_that_differ_only_in_case_keep_their_values(tmp_path, rendered):
    """Each column keeps its own value; verify sees the same, although DuckDB does not distinguish such names."""
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], ["price", "Price"]), tmp_path / "case.parquet")
    assert [{"price": 1, "Price": 2}] == read(SourceSpec(str(tmp_path / "case.parquet")), rendered=rendered)


def test_folders_of_partitions_give_text(tmp_path):
    """Partition values are text with their leading zeros, and may not be columns of the files as well."""
    for name, number in (("shop=007", 1), ("shop=K%C3%B6ln", 2), ("shop=__HIVE_DEFAULT_PARTITION__", 3)):
        (tmp_path / "lake" / name).mkdir(parents=True)
        pq.write_table(pa.table({"n": [number]}), tmp_path / "lake" / name / "0.parquet")
    spec = SourceSpec(str(tmp_path / "lake"))
    assert {1: "007", 2: "Köln", 3: None} == {row["n"]: row["shop"] for row in read(spec)}
    pq.write_table(pa.table({"n": [4], "shop": [7]}), tmp_path / "lake" / "shop=007" / "1.parquet")
    assert "has the column 'shop' in its folder's name as well" in refusal(spec)


def test_what_other_programs_leave_in_a_folder_is_no_data(folder, tmp_path):
    """Marks, checksums and hidden files are skipped; any other file that is not Parquet is an error with its name."""
    spec = folder(a=pa.table({"id": ["1"]}))
    for name in ("_SUCCESS", "_committed_1", ".part-0.parquet.crc", "part-0.parquet.crc", ".hidden", "lake_$folder$"):
        (tmp_path / "lake" / name).write_bytes(b"x")
    (tmp_path / "lake" / "_temporary").mkdir()
    (tmp_path / "lake" / "_temporary" / "part-9.parquet").write_bytes(b"x")
    assert [{"id": "1"}] == read(spec)
    (tmp_path / "lake" / "notes.txt").write_text("x")
    assert "notes.txt cannot be read as Parquet" in refusal(spec)


def test_an_empty_folder_is_reported(tmp_path):
    """A folder without Parquet files is an error, since no file is not the same as no rows."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "_SUCCESS").touch()
    assert "is a folder without a Parquet file" in refusal(SourceSpec(str(tmp_path / "lake")))


def test_a_broken_parquet_file_is_reported_by_its_name(folder, tmp_path):
    """A Parquet file that is cut off, empty or damaged in the middle is an error with its name."""
    good = pa.table({"id": [f"customer-{number * 7919}" for number in range(5000)]})
    folder(a=good)
    data = (tmp_path / "lake" / "part-0.parquet").read_bytes()
    middle = data[:500] + bytes(1000) + data[1500:]
    for content in (data[:-10], data[: len(data) // 2], b"", b"PAR1", middle):
        assert "part-1.parquet cannot be read as Parquet" in refusal(folder(a=good, b=content))


def test_a_file_that_vanishes_between_is_reported(folder, tmp_path):
    """A file that vanishes after its columns were read is an error."""
    spec = folder(a=pa.table({"id": ["1"]}), b=pa.table({"id": ["2"]}))
    with open_source(spec) as source:
        (tmp_path / "lake" / "part-1.parquet").unlink()
        with pytest.raises(WarehouseError, match=r"part-1.parquet cannot be read as Parquet: the file was removed"):
            list(source.rows())
