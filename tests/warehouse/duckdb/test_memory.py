"""How little memory merges take, and that they get more where that is not enough."""

from __future__ import annotations

import random
import subprocess
import sys

import duckdb
import pytest

from talon_one_warehouse import open_warehouse, table_spec, to_arrow
from talon_one_warehouse.duckdb.memory import Memory

# Pandas alone takes 50 MB, and both pyarrow and DuckDB import it when they are asked the wrong way.
MERGES = """
import sys
from talon_one_warehouse import open_warehouse, table_spec, to_arrow
texts = {"type": ["null", "string"]}
properties = {"id": {"type": "integer"}, "n": {"type": "number"}, "ok": {"type": "boolean"}, "text": texts}
properties |= {"created": texts | {"format": "date-time"}}
with open_warehouse(sys.argv[1]) as warehouse:
    spec = table_spec("t", {"type": "object", "properties": properties}, ["id"])
    warehouse.prepare(spec)
    for text in ("a", "b"):
        rows = [b'{"id":%d,"n":1.5,"ok":true,"created":"2026-01-01T00:00:00Z","text":"%s"}' % (n, text.encode())
                for n in (1, 2, 2, 3)]
        counts = warehouse.merge({"t": [to_arrow(spec, rows)]}, {"state": {"text": text}})
print(counts.inserted, counts.updated, "pandas" in sys.modules)
"""


@pytest.mark.parametrize("url", ["duckdb:///{}/w.duckdb", "{}"])
def test_a_merge_imports_no_pandas(url, tmp_path):
    """A merge of new or changed rows into DuckDB or Parquet does not import pandas."""
    done = subprocess.run([sys.executable, "-c", MERGES, url.format(tmp_path)], capture_output=True, text=True)
    assert "0 3 False" == done.stdout.strip(), done.stderr


def limit(connection):
    """DuckDB's limit, as it writes it."""
    return connection.execute("SELECT current_setting('memory_limit')").fetchone()[0]


def test_work_that_lacks_memory_is_done_again_with_more():
    """Work that lacks memory starts again with twice the limit, and the limit stays where it was enough."""
    with duckdb.connect() as connection:
        memory, tries = Memory(connection, first_mb=2), []

        def work():
            tries.append(limit(connection))
            return connection.execute("SELECT len(list(range)) FROM range(1000000)").fetchone()[0]

        assert 1_000_000 == memory.enough_for(work)
        assert len(tries) > 1
        assert ["1.9 MiB", "3.8 MiB"] == tries[:2]
        assert tries[-1] == limit(connection)


def test_more_than_the_machine_has_is_never_given():
    """Work that needs more than DuckDB's default limit raises an error."""
    with duckdb.connect(config={"memory_limit": "4MB"}) as connection:
        memory = Memory(connection, first_mb=2)
        with pytest.raises(duckdb.OutOfMemoryException):
            memory.enough_for(lambda: connection.execute("SELECT list(range) FROM range(1000000)").fetchall())
        assert "2.8 MiB" == limit(connection)  # of 3.8, in whole megabytes


def test_a_limit_below_what_is_in_memory_already_is_raised_at_once():
    """A limit below what is in memory is raised at once, as after a kill when DuckDB has read its log."""
    with duckdb.connect(config={"temp_directory": ""}) as connection:
        connection.execute("CREATE TABLE t AS SELECT uuid() AS a FROM range(2000000)")
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute("SET memory_limit = '2MB'")
        assert Memory(connection, first_mb=2).enough_for(lambda: limit(connection)) not in ("1.9 MiB", "3.8 MiB")


@pytest.mark.slow
def test_rows_that_are_too_wide_for_the_first_limit_are_merged_into_parquet(tmp_path):
    """Running out of memory is recognized although Arrow's reader reports it like any other failure."""
    spec = table_spec("t", {"properties": {"id": {"type": "integer"}, "v": {"type": "string"}}}, ["id"])
    chance = random.Random(1)

    def rows(first, past, size):
        lines = [b'{"id":%d,"v":"%s"}' % (n, chance.randbytes(size // 2).hex().encode()) for n in range(first, past)]
        return {"t": [to_arrow(spec, lines)]}

    def merged(batches):
        with open_warehouse(f"file://{tmp_path}") as warehouse:
            warehouse.prepare(spec)
            for batch in batches:
                counts = warehouse.merge(batch)
            return counts, warehouse.query("SELECT count(*), count(DISTINCT id) FROM talon_one.t")

    merged(rows(n * 20_000, (n + 1) * 20_000, 20) for n in range(3))
    merged(rows(n * 20_000, (n + 1) * 20_000, 3000) for n in range(3, 6))
    some = [to_arrow(spec, [b'{"id":%d,"v":"new"}' % n for n in (5, 60_005, 80_005, 100_005)])]
    assert ((0, 4), [(120_000, 120_000)]) == merged([{"t": some}])
    again = [to_arrow(spec, [b'{"id":%d,"v":"newer"}' % n for n in (5, 60_005, 80_005, 100_005)])]
    assert ((0, 4), [(120_000, 120_000)]) == merged([{"t": again}])
