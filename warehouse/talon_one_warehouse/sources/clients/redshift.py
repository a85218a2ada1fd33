"""Queries of Amazon Redshift as sources, streamed through a cursor of the server.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from talon_one_singer.values.arrow_extensions import json_of
from talon_one_singer.values.dbapi_values import dbapi_values
from talon_one_singer.values.refused_value import RefusedValue
from talon_one_storage.sql_names import quoted
from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.connections import redshift
from talon_one_warehouse.sources.clients.client_source import ClientSource, float32_column, refused_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from redshift_connector.cursor import Cursor

_CURSOR = "talon_one_rows"
_FETCH = 1_000  # the most that a cluster of one node returns at a time
# Numbers of types: https://github.com/aws/amazon-redshift-python-driver
_FLOAT4, _SUPER = 700, 4000
_PLAIN = frozenset({16, 18, 19, 20, 21, 23, 25, 26, 701, 1042, 1043, 1083, 1266, 1700, 2950})
_MOMENTS = frozenset({1082, 1114, 1184})
_NAMES: Mapping[int, str] = {
    17: "BYTEA",
    1186: "INTERVAL",
    1188: "INTERVAL YEAR TO MONTH",
    1190: "INTERVAL DAY TO SECOND",
    2935: "HLLSKETCH",
    3000: "GEOMETRY",
    3001: "GEOGRAPHY",
    6551: "VARBYTE",
}
# The client returns infinity as the ends of Python's calendar.
_ENDS = frozenset({datetime.min, datetime.max, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)})  # noqa: DTZ901
_LAST_DAYS = frozenset({date.min, date.max})


def open_query(rest: str, sql: str, *, options: Mapping[str, Any] | None = None) -> ClientSource:
    """Run a query on Redshift.

    Args:
        rest: the URL without its scheme, see ``connections.redshift.connect``.
        sql: the query.
        options: see ``connections.redshift.connect``.

    Raises:
        WarehouseConfigError: the database or the query cannot be used.
        WarehouseError: the server does not answer.
    """
    connection, errors = redshift.connect(rest, options), redshift.errors(rest, options)
    with ExitStack() as stack:
        stack.callback(connection.close)
        with errors.running():
            cursor = connection.cursor()
            cursor.execute(f"DECLARE {_CURSOR} CURSOR FOR\n{sql}")
            first = _fetched(cursor)
            columns = [(str(name), int(kind)) for name, kind, *_ in cursor.description or ()]
        return ClientSource([name for name, _ in columns], _parts(cursor, first, columns), errors, stack.pop_all())


def quoted_table(parts: Sequence[str]) -> str:
    """Return the name of a table; Redshift does not distinguish letter case, in quotes neither."""
    return quoted(*parts)


def column_values(values: Sequence[Any], kind: int) -> list[Any]:
    """Return the values of a column.

    Args:
        values: from the client.
        kind: the number of the column's type in the protocol.
    """
    if kind == _FLOAT4:
        return float32_column(values)
    if kind == _SUPER:
        return [None if value is None else json_of(value) for value in values]
    if kind in _MOMENTS:
        return list(map(_moment, values))
    if kind in _PLAIN:
        return dbapi_values(values)
    return refused_column(values, _NAMES.get(kind, f"number {kind}"))


def _fetched(cursor: Cursor) -> list[Sequence[Any]]:
    cursor.execute(f"FETCH FORWARD {_FETCH} FROM {_CURSOR}")
    return list(cursor.fetchall())


def _parts(cursor: Cursor, rows: list[Sequence[Any]], columns: Sequence[tuple[str, int]]) -> Iterator[list[list[Any]]]:
    while rows:
        part = rows
        rows = _fetched(cursor)
        while rows and len(part) < ROWS:
            part, rows = [*part, *rows], _fetched(cursor)
        values = zip(*part, strict=True)
        yield [column_values(column, kind) for column, (_, kind) in zip(values, columns, strict=True)]


def _moment(value: Any) -> Any:
    if value in (_ENDS if isinstance(value, datetime) else _LAST_DAYS):
        return RefusedValue(f"{value} is an end of the calendar, with which the client shows infinity")
    return value
