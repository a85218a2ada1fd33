"""Merging into Delta tables of a local folder; what every warehouse does is tested with the others."""

import json
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, TableFeatures
from deltalake.schema import PrimitiveType

from talon_one_warehouse import (
    MergeCounts,
    TableError,
    WarehouseError,
    open_warehouse,
    table_spec,
    to_arrow,
)

READERS = Path(__file__).parents[3] / ".venvs" / "lake-readers" / "bin" / "python"
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


def delta(folder, table="ledger"):
    """The Delta table as another program sees it."""
    return DeltaTable(folder / table)


def on_disk(folder, table="ledger"):
    """All data files there are, live or not."""
    return {path.name for path in (folder / table).glob("*.parquet")}


def live(folder, table="ledger"):
    """The names of all live data files."""
    return {uri.rpartition("/")[2] for uri in delta(folder, table).file_uris()}


def test_files_hold_exact_types(lake, folder):
    """Delta's types are decimal(38,18), timestamp and unchanged JSON text."""
    merge(lake, b'{"id":1,"created":"9999-12-31T23:59:59Z","amount":12345678901234.56,"attributes":{"a": 1.50}}')
    table = delta(folder).to_pyarrow_table()
    kinds = [pa.int64(), pa.timestamp("us", tz="UTC"), pa.decimal128(38, 18), pa.string()]
    assert kinds == [field.type for field in table.schema]
    assert [(Decimal("12345678901234.56"), '{"a": 1.50}')] == lake.query("SELECT amount, attributes FROM ledger")


def test_the_log_knows_rows_and_keys_of_each_file(lake, folder):
    """The statistics of a file have its number of rows and the bounds of its keys, for readers that skip files."""
    merge(lake, row(7), row(3), row(5))
    (actions,) = pa.table(delta(folder).get_add_actions(flatten=True)).to_pylist()
    assert (3, 3, 7, 0) == tuple(actions[name] for name in ("num_records", "min.id", "max.id", "null_count.id"))


def test_new_changed_and_unchanged_rows_are_counted_apart(lake, folder):
    """New and changed rows are counted apart, and unchanged rows are not written again."""
    rows = [row(n) for n in range(10)]
    before = merge(lake, *rows)
    counts = merge(lake, *rows), merge(lake, row(3, amount="2"), row(4, amount="1.0"), row(10))
    assert MergeCounts(10, 0) == before
    assert (MergeCounts(0, 0), MergeCounts(1, 1)) == counts
    found = lake.query("SELECT id, amount FROM ledger WHERE id IN (3, 4, 10) ORDER BY id")
    assert [(3, 2), (4, 1), (10, 1)] == found
    assert (1, 2) == (len(live(folder)), delta(folder).version())


def test_a_merge_of_nothing_new_writes_no_data_file(lake, folder):
    """A merge without new values writes no data file, but keeps its state."""
    merge(lake, row(1), state={"run": {"at": 1}})
    files = on_disk(folder)
    merge(lake, row(1), state={"run": {"at": 2}})
    assert files == on_disk(folder)
    assert {"at": 2} == lake.state("run")


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
    """A table has few files after any number of merges, and no row is lost."""
    for n in range(70):
        merge(lake, row(n))
    assert len(live(folder)) < 8
    assert [(70, 70)] == lake.query("SELECT count(*), count(DISTINCT id) FROM ledger")


def test_a_compaction_is_no_change_for_readers_of_changes(lake, folder):
    """The commit that joins small files says that no row has changed."""
    for n in range(8):
        merge(lake, row(n))
    actions = json.loads(f"[{','.join((folder / 'ledger/_delta_log/00000000000000000009.json').read_text().split())}]")
    changes = [action[kind]["dataChange"] for action in actions for kind in ("add", "remove") if kind in action]
    assert [False] * 9 == changes


def test_stale_files_go_after_their_time(lake, folder, url):
    """Every hundred commits, files that are stale for long enough and those of a crash are deleted."""
    lake.close()
    delta(folder).alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 0 seconds"})
    (folder / "ledger" / "part-crash.parquet").write_bytes(b"half of a file")
    with open_warehouse(url) as again:
        again.prepare(LEDGER)
        for n in range(101):
            merge(again, row(1, amount=str(n)))
    assert "part-crash.parquet" not in on_disk(folder)
    assert len(on_disk(folder)) < 20


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
        (
            {"amount": {"type": "string"}},
            ["id"],
            r"amount exists as decimal\(38,18\) instead of string",
        ),
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


def test_replaced_files_stay_for_running_queries(lake, folder):
    """A replaced file stays for a day, so that queries that read it can finish."""
    merge(lake, row(1))
    old = on_disk(folder)
    for amount in range(20):
        merge(lake, row(1, amount=str(amount)))
    assert old <= on_disk(folder)
    assert not old & live(folder)


def test_a_column_that_another_program_has_added_keeps_its_values(lake, folder, url):
    """Values of a column that only another program writes survive a merge that changes their row."""
    merge(lake, row(1), row(2))
    lake.close()
    table = delta(folder)
    table.alter.add_columns([Field("note", PrimitiveType("integer"))])
    table.update(updates={"note": "7"}, predicate="id = 1")
    with open_warehouse(url) as again:
        again.prepare(LEDGER)
        assert MergeCounts(1, 1) == merge(again, row(1, amount="5"), row(3))
        assert [(1, 5, 7), (2, 1, None), (3, 1, None)] == again.query("SELECT id, amount, note FROM ledger ORDER BY id")


def test_a_table_with_features_of_another_program_is_refused(lake, folder, url):
    """A table in which another program deletes rows by deletion vectors is refused, and stays as it is."""
    merge(lake, row(1))
    lake.close()
    delta(folder).alter.add_feature(TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
    with open_warehouse(url) as again, pytest.raises(TableError, match=r"talon_one\.ledger to use deletionVectors"):
        again.prepare(LEDGER)


def test_a_lake_that_another_program_has_compacted_is_merged_into(lake, folder, url):
    """Rows are found in files that another program has written and sorted."""
    for n in range(5):
        merge(lake, row(n), row(n + 100))
    lake.close()
    delta(folder).optimize.z_order(["id"])
    with open_warehouse(url) as again:
        again.prepare(LEDGER)
        assert MergeCounts(1, 1) == merge(again, row(3), row(104, amount="9"), row(200))
        assert [(11, 11, 9)] == again.query("SELECT count(*), count(DISTINCT id), max(amount) FROM ledger")


@pytest.mark.skipif(not READERS.exists(), reason="run scripts/setup_peers.sh")
@pytest.mark.parametrize("reader", ["deltalake", "duckdb", "polars"])
def test_other_programs_read_the_same_rows(lake, folder, reader):
    """deltalake, DuckDB's delta_scan and polars read the live rows, with every digit."""
    merge(lake, row(1), row(2, "2024-02", "12345678901234.56"), b'{"id":3}')
    merge(lake, row(1, "2024-03", "0.000000000000000001"))
    done = subprocess.run(
        [READERS, Path(__file__).with_name("lake_readers.py"), reader, folder / "ledger"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [
        [1, "2024-03-15T12:00:00+00:00", "0.000000000000000001"],
        [2, "2024-02-15T12:00:00+00:00", "12345678901234.560000000000000000"],
        [3, None, None],
    ] == json.loads(done.stdout)


def test_states_and_tables_outlive_the_warehouse(url):
    """Tables and states stay after the warehouse is closed."""
    with open_warehouse(url) as lake:
        lake.prepare(LEDGER)
        merge(lake, row(1), state={"a": {"x": [1, "ü", 1.5, None]}})
    with open_warehouse(url) as again:
        assert {"x": [1, "ü", 1.5, None]} == again.state("a")
        assert again.state("b") is None
        assert [(1,)] == again.query("SELECT id FROM talon_one.ledger")
