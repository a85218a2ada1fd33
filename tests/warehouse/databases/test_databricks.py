"""Loads into Databricks by its own client, against a server of its protocol that runs the statements in DuckDB."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from talon_one_warehouse import (
    MergeCounts,
    TableError,
    WarehouseConfigError,
    WarehouseError,
    open_warehouse,
    table_spec,
    to_arrow,
)
from talon_one_warehouse.arrow.load_time import with_load_time, with_no_mark

KEYED = table_spec("keyed", {"properties": {"owner": {"type": "string"}, "n": {"type": "number"}}}, ["owner"])
AT = datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)
FILES = "/Volumes/main/default/loads"


@pytest.mark.slow
def test_a_load_merges_tables_and_then_the_state(databricks_url, table, caplog):
    """Every kind of value arrives; after a failure the rows are there without their state; no staged file is left."""
    full = b'{"id":1,"text":"it\\u0027s \\\\ \\u00fc\\n\\u0000","amount":12345678901234.560000000000000001,"flag":true,'
    full += b'"at":"2024-01-31T12:00:00.123456Z","attributes":{"b":  1.50, "b": "\\u0000"}}'
    rows = [full, b'{"id":2}', b'{"id":3,"text":"","flag":false,"at":"0001-01-01T00:00:00Z","amount":-1e-18}']
    lost = table_spec("lost", {"properties": {"id": {"type": "integer"}}}, ["id"])
    with open_warehouse(databricks_url) as warehouse:
        for one in (table, lost):
            warehouse.prepare(one)
        counts = [
            warehouse.merge({"ledger": [to_arrow(table, part)]}, {"run": {"at": at}})
            for at, part in enumerate((rows, rows, [full, b'{"id":2,"text":"b"}', b'{"id":4}']))
        ]
        warehouse.query("DROP TABLE talon_one.lost")
        batches = {"ledger": [to_arrow(table, [b'{"id":5}'])], "lost": [to_arrow(lost, [b'{"id":1}'])]}
        with pytest.raises(WarehouseError, match="lost"):
            warehouse.merge(batches, {"run": {"at": 9}})
        assert {"at": 2} == warehouse.state("run")
        found = warehouse.query(
            "SELECT id, text, amount, CAST(at AS STRING), flag, attributes FROM talon_one.ledger ORDER BY id"
        )
        assert [] == warehouse.query(f"LIST '{FILES}'")
    assert [MergeCounts(3, 0), MergeCounts(0, 0), MergeCounts(1, 1)] == counts
    amounts = [Decimal("12345678901234.560000000000000001"), Decimal("-1e-18")]
    assert [
        (1, "it's \\ ü\n\0", amounts[0], "2024-01-31 12:00:00.123456+00", True, '{"b":  1.50, "b": "\\u0000"}'),
        (2, "b", None, None, None, None),
        (3, "", amounts[1], "0001-01-01 00:00:00+00", False, None),
        (4, None, None, None, None, None),
        (5, None, None, None, None, None),
    ] == found
    assert 1 == sum("loads into Databricks are beta" in record.message for record in caplog.records)


@pytest.mark.slow
def test_a_complete_read_marks_the_rows_that_are_gone(databricks_url):
    """A table of an earlier version gets the columns for it; no table of seen keys is left."""
    marked = KEYED.with_loaded_at().with_deleted_at()
    every = [b'{"owner":"a"}', b'{"owner":"a "}', b'{"owner":"\\u00fc\\u0027"}']
    with open_warehouse(databricks_url) as warehouse:
        warehouse.prepare(KEYED)
        assert MergeCounts(3, 0) == warehouse.merge({"keyed": [to_arrow(KEYED, every)]})
    with open_warehouse(databricks_url) as warehouse:
        warehouse.prepare(marked)
        counts = []
        for rows, delete in ((every[:2], False), (every[:1], False), (every[1:2], True)):
            warehouse.begin_read("keyed")
            for row in rows:
                warehouse.merge({"keyed": with_no_mark(with_load_time([to_arrow(KEYED, [row])], AT))})
            counts.append(warehouse.end_read("keyed", AT, delete=delete))
            found = warehouse.query("SELECT owner, _deleted_at, _loaded_at FROM talon_one.keyed ORDER BY owner")
            if not delete:
                last = found
        tables = warehouse.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'talon_one'")
    assert [1, 1, 2] == counts
    assert [("a", None, None), ("a ", AT, AT), ("ü'", AT, AT)] == last
    assert [("a ", None, AT)] == found
    assert {"keyed", "_talon_one_state"} == {name for (name,) in tables}


@pytest.mark.slow
def test_another_key_or_type_is_refused(databricks_url):
    """The catalog tells the key and the types of a table that is there."""
    other = table_spec("keyed", {"properties": {"owner": {"type": "string"}, "n": {"type": "string"}}}, ["owner"])
    rekeyed = table_spec("keyed", {"properties": {"owner": {"type": "string"}, "n": {"type": "number"}}}, ["n"])
    with open_warehouse(databricks_url) as warehouse:
        for _ in range(2):
            warehouse.prepare(KEYED)
        with pytest.raises(TableError, match=r"keyed\.n exists as decimal\(38,18\) instead of string"):
            warehouse.prepare(other)
        with pytest.raises(TableError, match=r"exists with the key \(owner\) instead of \(n\)"):
            warehouse.prepare(rekeyed)


@pytest.mark.slow
def test_what_killed_loads_have_left_is_removed(databricks_url, tmp_path):
    """The next load removes staged files of the day before, and tables of seen keys of the month before."""
    now, empty = int(time.time()), tmp_path / "empty"
    empty.touch()
    old, new = (f"talon_one_stage_{at:x}_00_0.parquet" for at in (now - 90_000, now - 80_000))
    gone, kept = (f"_talon_one_seen_{at:x}_00_0" for at in (now - 31 * 86_400, now - 29 * 86_400))
    with open_warehouse(databricks_url) as warehouse:
        for name in (old, new, "mine.parquet"):
            warehouse.query(f"PUT '{empty}' INTO '{FILES}/{name}' OVERWRITE")
        for name in (gone, kept):
            warehouse.query(f"CREATE TABLE talon_one.{name} (id BIGINT)")
    with open_warehouse(databricks_url) as warehouse:
        assert ["mine.parquet", new] == [row[1] for row in warehouse.query(f"LIST '{FILES}'")]
        tables = warehouse.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'talon_one'")
    assert {kept, "_talon_one_state"} == {name for (name,) in tables}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((f"&staging={FILES}", ""), "needs a folder of a volume for staged files: the parameter staging"),
        ((FILES, "s3://bucket/x"), "staging is a folder of a volume, like /Volumes/catalog/schema/volume"),
        ((FILES, "/Volumes/main/default/.."), "staging is a folder of a volume"),
        (("&http_path=/sql/1.0/warehouses/x", ""), "the databricks:// URL names no http_path"),
        (("/main?", "?"), "the databricks:// URL names no catalog"),
        (("databricks://127", "databricks://me:planted@127"), "has no user but one for a token"),
        (("databricks://127", "databricks://token:planted-other@127"), "Invalid access token"),
    ],
)
def test_a_load_that_cannot_work_is_refused_when_it_is_opened(databricks_url, monkeypatch, change, words):
    """The error is one line of the settings, without the token."""
    if "token:" in change[1]:
        monkeypatch.delenv("DATABRICKS_TOKEN")
    with pytest.raises(WarehouseConfigError, match=words) as caught:
        open_warehouse(databricks_url.replace(*change))
    assert "planted" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_login_that_is_missing_is_reported(databricks_url, monkeypatch, tmp_path):
    """Without a token, a service principal or a profile the error says so in one line."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(WarehouseConfigError, match=r"cannot open databricks://127\.0\.0\.1/main: ") as caught:
        open_warehouse(databricks_url)
    assert "\n" not in str(caught.value)
