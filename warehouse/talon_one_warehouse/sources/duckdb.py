"""Queries of DuckDB files as sources."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from talon_one_singer.settings.local_paths import path_in_url
from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_singer.values.column_names import repeated_name
from talon_one_storage.duckdb_files import connect_file
from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.duckdb.errors import translate_errors, translate_reading_errors
from talon_one_warehouse.duckdb.rendering import rendering
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.sources.arrow_source import ArrowSource

if TYPE_CHECKING:
    from collections.abc import Callable


def open_duckdb(rest: str, sql: str, *, rendered: bool = False) -> ArrowSource:
    """Run a query on the file at ``/relative.duckdb``, ``//absolute.duckdb`` or ``/:memory:``.

    Args:
        rest: the URL without its scheme.
        sql: the query.
        rendered: see open_source.

    Raises:
        WarehouseConfigError: the file does not exist, or the query cannot be used.
    """
    path = duckdb_path(rest)
    with ExitStack() as stack, translate_errors(path, opening=True):
        db = stack.enter_context(connect_file(path, read_only=True))
        db.execute("SET temp_directory = ?", [stack.enter_context(TemporaryFolder("query"))])
        prepare_session(db)
        return query_source(db, path, sql, stack.pop_all(), rendered=rendered)


def duckdb_path(rest: str) -> str:
    """Return the path in the URL of a source, without its scheme.

    Raises:
        WarehouseConfigError: the file does not exist, or the URL names none.
    """
    path = path_in_url(rest.removeprefix("/"))
    if not rest.startswith("/") or not path:
        raise WarehouseConfigError(
            "a DuckDB URL has three slashes before a relative path and four before an absolute one, like duckdb:///w.duckdb"
        )
    if path != ":memory:" and not Path(path).is_file():
        raise WarehouseConfigError(f"there is no DuckDB file {path}; check source.url")
    return path


def prepare_session(db: duckdb.DuckDBPyConnection) -> None:
    """Set what the rows of a source are read with."""
    db.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET threads = 1")
    db.execute("SET arrow_lossless_conversion = true")


def query_source(
    db: duckdb.DuckDBPyConnection, path: str, sql: str, stack: ExitStack, *, rendered: bool = False
) -> ArrowSource:
    """Run a query on an open file; ``stack`` is closed with the source, or after an error."""
    with stack, translate_errors(path, querying=True):
        check_query(sql)
        answer = db.sql(sql)
        type_names = dict(zip(answer.columns, map(str, answer.types), strict=True))
        decoders: dict[str, Callable[[Any], Any]] = {}
        if rendered and repeated_name(answer.columns) is None:
            shown, decoders = rendering(answer.columns, list(type_names.values()))
            answer = answer.project(shown)
        reader = answer.to_arrow_reader(ROWS)
        stack.callback(reader.close)  # a connection with an open result takes no other statement
        return ArrowSource(
            reader, lambda: translate_reading_errors(path), stack.pop_all(), decoders=decoders, type_names=type_names
        )


def check_query(sql: str) -> None:
    """Raise WarehouseConfigError if the text is not one query."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise WarehouseConfigError("source.sql must be one query: a SELECT")
