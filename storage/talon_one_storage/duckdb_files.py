"""DuckDB files, opened so that a name in SQL means one thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Collection

_ALIAS = "warehouse_file"


def connect_file(path: str, *, schemas: Collection[str] = (), read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to a file, or to ``:memory:``.

    DuckDB calls a database by its file's name. In ``talon_one.duckdb`` the name ``talon_one.t`` could then be a table
    of the database or one of the schema ``talon_one``, and DuckDB refuses it: such a file gets another name here.

    Args:
        path: of the file.
        schemas: that will be named in SQL, beside those that are in the file.
        read_only: others may read it too.
    """
    if path == ":memory:":
        return duckdb.connect(path)
    connection = duckdb.connect(path, read_only=read_only)
    there = connection.execute(
        "SELECT current_database(), list(lower(schema_name)) FROM information_schema.schemata "
        "WHERE catalog_name = current_database()"
    ).fetchall()
    database, known = there[0]
    if database.lower() not in {*known, *(name.lower() for name in schemas)}:
        return connection
    connection.close()
    connection = duckdb.connect()
    quoted = str(Path(path)).replace("'", "''")
    connection.execute(f"SET temp_directory = '{quoted}.tmp'")
    connection.execute(f"ATTACH '{quoted}' AS {_ALIAS}{' (READ_ONLY)' * read_only}; USE {_ALIAS}")
    return connection
