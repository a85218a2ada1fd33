"""Queries of MySQL and MariaDB as sources, streamed row by row.

https://dev.mysql.com/doc/refman/8.4/en/data-types.html
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from talon_one_singer.values.arrow_extensions import json_of
from talon_one_singer.values.refused_value import RefusedValue, of_type
from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.connections import mysql
from talon_one_warehouse.sources.clients.client_source import ClientSource, float32_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pymysql.connections import Connection
    from pymysql.cursors import SSCursor

# Numbers of the protocol: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
_FLOAT, _TIMESTAMP, _DATE, _TIME, _DATETIME, _BIT, _JSON, _GEOMETRY = 4, 7, 10, 11, 12, 16, 245, 255
_DAY, _MIDNIGHT = timedelta(days=1), datetime(1, 1, 1)  # noqa: DTZ001 - a time of day has no zone


def open_query(rest: str, sql: str, *, options: Mapping[str, Any] | None = None) -> ClientSource:
    """Run a query on MySQL or MariaDB.

    Args:
        rest: the URL without its scheme, see ``connections.mysql.connect``.
        sql: the query.
        options: see ``connections.mysql.connect``.

    Raises:
        WarehouseConfigError: the database or the query cannot be used.
        WarehouseError: the server does not answer.
    """
    connection, errors = mysql.connect(rest, options), mysql.errors(rest, options)
    from pymysql.cursors import SSCursor  # an optional extra; connect names it if it is missing

    with ExitStack() as stack:
        stack.callback(connection.close)
        with errors.running():
            kinds = _kinds(connection, sql)
            cursor = connection.cursor(SSCursor)
            stack.callback(_abandon, cursor)
            cursor.execute(_outer_query(sql, kinds))
        return ClientSource([name for name, _ in kinds], _parts(cursor, kinds), errors, stack.pop_all())


def quoted_table(parts: Sequence[str]) -> str:
    """Return the name of a table in backticks."""
    return ".".join("`{}`".format(part.replace("`", "``")) for part in parts)


def _abandon(cursor: SSCursor) -> None:
    """Forget the rows that are left; otherwise the client reads them all before it closes."""
    if cursor._result is not None:
        cursor._result.unbuffered_active = False
    cursor.connection = None


def _kinds(connection: Connection[Any], sql: str) -> list[tuple[str, int]]:
    """Return name and type of each column without running the query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0")  # noqa: S608 - the query of the user
        return [(str(name), int(kind)) for name, kind, *_ in cursor.description]


def _outer_query(sql: str, kinds: Sequence[tuple[str, int]]) -> str:
    """Return a query whose columns of type FLOAT are doubles: as text, a float has only six digits."""
    if all(kind != _FLOAT for _, kind in kinds):
        return sql
    names = [(quoted_table([name]), kind) for name, kind in kinds]
    shown = ", ".join(f"{name} + 0E0 AS {name}" if kind == _FLOAT else name for name, kind in names)
    return f"SELECT {shown} FROM (\n{sql}\n) AS q"  # noqa: S608 - quoted


def _parts(cursor: SSCursor, kinds: Sequence[tuple[str, int]]) -> Iterator[list[list[Any]]]:
    while part := cursor.fetchmany(ROWS):
        yield [column_values(values, kind) for values, (_, kind) in zip(zip(*part, strict=True), kinds, strict=True)]


def column_values(values: Sequence[Any], kind: int) -> list[Any]:
    """Return the values of a column.

    Args:
        values: from the client.
        kind: the number of the column's type in MySQL's protocol.
    """
    if kind == _FLOAT:
        return float32_column(values)
    decode = _DECODERS.get(kind)
    if decode is None:
        return [of_type("BLOB") if isinstance(value, bytes) else value for value in values]
    return [None if value is None else decode(value) for value in values]


def _time(value: Any) -> Any:
    if isinstance(value, timedelta) and timedelta(0) <= value < _DAY:
        return (_MIDNIGHT + value).time()
    return RefusedValue(
        "it is a duration, not a time of day" if isinstance(value, timedelta) else f"{value} is no time"
    )


def _moment(value: Any) -> Any:
    """Return a date or a time; the client returns one that is not of the calendar, such as 0000-00-00, as text."""
    return value if isinstance(value, date) else RefusedValue(f"{value} is not a date of the calendar")


def _bits(value: bytes) -> int:
    return int.from_bytes(value, "big")


_DECODERS: Mapping[int, Callable[[Any], Any]] = {
    **dict.fromkeys((_DATE, _DATETIME, _TIMESTAMP), _moment),
    _TIME: _time,
    _BIT: _bits,
    _JSON: json_of,
    _GEOMETRY: lambda _: of_type("GEOMETRY"),
}
