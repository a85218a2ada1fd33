"""Queries of SQLite files as sources.

A column of SQLite has no type, every value has its own. The driver of ADBC takes a type from the first rows and breaks
off at a value of another; Python's own gives each value as it is.

https://sqlite.org/datatype3.html
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from talon_one_singer.dbapi_values import dbapi_values
from talon_one_singer.local_paths import path_in_url
from talon_one_singer.refused import RefusedValue
from talon_one_warehouse.arrow_parts import ROWS
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator


class SQLiteSource:
    """The answer of a query.

    Args:
        connection: closed with the source.
        cursor: has run the query.
        path: of the file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, cursor: sqlite3.Cursor, path: str) -> None:
        self._connection, self._cursor, self._path = connection, cursor, path
        self.columns: tuple[str, ...] = tuple(column[0] for column in cursor.description)

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See Source."""
        while True:
            with _told(self._path, WarehouseError):
                part = self._cursor.fetchmany(ROWS)
            if not part:
                return
            columns = [dbapi_values(column) for column in zip(*part, strict=True)]
            yield [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]

    def close(self) -> None:
        """See Source."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_sqlite(rest: str, sql: str) -> SQLiteSource:
    """The answer of a query of the file at ``/relative.db``, ``//absolute.db`` or ``/:memory:``.

    Raises:
        WarehouseConfigError: there is no such file, or no such query.
    """
    if not rest.startswith("/") or rest == "/":
        raise WarehouseConfigError(
            "a SQLite URL has three slashes before a relative path and four before an absolute one, "
            "like sqlite:///talon_one.db"
        )
    path = path_in_url(rest[1:])
    connection = _connect(path)
    try:
        with _told(path, WarehouseConfigError, "the query of the source does not work: "):
            cursor = connection.execute(sql)
        if cursor.description is None:
            raise WarehouseConfigError("source.sql must be a query: a SELECT")
        return SQLiteSource(connection, cursor, path)
    except BaseException:
        connection.close()
        raise


def _connect(path: str) -> sqlite3.Connection:
    if path != ":memory:" and not Path(path).is_file():
        raise WarehouseConfigError(f"there is no SQLite file {path}; check source.url")
    with _told(path, WarehouseConfigError, "cannot open "):
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


@contextmanager
def _told(path: str, kind: type[WarehouseError], words: str = "") -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise kind(f"{words}{path}: {error}") from None
