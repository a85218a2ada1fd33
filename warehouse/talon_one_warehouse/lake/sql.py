"""The SQL with which DuckDB reads and compares Parquet files. Every name is quoted."""

from __future__ import annotations

import glob
import json
from typing import TYPE_CHECKING

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.arrow.columns import LOADED_AT
from talon_one_warehouse.duckdb.sql import TYPES
from talon_one_warehouse.warehouse import STATE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import Kind
    from talon_one_warehouse.lake.manifest import Manifest, Table

FILE = "_talon_one_file"
ROW = "_talon_one_row"
STAGE = "_talon_one_stage"
HITS = "_talon_one_hits"
CHANGED = "_talon_one_changed"

_TYPES: Mapping[Kind, str] = {**TYPES, "json": "VARCHAR"}


def scan(columns: Mapping[str, Kind], uris: Sequence[str]) -> str:
    """Return SELECT of all rows of files, with the file's name as column ``FILE``; missing columns are null."""
    empty = ", ".join(f"CAST(NULL AS {_TYPES[kind]}) AS {quoted(name)}" for name, kind in columns.items())
    nothing = f"SELECT {empty}, CAST(NULL AS VARCHAR) AS {quoted(FILE)} WHERE false"
    if not uris:
        return nothing
    # DuckDB reads a path as a pattern.
    files = ", ".join(literal(glob.escape(uri)) for uri in uris)
    options = f"union_by_name = true, hive_partitioning = false, filename = {literal(FILE)}"
    return f"{nothing} UNION ALL BY NAME SELECT * FROM read_parquet([{files}], {options})"  # noqa: S608


def view(schema: str, name: str, table: Table, uris: Sequence[str]) -> str:
    """Return CREATE VIEW over the live files of a table."""
    select = f"SELECT {', '.join(map(quoted, table.columns))} FROM ({scan(table.columns, uris)})"  # noqa: S608
    return f"CREATE OR REPLACE VIEW {quoted(schema, name)} AS {select}"


def states_view(schema: str, manifest: Manifest) -> str:
    """Return CREATE VIEW of the states, which are a table in other warehouses."""
    columns = "CAST(state_name AS VARCHAR), CAST(state AS JSON), CAST(updated_at AS TIMESTAMP WITH TIME ZONE)"
    rows = [
        f"({literal(name)}, {literal(_json(state.value))}, {literal(state.updated_at)})"
        for name, state in manifest.states.items()
    ]
    values = ", ".join(rows) or "(NULL, NULL, NULL)"
    where = "" if rows else " WHERE false"
    names = "(state_name, state, updated_at)"
    select = f"SELECT {columns} FROM (VALUES {values}) AS s{names}{where}"  # noqa: S608 - texts are quoted
    return f"CREATE OR REPLACE VIEW {quoted(schema, STATE_TABLE)}{names} AS {select}"


def find_keys(key: Sequence[str], columns: Mapping[str, Kind], uris: Sequence[str]) -> str:
    """Return the statement that creates ``HITS``: the rows of ``STAGE`` whose key is in the files, with the file."""
    kinds = {name: columns[name] for name in key}
    return (
        f"CREATE OR REPLACE TEMP TABLE {quoted(HITS)} AS SELECT s.{quoted(ROW)}, t.{quoted(FILE)} "  # noqa: S608
        f"FROM ({scan(kinds, uris)}) AS t JOIN {quoted(STAGE)} AS s ON {_same(key)}"
    )


def find_changed(table: Table, staged: Iterable[str], uris: Sequence[str]) -> str:
    """Return the statement that creates ``CHANGED``: the new versions of rows whose values in ``STAGE`` differ.

    Columns that are not staged keep their values. ``FILE`` is the file of the old version.
    """
    staged = set(staged)
    values = [name for name in table.columns if name in staged and name not in (*table.key, LOADED_AT.name)]
    differ = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM s.{quoted(name)}" for name in values) or "false"
    columns = ", ".join(f"{'s' if name in staged else 't'}.{quoted(name)}" for name in table.columns)
    return (
        f"CREATE OR REPLACE TEMP TABLE {quoted(CHANGED)} AS SELECT {columns}, t.{quoted(FILE)} "  # noqa: S608
        f"FROM ({scan(table.columns, uris)}) AS t JOIN {quoted(STAGE)} AS s ON {_same(table.key)} WHERE {differ}"
    )


def changed(table: Table) -> str:
    """Return SELECT of the rows of ``CHANGED``."""
    return f"SELECT {', '.join(map(quoted, table.columns))} FROM {quoted(CHANGED)}"  # noqa: S608 - names are quoted


def kept(table: Table, uris: Sequence[str], *, all_of_them: bool) -> str:
    """Return SELECT of the rows of files, with or without those that ``CHANGED`` replaces."""
    columns = ", ".join(f"t.{quoted(name)}" for name in table.columns)
    rows = f"SELECT {columns} FROM ({scan(table.columns, uris)}) AS t"  # noqa: S608 - names are quoted
    return rows if all_of_them else f"{rows} ANTI JOIN {quoted(CHANGED)} AS s ON {_same(table.key)}"


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)


def _json(value: object) -> str:
    return json.dumps(value)
