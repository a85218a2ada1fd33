"""Reads a Delta table with one of three programs, in an environment of their own; prints id, created and amount."""

import json
import os
import sys
from datetime import UTC
from pathlib import Path


def of_deltalake(table):
    """Rows that deltalake reads."""
    from deltalake import DeltaTable

    rows = DeltaTable(table).to_pyarrow_table().select(["id", "created", "amount"]).to_pylist()
    return [tuple(row.values()) for row in rows]


def of_duckdb(table):
    """Rows that DuckDB's extension reads; the package of the extension holds the file that it loads."""
    import duckdb
    import duckdb_extension_delta

    (extension,) = Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension")
    with duckdb.connect() as db:
        db.execute(f"SET TimeZone = 'UTC'; INSTALL '{extension}'; LOAD delta")
        found = db.execute(f"SELECT id, epoch_us(created), amount FROM delta_scan('{table}')").fetchall()
    return [(key, us if us is None else from_us(us), amount) for key, us, amount in found]


def from_us(us):
    """The instant some microseconds after 1970."""
    from datetime import datetime, timedelta

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def of_polars(table):
    """Rows that polars reads."""
    import polars

    return polars.read_delta(table).select("id", "created", "amount").rows()


READERS = {"deltalake": of_deltalake, "duckdb": of_duckdb, "polars": of_polars}
rows = sorted(READERS[sys.argv[1]](sys.argv[2]))
texts = [
    (key, at and at.astimezone(UTC).isoformat(), None if amount is None else f"{amount:f}") for key, at, amount in rows
]
sys.stdout.write(json.dumps(texts))
sys.stdout.flush()
# A thread of pyarrow that still reads through Python ends an interpreter that is shutting down with SIGABRT.
os._exit(0)
