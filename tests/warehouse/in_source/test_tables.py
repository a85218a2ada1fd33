"""The tables of a store in the database of its sources."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pyarrow as pa
import pytest

from talon_one_warehouse.errors import WarehouseLockedError
from talon_one_warehouse.in_source.tables import SourceTables
from tests.target.source_databases import SourceDatabase


@pytest.fixture
def file(tmp_path):
    """A file of a few bytes."""
    path = tmp_path / "content"
    path.write_bytes(b"\0\xff'")
    return path


def files(database):
    """Return the tables whose files are kept."""
    return [name for (name,) in database.run("SELECT file FROM talon_one_sync.store_files ORDER BY 1")]


def test_shards_that_begin_at_one_moment_share_a_schema(postgres_url):
    """Eight processes that create the schema at the same moment all find it."""
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda n: SourceTables(postgres_url, store=f"part-{n}-of-8"), range(1, 9)))
    for one in opened:
        one.close()
    assert 8 == len(opened)


def test_a_store_that_another_process_has_changed_is_not_saved(postgres_url, tmp_path, file):
    """The process that saves later is refused, and what it wanted to save is in no table."""
    with closing(SourceTables(postgres_url)) as tables:
        tables.fetch(tmp_path)
        tables.save({"first": file}, ())
        (kept,) = files(SourceDatabase(postgres_url))
        SourceDatabase(postgres_url).run("UPDATE talon_one_sync.stores SET files = '{}'")
        with pytest.raises(WarehouseLockedError, match="another process has changed the store since this run read it"):
            tables.save({"second": file}, ())
    assert [kept] == files(SourceDatabase(postgres_url))


def test_files_that_a_killed_process_has_left_are_removed(postgres_url, tmp_path, file):
    """The next save removes files that no list has, and leaves those of other shards."""
    SourceTables(postgres_url).close()
    SourceDatabase(postgres_url).run(
        "INSERT INTO talon_one_sync.store_files VALUES ('/a/0', 0, ''), ('part-1-of-2/a/0', 0, '')"
    )
    with closing(SourceTables(postgres_url)) as tables:
        tables.fetch(tmp_path)
        tables.save({"saved": file}, ())
        found = tables.fetch(tmp_path)
    assert b"\0\xff'" == found["saved"].read_bytes()
    assert ["", "part-1-of-2"] == [name.partition("/")[0] for name in files(SourceDatabase(postgres_url))]


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["snowflake_url", "bigquery_url"])
def test_of_two_processes_without_a_lock_the_later_one_changes_nothing(request, fixture, tmp_path, file):
    """Without a lock, the process that saves later is refused, and what it writes afterward is not written."""
    columns = {"key": ["a"], "fingerprint": [1], "version": [1], "row_hash": ["0" * 32], "stays": [True]}
    url = request.getfixturevalue(fixture)
    with closing(SourceTables(url)) as first, closing(SourceTables(url)) as second:
        for tables in (first, second):
            tables.fetch(tmp_path)
            tables.create(1)
        first.save({"first": file}, ())
        with pytest.raises(WarehouseLockedError, match="another process has changed the store since this run read it"):
            second.save({"second": file}, ())
        second.write(1, pa.table(columns).to_reader())
        assert 0 == sum(batch.num_rows for batch in second.known(1))
        first.write(1, pa.table(columns).to_reader())
        assert [1] == [batch.num_rows for batch in first.known(1)]
        assert {"first"} == set(first.fetch(tmp_path))


@pytest.mark.slow
def test_a_statement_that_conflicts_with_another_one_is_run_again(bigquery_url, between, monkeypatch, tmp_path, file):
    """BigQuery refuses statements of two shards that change one table at the same moment; the save goes on."""
    message = "Could not serialize access to table p:d.stores due to concurrent update"
    error = {"code": 400, "message": message, "errors": [{"reason": "invalidQuery", "message": message}]}
    refused = []

    def change(exchange):
        if "/jobs" not in exchange.path or len(refused) in (0, 3):
            return None
        refused.append(exchange.path)
        return 400, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()

    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", between(os.environ["BIGQUERY_EMULATOR_HOST"], change))
    with closing(SourceTables(bigquery_url)) as tables:
        tables.fetch(tmp_path)
        refused.append("the next requests")
        tables.save({"first": file}, ())
        assert {"first"} == set(tables.fetch(tmp_path))
    assert 3 == len(refused)
