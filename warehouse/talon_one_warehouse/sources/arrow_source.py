"""Queries and tables as sources, streamed."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.settings.local_paths import path_in_url
from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_singer.values.column_names import repeated_name
from talon_one_storage.sql_names import quoted
from talon_one_warehouse.arrow.arrow_to_rows import ROWS, rows_of
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError
from talon_one_warehouse.sources.sql_text import one_query
from talon_one_warehouse.sources.sqlite import SQLiteSource, open_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from talon_one_warehouse.adbc.connection import ADBCConnection
    from talon_one_warehouse.sources.open_source import SourceSpec


_STANDARD_TEXTS = ("duckdb", "postgresql", "postgres", "sqlite")  # a backslash in a text is one, there


class DatabaseSource:
    """The answer of a query.

    Args:
        reader: gives it in batches.
        told: turns the database's errors into ours.
        stack: closed with the source.
        decoders: of columns whose values are still text for something else.
        type_names: what the database calls the types of its columns.
    """

    def __init__(
        self,
        reader: pa.RecordBatchReader,
        told: Callable[[], AbstractContextManager[None]],
        stack: ExitStack,
        *,
        decoders: Mapping[str, Callable[[Any], Any]] | None = None,
        type_names: Mapping[str, str] | None = None,
    ) -> None:
        self._reader, self._told, self._stack = reader, told, stack
        self._decoders, self._type_names = decoders, type_names
        self.columns: tuple[str, ...] = tuple(reader.schema.names)

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See Source."""
        parts = rows_of(self._batches(), self._reader.schema, decoders=self._decoders, type_names=self._type_names)
        while True:
            with self._told():
                part = next(parts, None)
            if part is None:
                return
            yield part

    def _batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._reader

    def close(self) -> None:
        """See Source."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_database(spec: SourceSpec, *, rendered: bool = False) -> DatabaseSource | SQLiteSource:
    """The answer of the spec's query, or its table.

    Args:
        spec: the source.
        rendered: see open_source.

    Raises:
        WarehouseConfigError: no such database, or no such query.
    """
    scheme, _, rest = spec.url.partition("://")
    if spec.sql is not None:
        sql = one_query(spec.sql, "source.sql", backslashes=scheme not in _STANDARD_TEXTS)
    else:
        sql = f"SELECT * FROM {quoted(*(spec.table or '').split('.'))}"  # noqa: S608 - quoted
    if scheme == "duckdb":
        return _open_duckdb(rest, sql, rendered=rendered)
    if scheme == "sqlite":
        return open_sqlite(rest, sql, rendered=rendered)
    typed = scheme in ("postgresql", "postgres")
    return _open_adbc(spec.url, _connect(scheme, rest), sql, typed=typed, rendered=rendered)


def _open_duckdb(rest: str, sql: str, *, rendered: bool) -> DatabaseSource:
    from pathlib import Path

    import duckdb

    from talon_one_storage.duckdb_files import connect_file
    from talon_one_warehouse.duckdb.errors import translate_errors, translate_reading_errors
    from talon_one_warehouse.duckdb.rendering import rendering

    path = path_in_url(rest.removeprefix("/"))
    if not rest.startswith("/") or not path:
        raise WarehouseConfigError(
            "a DuckDB URL has three slashes before a relative path and four before an absolute one, like duckdb:///w.duckdb"
        )
    if path != ":memory:" and not Path(path).is_file():
        raise WarehouseConfigError(f"there is no DuckDB file {path}; check source.url")
    with ExitStack() as stack, translate_errors(path, opening=True):
        db = stack.enter_context(connect_file(path, read_only=True))
        db.execute("SET temp_directory = ?", [stack.enter_context(TemporaryFolder("query"))])
        db.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET threads = 1")
        db.execute("SET arrow_lossless_conversion = true")
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise WarehouseConfigError("source.sql must be one query: a SELECT")
        answer = db.sql(sql)
        type_names = dict(zip(answer.columns, map(str, answer.types), strict=True))
        decoders: dict[str, Callable[[Any], Any]] = {}
        if rendered and repeated_name(answer.columns) is None:
            shown, decoders = rendering(answer.columns, list(type_names.values()))
            answer = answer.project(shown)
        reader = answer.to_arrow_reader(ROWS)
        return DatabaseSource(
            reader, lambda: translate_reading_errors(path), stack.pop_all(), decoders=decoders, type_names=type_names
        )


def _connect(scheme: str, rest: str) -> ADBCConnection:
    from talon_one_warehouse.adbc import urls as adbc_urls

    if scheme.startswith("adbc+"):
        return adbc_urls.connect_driver(scheme.removeprefix("adbc+"), rest)
    return adbc_urls.connect_any(rest) if scheme == "adbc" else adbc_urls.connect_postgresql(rest)


def _open_adbc(url: str, connection: ADBCConnection, sql: str, *, typed: bool, rendered: bool) -> DatabaseSource:
    """The answer of a query; ``typed``: of PostgreSQL, whose driver does not give every type as it is."""
    decoders: dict[str, Callable[[Any], Any]] = {}
    type_names: dict[str, str] = {}
    with ExitStack() as stack:
        stack.callback(connection.close)
        try:
            if typed:
                sql, decoders, type_names = _typed(connection, sql, rendered=rendered)
            reader = stack.enter_context(connection.reader(sql))
        except WarehouseError as error:
            raise WarehouseConfigError(f"the query of the source does not work: {error}") from None
        if not reader.schema.names:
            raise WarehouseConfigError("source.sql must be a query: a SELECT")
        told = partial(connection.told, source=shown_url(url))
        return DatabaseSource(reader, told, stack.pop_all(), decoders=decoders, type_names=type_names)


def _typed(connection: ADBCConnection, sql: str, *, rendered: bool) -> tuple[str, dict[str, Any], dict[str, str]]:
    from talon_one_warehouse.sources.postgresql_columns import around, columns_of

    names = connection.names(sql)
    if repeated_name(names) is not None:
        return sql, {}, {}  # it is refused by its names
    columns = columns_of(connection, sql, names, rendered=rendered) if names else []
    decoders = {name: one.decode for name, one in zip(names, columns, strict=True) if one.decode}
    type_names = {name: one.type_name for name, one in zip(names, columns, strict=True)}
    return around(sql, names, columns), decoders, type_names
