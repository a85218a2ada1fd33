"""DuckDB files, opened so that a name in SQL has one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from talon_one_storage.sql_names import literal

if TYPE_CHECKING:
    from collections.abc import Collection

_ALIAS = "warehouse_file"


def connect_database(path: str, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database file, or to ``:memory:``.

    DuckDB opens a CSV, JSON or Parquet file as a database in memory, so that whatever is written there is lost. For
    writing, such a file is refused.

    Raises:
        duckdb.Error: the file cannot be opened.
    """
    connection = duckdb.connect(path, read_only=read_only and path != ":memory:")
    if read_only or path == ":memory:":
        return connection
    statement = "SELECT path FROM duckdb_databases() WHERE database_name = current_database() AND NOT internal"
    if connection.execute(statement).fetchone() == (None,):
        connection.close()
        raise duckdb.IOException("it is a data file and not a DuckDB database; choose another path")
    return connection


def connect_file(path: str, *, schemas: Collection[str] = (), read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection to a file, or to ``:memory:``.

    DuckDB names a database after its file. In ``talon_one.duckdb`` the name ``talon_one.t`` could then be a table of
    the database or of the schema ``talon_one``, and DuckDB refuses it. Such a file is attached under another name.

    Args:
        path: the file.
        schemas: schemas that SQL statements will name, besides those of the file.
        read_only: open the file for reading, so that other processes may read it too.
    """
    connection = connect_database(path, read_only=read_only)
    if path == ":memory:":
        return connection
    there = connection.execute(
        "SELECT current_database(), list(lower(schema_name)) FROM information_schema.schemata "
        "WHERE catalog_name = current_database()"
    ).fetchall()
    database, known = there[0]
    if database.lower() not in {*known, *(name.lower() for name in schemas)}:
        return connection
    connection.close()
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = {literal(f'{Path(path)}.tmp')}")
    connection.execute(f"ATTACH {literal(str(Path(path)))} AS {_ALIAS}{' (READ_ONLY)' * read_only}; USE {_ALIAS}")
    return connection
