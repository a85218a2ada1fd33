"""Lakes that version 0.1 has written become Delta tables; the folder ``lake_of_0_1`` is one."""

import json
import shutil
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable

from talon_one_warehouse import MergeCounts, WarehouseConfigError, WarehouseError, open_warehouse, table_spec, to_arrow
from talon_one_warehouse.lake.urls import migrate_lake
from tests import commands

OLD = Path(__file__).with_name("lake_of_0_1")
TYPES = {
    "id": {"type": "integer"},
    "created": {"type": ["string", "null"], "format": "date-time"},
    "amount": {"type": ["number", "null"]},
    "attributes": {"type": ["object", "null"]},
    "name": {"type": ["string", "null"]},
}
LEDGER = table_spec("ledger", {"properties": TYPES}, ["id"])
BALANCES = table_spec(
    "balances",
    {
        "properties": {
            "card": {"type": "string"},
            "as_of": {"type": "string", "format": "date-time"},
            "n": {"type": "number"},
        }
    },
    ["card", "as_of"],
)


@pytest.fixture
def old(tmp_path):
    """A copy of the lake, in which a file is stale."""
    return shutil.copytree(OLD, tmp_path / "lake")


def test_every_live_row_and_every_state_is_there_after_a_migration(old):
    """A migration keeps the live rows of all tables and the states, and leaves stale files out."""
    counts = migrate_lake(str(old), "talon_one")
    at = [datetime(2024, month, 15, 12, 0, 0, 123456, tzinfo=UTC) for month in (1, 2, 3)]
    with open_warehouse(str(old)) as lake:
        rows = lake.query("SELECT id, created, amount, attributes, name FROM ledger ORDER BY id")
        states = [lake.state(name) for name in ("run", "tap-talon-one 0/2")]
        balances = lake.query("SELECT card, month(as_of), n FROM balances ORDER BY ALL")
    assert {"ledger": 4, "balances": 2} == counts
    assert [
        (1, at[0], Decimal("12345678901234.56"), '{"a": 1.50}', None),
        (2, at[2], Decimal("2.5"), '{"a": 1.50}', "two"),
        (3, None, None, None, None),
        (4, at[1], Decimal(4), '{"a": 1.50}', "four"),
    ] == rows
    assert [{"at": 3}, {"x": "ü"}] == states
    assert [("a", 3, Decimal("1.5")), ("a", 4, Decimal("2.5"))] == balances


def test_a_migrated_table_is_merged_into(old):
    """Rows of a migrated table are found by their key, changed and left alone."""
    migrate_lake(f"file://{old}", "talon_one")
    row = b'{"id":%d,"created":"2024-02-15T12:00:00.123456Z","amount":%d,"attributes":{"a": 1.50},"name":"four"}'
    balance = b'{"card":"a","as_of":"2024-0%d-01T00:00:00Z","n":2.5}'
    with open_warehouse(str(old)) as lake:
        for table in (LEDGER, BALANCES):
            lake.prepare(table)
        rows = {"ledger": [to_arrow(LEDGER, [row % (4, 4), row % (1, 7), row % (5, 5)])]}
        counts = [lake.merge(rows) for _ in range(2)]
        of_balances = lake.merge({"balances": [to_arrow(BALANCES, [balance % month for month in (3, 4, 5)])]})
    assert [MergeCounts(1, 1), MergeCounts(0, 0)] == counts
    assert MergeCounts(1, 1) == of_balances
    found = DeltaTable(old / "talon_one" / "ledger").to_pyarrow_table(columns=["id", "amount"]).to_pylist()
    assert {1: 7, 2: Decimal("2.5"), 3: None, 4: 4, 5: 5} == {row["id"]: row["amount"] for row in found}


def test_a_lake_of_an_earlier_version_is_refused_with_the_command(old):
    """A load into a lake of version 0.1 is refused, and the error names the command."""
    with pytest.raises(WarehouseConfigError, match=f"talon-one migrate-lake --to {old} --schema 'talon_one'"):
        open_warehouse(str(old))


def test_a_migration_that_was_interrupted_is_finished_by_the_next(old):
    """A migration that has made one of two tables is completed by the next one, and no row is there twice."""
    migrate_lake(str(old), "talon_one")
    shutil.copytree(OLD / "talon_one" / "_talon_one", old / "talon_one" / "_talon_one", dirs_exist_ok=True)
    for unfinished in ("balances/_delta_log", "_talon_one_state"):
        shutil.rmtree(old / "talon_one" / unfinished)
    assert {"ledger": 4, "balances": 2} == migrate_lake(str(old), "talon_one")
    with open_warehouse(str(old)) as lake:
        assert [(4, 4)] == lake.query("SELECT count(*), count(DISTINCT id) FROM ledger")
        assert [(2,)] == lake.query("SELECT count(*) FROM balances")
        assert {"at": 3} == lake.state("run")


def test_a_second_migration_says_that_there_is_nothing_to_do(old):
    """After the migration the command is an error that says so."""
    migrate_lake(str(old), "talon_one")
    with pytest.raises(WarehouseConfigError, match="has no manifest in the schema 'talon_one'"):
        migrate_lake(str(old), "talon_one")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not a manifest"),
        (b'{"format":2}', "was written by an unknown version"),
        (b'{"format":1,"tables":3}', "is not a manifest"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_reported(old, content, reason):
    """An unreadable manifest is an error, and no file is removed."""
    (old / "talon_one" / "_talon_one" / "manifest.json").write_bytes(content)
    with pytest.raises(WarehouseError, match=reason):
        migrate_lake(str(old), "talon_one")
    assert 7 == len(list(old.rglob("*.parquet")))


def test_a_missing_file_is_named(old):
    """A file that the manifest lists and that is gone is an error that names it."""
    folder = old / "talon_one"
    manifest = json.loads((folder / "_talon_one" / "manifest.json").read_bytes())
    (file, *_), *_ = manifest["tables"]["ledger"]["partitions"].values()
    (folder / file["path"]).unlink()
    with pytest.raises(WarehouseError, match=f"the manifest lists {file['path']}, which is not there"):
        migrate_lake(str(old), "talon_one")


def test_the_command_prints_the_rows_of_each_table(old):
    """The command prints a line with the number of rows for each table."""
    command = [sys.executable, "-m", "talon_one_cli", "migrate-lake", "--to", str(old)]
    done = commands.run(command, capture_output=True, text=True, check=True)
    assert [["talon_one.ledger", "4"], ["talon_one.balances", "2"]] == [
        line.split() for line in done.stdout.splitlines()
    ]


def test_a_lake_in_a_bucket_is_migrated(s3):
    """A lake in S3 is migrated in place too."""
    s3.put(f"{OLD}/talon_one", "bucket/lake/talon_one", recursive=True)
    migrate_lake("s3://bucket/lake", "talon_one")
    with open_warehouse("s3://bucket/lake") as lake:
        assert [(4, 4)] == lake.query("SELECT count(*), count(DISTINCT id) FROM ledger")
