"""Merging into Parquet files of a local folder; what every warehouse does is tested with the others."""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_warehouse import (
    MergeCounts,
    TableError,
    WarehouseError,
    open_warehouse,
    table_spec,
    to_arrow,
)

TYPES = {
    "id": {"type": "integer"},
    "created": {"type": ["string", "null"], "format": "date-time"},
    "amount": {"type": ["number", "null"]},
    "attributes": {"type": ["object", "null"]},
}
LEDGER = table_spec("ledger", {"properties": TYPES}, ["id"])


@pytest.fixture
def url(tmp_path):
    """A folder that does not exist yet."""
    return f"file://{tmp_path}/lake"


@pytest.fixture
def folder(tmp_path):
    """Where the schema's files are."""
    return tmp_path / "lake" / "talon_one"


@pytest.fixture
def lake(url):
    """A warehouse with a ledger."""
    with open_warehouse(url) as opened:
        opened.prepare(LEDGER)
        yield opened


def row(key, month="2024-01", amount="1"):
    """A row of a month."""
    return f'{{"id":{key},"created":"{month}-15T12:00:00Z","amount":{amount}}}'.encode()


def merge(lake, *rows, state=None):
    """Merges rows into the ledger."""
    return lake.merge({"ledger": [to_arrow(LEDGER, rows)]}, state)


def manifest(folder):
    """The manifest as JSON."""
    return json.loads((folder / "_talon_one" / "manifest.json").read_bytes())


def live(folder, table="ledger"):
    """The rows of the live files by partition, one number a file."""
    partitions = manifest(folder)["tables"][table]["partitions"]
    return {name: [file["rows"] for file in files] for name, files in partitions.items()}


def on_disk(folder):
    """All data files there are."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


def listed(folder):
    """All data files that are live."""
    tables = manifest(folder)["tables"].values()
    return sorted(file["path"] for table in tables for files in table["partitions"].values() for file in files)


def test_rows_lie_in_folders_by_the_month_of_created(lake, folder):
    """Files lie in Hive's layout by the month of created, and rows without an instant have a folder of their own."""
    merge(lake, row(1), row(2, "2024-02"), row(3, "2024-02"), b'{"id":4}')
    assert {"2024-01": [1], "2024-02": [2], "__HIVE_DEFAULT_PARTITION__": [1]} == live(folder)
    assert {"ledger/month=2024-01", "ledger/month=2024-02", "ledger/month=__HIVE_DEFAULT_PARTITION__"} == {
        path.rpartition("/")[0] for path in on_disk(folder)
    }
    found = duckdb.sql(
        f"SELECT month, count(*) FROM read_parquet('{folder}/ledger/**/*.parquet', hive_partitioning = true, "
        "hive_types_autocast = false) GROUP BY month ORDER BY month"
    ).fetchall()
    assert [("2024-01", 1), ("2024-02", 2), (None, 1)] == found


def test_a_snapshot_lies_by_as_of_and_a_table_without_instants_in_one_folder(lake, folder):
    """A snapshot lies by the month of as_of, and a table without instants in one folder."""
    instant = {"type": "string", "format": "date-time"}
    balances = table_spec("balances", {"properties": {"id": {"type": "integer"}, "as_of": instant}}, ["id", "as_of"])
    cards = table_spec("cards", {"properties": {"id": {"type": "integer"}}}, ["id"])
    for table in (balances, cards):
        lake.prepare(table)
    rows = to_arrow(balances, [b'{"id":1,"as_of":"2024-03-01T00:00:00Z"}'])
    lake.merge({"balances": [rows], "cards": [to_arrow(cards, [b'{"id":1}'])]})
    assert {"2024-03": [1]} == live(folder, "balances")
    assert {"all": [1]} == live(folder, "cards")


def test_files_hold_exact_types(lake, folder):
    """Files hold DECIMAL(38,18), microseconds in UTC and unchanged JSON text."""
    merge(lake, b'{"id":1,"created":"9999-12-31T23:59:59Z","amount":12345678901234.56,"attributes":{"a": 1.50}}')
    (path,) = on_disk(folder)
    table = pq.read_table(folder / path, partitioning=None)
    kinds = [pa.int64(), pa.timestamp("us", tz="UTC"), pa.decimal128(38, 18), pa.string()]
    assert kinds == [field.type for field in table.schema]
    assert ["ledger/month=9999-12"] == [path.rpartition("/")[0]]
    assert [(Decimal("12345678901234.56"), '{"a": 1.50}')] == lake.query("SELECT amount, attributes FROM ledger")


def test_new_changed_and_unchanged_rows_are_counted_apart(lake, folder):
    """New and changed rows are counted apart, and unchanged rows are not written again."""
    rows = [row(n) for n in range(10)]
    before = merge(lake, *rows)
    files = listed(folder)
    counts = merge(lake, *rows), merge(lake, row(3, amount="2"), row(4, amount="1.0"), row(10))
    assert MergeCounts(10, 0) == before
    assert (MergeCounts(0, 0), MergeCounts(1, 1)) == counts
    assert files != listed(folder)
    found = lake.query("SELECT id, amount FROM ledger WHERE id IN (3, 4, 10) ORDER BY id")
    assert [(3, 2), (4, 1), (10, 1)] == found
    assert {"2024-01": [11]} == live(folder)


def test_a_merge_of_nothing_new_writes_no_data_file(lake, folder):
    """A merge without new values writes no data file, but keeps its state."""
    merge(lake, row(1), state={"run": {"at": 1}})
    files = on_disk(folder)
    merge(lake, row(1), state={"run": {"at": 2}})
    assert files == on_disk(folder)
    assert {"at": 2} == lake.state("run")


def test_a_row_whose_month_changes_is_there_once(lake, folder):
    """A row whose month changes leaves its old month, whose folder goes when it held nothing else."""
    merge(lake, row(1), row(2), row(3, "2024-02"))
    assert MergeCounts(0, 2) == merge(lake, row(1, "2024-03"), row(3, "2024-03"))
    assert {"2024-01": [1], "2024-03": [2]} == live(folder)
    assert [(1, 3), (2, 1), (3, 3)] == lake.query("SELECT id, month(created) FROM ledger ORDER BY id")


def test_keys_are_found_whatever_the_range_of_the_files(lake):
    """Keys are found in files whose key ranges overlap."""
    for start in range(5):
        merge(lake, *(row(key, f"2024-{start + 1:02}") for key in range(start, 500, 5)))
    again = [row(key, "2024-12", "7") for key in range(0, 500, 50)]
    assert MergeCounts(0, 10) == merge(lake, *again)
    assert [(500, 500, 10)] == lake.query(
        "SELECT count(*), count(DISTINCT id), count(*) FILTER (amount = 7) FROM ledger"
    )


def test_a_key_of_several_columns_with_texts_and_instants(lake):
    """A key may consist of several columns of texts and instants, as that of balances does."""
    kinds = {"card": {"type": "string"}, "as_of": {"type": "string", "format": "date-time"}, "n": {"type": "number"}}
    table = table_spec("balances", {"properties": kinds}, ["card", "as_of"])
    lake.prepare(table)

    def rows(n):
        return [
            f'{{"card":"{card}","as_of":"2024-0{month}-01T00:00:00Z","n":{n}}}'.encode()
            for card in ("a", "b", "z" * 300)
            for month in (1, 2)
        ]

    counts = [lake.merge({"balances": [to_arrow(table, rows(n))]}) for n in (1, 1, 2)]
    assert [MergeCounts(6, 0), MergeCounts(0, 0), MergeCounts(0, 6)] == counts


def test_small_files_become_one_and_no_row_is_lost(lake, folder):
    """A month has few files after any number of merges, and no row is lost."""
    for n in range(70):
        merge(lake, row(n), row(1000 + n, "2024-02"))
    assert max(len(files) for files in live(folder).values()) <= 8
    assert [(140, 140)] == lake.query("SELECT count(*), count(DISTINCT id) FROM ledger")


def test_a_column_that_is_added_is_null_in_older_files(lake):
    """A new column is null in older files, and a column that is no longer sent keeps its values."""
    merge(lake, row(1), row(2))
    properties = {"id": {"type": "integer"}, "name": {"type": "string"}}
    newer = table_spec("ledger", {"properties": properties}, ["id"])
    lake.prepare(newer)
    found = lake.query("SELECT id, name FROM ledger ORDER BY id")
    rows = [b'{"id":1,"name":"x"}', b'{"id":3,"name":"y"}']
    assert MergeCounts(1, 1) == lake.merge({"ledger": [to_arrow(newer, rows)]})
    assert [(1, None), (2, None)] == found
    at = datetime(2024, 1, 15, 12, tzinfo=UTC)
    assert [(1, at, "x"), (2, at, None), (3, None, "y")] == lake.query(
        "SELECT id, created, name FROM ledger ORDER BY id"
    )


@pytest.mark.parametrize(
    ("properties", "key", "reason"),
    [
        ({"amount": {"type": "string"}}, ["id"], "talon_one.ledger.amount exists as number instead of string"),
        ({"name": {"type": "string"}}, ["name"], r"exists with the key \(id\) instead of \(name\)"),
    ],
)
def test_another_type_or_key_is_refused(lake, properties, key, reason):
    """Another type or key is refused, and the existing table stays as it is."""
    table = table_spec("ledger", {"properties": {"id": {"type": "integer"}} | properties}, key)
    with pytest.raises(TableError, match=reason):
        lake.prepare(table)


def test_a_merge_that_fails_leaves_nothing(lake, folder):
    """If the second table refuses a row, no row, no state and no file of the merge remain."""
    merge(lake, row(1), state={"run": {"at": 1}})
    lake.prepare(table_spec("other", {"properties": {"id": {"type": "integer"}}}, ["id"]))
    files = on_disk(folder)
    broken = pa.RecordBatch.from_pydict({"id": ["not a number"]})
    with pytest.raises(WarehouseError):
        lake.merge({"ledger": [to_arrow(LEDGER, [row(2)])], "other": [broken]}, {"run": {"at": 2}})
    assert [(1,)] == lake.query("SELECT id FROM ledger")
    assert files == on_disk(folder)
    assert {"at": 1} == lake.state("run")


def test_replaced_files_outlive_the_merge_that_replaced_them(lake, folder):
    """Replaced files stay for readers of the views until the next merge."""
    merge(lake, row(1))
    (old,) = on_disk(folder)
    merge(lake, row(1, amount="2"))
    assert old in on_disk(folder)
    merge(lake, row(2, "2024-02"))
    assert listed(folder) == on_disk(folder)


def test_what_a_crash_left_is_removed_when_it_is_older_than_the_manifest(url, folder):
    """Files of a crashed merge are removed, unless they are newer than the manifest and may belong to a running one."""
    with open_warehouse(url) as lake:
        lake.prepare(LEDGER)
        merge(lake, row(1))
    for name, age_s in (("old", 3600), ("new", -3600)):
        path = folder / "ledger" / "month=2024-01" / f"part-{name}.parquet"
        path.write_bytes(b"half of a file")
        at = (folder / "_talon_one" / "manifest.json").stat().st_mtime - age_s
        os.utime(path, (at, at))
    with open_warehouse(url) as lake:
        assert [(1,)] == lake.query("SELECT id FROM ledger")
    assert {*listed(folder), "ledger/month=2024-01/part-new.parquet"} == set(on_disk(folder))


def test_tables_sql_makes_the_same_views_in_any_duckdb(lake, folder):
    """The file tables.sql creates views of the live files and of the states in any DuckDB."""
    merge(lake, row(1), row(2, "2024-02"), state={"run": {"at": "it's"}})
    merge(lake, row(1, "2024-02", "5"))
    with duckdb.connect() as db:
        db.execute((folder / "_talon_one" / "tables.sql").read_text())
        assert [(1, 5), (2, 1)] == db.execute("SELECT id, amount FROM talon_one.ledger ORDER BY id").fetchall()
        states = db.execute("SELECT state_name, state FROM talon_one._talon_one_state").fetchall()
    assert [("run", '{"at": "it\'s"}')] == states


def test_states_and_tables_outlive_the_warehouse(url):
    """The manifest keeps tables and states after the warehouse is closed."""
    with open_warehouse(url) as lake:
        lake.prepare(LEDGER)
        merge(lake, row(1), state={"a": {"x": [1, "ü", 1.5, None]}})
    with open_warehouse(url) as again:
        assert {"x": [1, "ü", 1.5, None]} == again.state("a")
        assert again.state("b") is None
        assert [(1,)] == again.query("SELECT id FROM talon_one.ledger")
