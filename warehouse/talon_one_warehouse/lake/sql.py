"""The SQL with which DuckDB reads and compares the files of a lake. Every name is quoted."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.arrow.columns import DELETED_AT, LOADED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

FILE = "_talon_one_file"
ROW = "_talon_one_row"
STAGE = "_talon_one_stage"
HITS = "_talon_one_hits"
CHANGED = "_talon_one_changed"


def scan(columns: Mapping[str, str], uris: Sequence[str]) -> str:
    """Return SELECT of all rows of files, with the file's name as column ``FILE``; missing columns are null.

    Args:
        columns: the types of the columns by name.
        uris: the files.
    """
    empty = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
    nothing = f"SELECT {empty}, CAST(NULL AS VARCHAR) AS {quoted(FILE)} WHERE false"
    if not uris:
        return nothing
    # DuckDB reads a path as a pattern.
    files = ", ".join(literal(glob.escape(uri)) for uri in uris)
    options = f"union_by_name = true, hive_partitioning = false, filename = {literal(FILE)}"
    return f"{nothing} UNION ALL BY NAME SELECT * FROM read_parquet([{files}], {options})"  # noqa: S608


def view(schema: str, name: str, columns: Mapping[str, str], uris: Sequence[str]) -> str:
    """Return CREATE VIEW over the live files of a table."""
    return f"CREATE OR REPLACE VIEW {quoted(schema, name)} AS {all_rows(columns, uris)}"


def find_keys(key: Sequence[str], columns: Mapping[str, str], uris: Sequence[str]) -> str:
    """Return the statement that creates ``HITS``: the rows of ``STAGE`` whose key is in the files, with the file."""
    kinds = {name: columns[name] for name in key}
    return (
        f"CREATE OR REPLACE TEMP TABLE {quoted(HITS)} AS SELECT s.{quoted(ROW)}, t.{quoted(FILE)} "  # noqa: S608
        f"FROM ({scan(kinds, uris)}) AS t JOIN {quoted(STAGE)} AS s ON {_same(key)}"
    )


def find_changed(key: Sequence[str], columns: Mapping[str, str], staged: Iterable[str], uris: Sequence[str]) -> str:
    """Return the statement that creates ``CHANGED``: the new versions of rows whose values in ``STAGE`` differ.

    Columns that are not staged keep their values. ``FILE`` is the file of the old version.
    """
    staged = set(staged)
    values = [name for name in columns if name in staged and name not in (*key, LOADED_AT.name)]
    differ = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM s.{quoted(name)}" for name in values) or "false"
    selected = ", ".join(f"{'s' if name in staged else 't'}.{quoted(name)}" for name in columns)
    return (
        f"CREATE OR REPLACE TEMP TABLE {quoted(CHANGED)} AS SELECT {selected}, t.{quoted(FILE)} "  # noqa: S608
        f"FROM ({scan(columns, uris)}) AS t JOIN {quoted(STAGE)} AS s ON {_same(key)} WHERE {differ}"
    )


def find_unseen(
    key: Sequence[str], columns: Mapping[str, str], uris: Sequence[str], unseen: str, at: datetime | None
) -> str:
    """Return the statement that creates ``CHANGED``: the rows ``t`` for which ``unseen`` is true.

    With ``at`` they are marked with it, and rows with a mark are left out; without it only their keys are needed.
    """
    if at is None:
        selected, there = ", ".join(f"t.{quoted(name)}" for name in key), ""
    else:
        mark = f"TIMESTAMPTZ {literal(at.isoformat())}"
        marked = (DELETED_AT.name, LOADED_AT.name)
        selected = ", ".join(f"{mark if n in marked else f't.{quoted(n)}'} AS {quoted(n)}" for n in columns)
        there = f"t.{quoted(DELETED_AT.name)} IS NULL AND "
    return (
        f"CREATE OR REPLACE TEMP TABLE {quoted(CHANGED)} AS SELECT {selected}, t.{quoted(FILE)} "  # noqa: S608
        f"FROM ({scan(columns, uris)}) AS t WHERE {there}{unseen}"
    )


def changed(columns: Iterable[str]) -> str:
    """Return SELECT of the rows of ``CHANGED``."""
    return f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(CHANGED)}"  # noqa: S608 - names are quoted


def all_rows(columns: Mapping[str, str], uris: Sequence[str]) -> str:
    """Return SELECT of all rows of files."""
    return f"SELECT {', '.join(map(quoted, columns))} FROM ({scan(columns, uris)})"  # noqa: S608 - names are quoted


def unchanged(key: Sequence[str], columns: Mapping[str, str], uris: Sequence[str]) -> str:
    """Return SELECT of the rows of files that ``CHANGED`` does not replace."""
    selected = ", ".join(f"t.{quoted(name)}" for name in columns)
    return (
        f"SELECT {selected} FROM ({scan(columns, uris)}) AS t "  # noqa: S608 - names are quoted
        f"ANTI JOIN {quoted(CHANGED)} AS s ON {_same(key)}"
    )


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)
