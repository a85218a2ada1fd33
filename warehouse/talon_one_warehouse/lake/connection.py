"""The DuckDB connection of a lake, which reads and compares files and stores nothing."""

from __future__ import annotations

import duckdb

from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_storage.sql_names import literal, quoted


def connect(schema: str) -> tuple[duckdb.DuckDBPyConnection, TemporaryFolder]:
    """Return a connection with the schema, and the temporary folder for what does not fit into memory."""
    spill = TemporaryFolder("lake")
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET temp_directory = {literal(spill.name)}; SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false; SET parquet_metadata_cache = true")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
    connection.execute("SET search_path = ?", [quoted(schema)])
    return connection, spill
