"""Queries of Snowflake as sources, streamed as Arrow batches.

https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pyarrow.types as kinds

from talon_one_singer.values.arrow_extensions import is_text
from talon_one_singer.values.arrow_values import Conversion
from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.connections import snowflake
from talon_one_warehouse.sources.clients.client_source import ClientSource, refused_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from snowflake.connector import SnowflakeConnection

    from talon_one_warehouse.connections.client_errors import ClientErrors

    Matches = Callable[[pa.DataType], bool]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_JSON = {"semi-structured": "json"}


def open_query(rest: str, sql: str, *, options: Mapping[str, Any] | None = None) -> ClientSource:
    """Run a query on Snowflake.

    Args:
        rest: the URL without its scheme, see ``connections.snowflake.connect``.
        sql: the query.
        options: see ``connections.snowflake.connect``.

    Raises:
        WarehouseConfigError: the database or the query cannot be used.
        WarehouseError: Snowflake does not answer.
    """
    connection, errors = snowflake.connect(rest, options), snowflake.errors(rest, options)
    with ExitStack() as stack:
        stack.callback(connection.close)
        return run_query(connection, sql, errors, stack.pop_all())


def quoted_table(parts: Sequence[str]) -> str:
    """Return the name of a table; plain names stay without quotes, because Snowflake folds those to upper case."""
    return ".".join(part if _PLAIN_NAME.fullmatch(part) else '"{}"'.format(part.replace('"', '""')) for part in parts)


def run_query(connection: SnowflakeConnection, sql: str, errors: ClientErrors, stack: ExitStack) -> ClientSource:
    """Run a query on an open connection; ``stack`` is closed with the source, or after an error.

    Raises:
        WarehouseConfigError: the query cannot be used.
        WarehouseError: Snowflake does not answer.
    """
    from snowflake.connector.constants import FIELD_ID_TO_NAME

    with stack, errors.running():
        cursor = stack.enter_context(connection.cursor())
        cursor.execute(sql)
        description = cursor.description or []
        batches = cursor.fetch_arrow_batches()
        type_names = [FIELD_ID_TO_NAME[column.type_code] for column in description]
        names = [column.name for column in description]
        return ClientSource(names, _parts(batches, type_names), errors, stack.pop_all())


def _parts(batches: Iterator[pa.Table], type_names: Sequence[str]) -> Iterator[list[list[Any]]]:
    for table in batches:
        for batch in table.to_batches(max_chunksize=ROWS):
            columns = zip(batch.columns, batch.schema, type_names, strict=True)
            yield [column_values(array, field, name) for array, field, name in columns]


def column_values(array: pa.Array, field: pa.Field, type_name: str) -> list[Any]:
    """Return the values of a column; the client returns some types, such as intervals, as numbers."""
    matches = _TYPES.get(type_name)
    if matches is None or not matches(field.type):
        return refused_column(array.to_pylist(), f"{type_name} ({field.type})" if matches else type_name)
    if type_name in _SEMI_STRUCTURED and is_text(field.type):
        field = field.with_metadata(_JSON)
    else:
        field = field.remove_metadata()
    return Conversion(type_name=type_name).values(array, field)


def _is_number(kind: pa.DataType) -> bool:
    return bool(kinds.is_integer(kind) or kinds.is_decimal(kind))


def _is_part_of_json(kind: pa.DataType) -> bool:
    return is_text(kind) or bool(kinds.is_nested(kind))


_SEMI_STRUCTURED = ("VARIANT", "OBJECT", "ARRAY")
_TYPES: Mapping[str, Matches] = {
    "FIXED": _is_number,
    "REAL": kinds.is_floating,
    "TEXT": is_text,
    "BOOLEAN": kinds.is_boolean,
    "DATE": kinds.is_date,
    "TIME": kinds.is_time,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"), kinds.is_timestamp),
    **dict.fromkeys((*_SEMI_STRUCTURED, "MAP", "VECTOR"), _is_part_of_json),
    **dict.fromkeys(("GEOGRAPHY", "GEOMETRY"), is_text),
}
