"""Queries of SQLite files as sources.

In SQLite values have types, not columns. The ADBC driver takes the type of a column from the first rows and fails at a
value of another type; Python's sqlite3 returns each value with its own type.

https://sqlite.org/datatype3.html
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from talon_one_singer.blocks.row_block import record_blocks
from talon_one_singer.settings.local_paths import path_in_url
from talon_one_singer.values.column_names import repeated_name
from talon_one_singer.values.dbapi_values import dbapi_values
from talon_one_singer.values.refused_value import RefusedValue, of_type
from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.errors import SourceDataError, WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_singer.blocks.row_block import RowBlock


class SQLiteSource:
    """The rows of a query, see Source.

    Args:
        connection: closed with the source.
        cursor: has run the query.
        path: the file, for messages.
        columns: names of the columns.
        rendered: the query returns pairs of a type and the SQL literal of the value.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        cursor: sqlite3.Cursor,
        path: str,
        columns: tuple[str, ...],
        *,
        rendered: bool,
    ) -> None:
        self._connection, self._cursor, self._path = connection, cursor, path
        self.columns, self._rendered = columns, rendered

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See Source."""
        while True:
            with _translate_reading_errors(self._path):
                part = self._cursor.fetchmany(ROWS)
            if not part:
                return
            given = list(zip(*part, strict=True))
            columns = list(map(_decoded, given[::2], given[1::2])) if self._rendered else list(map(dbapi_values, given))
            yield [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]

    def blocks(self) -> Iterator[RowBlock]:
        """See Source."""
        return record_blocks(self.rows())

    def close(self) -> None:
        """See Source."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_sqlite(rest: str, sql: str, *, rendered: bool = False) -> SQLiteSource:
    """Run a query on the file at ``/relative.db``, ``//absolute.db`` or ``/:memory:``.

    Args:
        rest: the URL without its scheme.
        sql: the query.
        rendered: see open_source.

    Raises:
        WarehouseConfigError: the file does not exist, or the query cannot be used.
    """
    path = path_in_url(rest.removeprefix("/"))
    if not rest.startswith("/") or not path:
        raise WarehouseConfigError(
            "a SQLite URL has three slashes before a relative path and four before an absolute one, "
            "like sqlite:///talon_one.db"
        )
    connection = _connect(path)
    try:
        with _translate_errors(path, WarehouseConfigError, "the query of the source does not work: "):
            cursor = connection.execute(sql)
        if cursor.description is None:
            raise WarehouseConfigError("source.sql must be a query: a SELECT")
        columns = tuple(column[0] for column in cursor.description)
        rendered = rendered and repeated_name(columns) is None
        if rendered:
            with _translate_errors(path, WarehouseConfigError, "the query of the source does not work: "):
                cursor = connection.execute(_rendering(sql, columns))
        return SQLiteSource(connection, cursor, path, columns, rendered=rendered)
    except BaseException:
        connection.close()
        raise


def _connect(path: str) -> sqlite3.Connection:
    if path != ":memory:" and not Path(path).is_file():
        raise WarehouseConfigError(f"there is no SQLite file {path}; check source.url")
    with _translate_errors(path, WarehouseConfigError, "cannot open "):
        if path == ":memory:":
            connection = sqlite3.connect(path)
        else:
            connection = sqlite3.connect(f"file:{quote(str(Path(path).absolute()))}?mode=ro", uri=True)
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> Any:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return RefusedValue("it is text that is not UTF-8")


def _rendering(sql: str, columns: Sequence[str]) -> str:
    """Return a query for the type and the literal of each value; texts stay as they are.

    The columns have other names in it, because SQLite does not distinguish names that differ only in case.
    """
    names = [f"c{position}" for position in range(len(columns))]
    shown = ", ".join(f"typeof({q}), CASE typeof({q}) WHEN 'text' THEN {q} ELSE quote({q}) END" for q in names)
    return f"WITH q({', '.join(names)}) AS (\n{sql}\n) SELECT {shown} FROM q"  # noqa: S608 - names are numbered


def _decoded(kinds: Sequence[str], literals: Sequence[Any]) -> list[Any]:
    return [_LITERALS[kind](literal) for kind, literal in zip(kinds, literals, strict=True)]


def _real(literal: str) -> Any:
    number = float(literal)
    return (
        number if isfinite(number) else RefusedValue(f"{'-' * (number < 0)}Infinity is not a number that JSON can hold")
    )


_LITERALS: Mapping[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "integer": int,
    "real": _real,
    "text": lambda text: text,
    "blob": lambda _: of_type("blob"),
}


_NOT_THE_DATA = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


@contextmanager
def _translate_reading_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_THE_DATA:
            raise WarehouseError(f"{path}: {error}; run again") from None
        raise SourceDataError(path, str(error)) from None


@contextmanager
def _translate_errors(path: str, kind: type[WarehouseError], words: str = "") -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise kind(f"{words}{path}: {error}") from None
