"""Arrow batches as rows of Python values."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

ROWS = 10_000
_JSON = ("json", "jsonb", "variant")


def rows_of(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, json_columns: Collection[str] = ()
) -> Iterator[list[dict[str, Any]]]:
    """The rows of the batches, at most ``ROWS`` in a part.

    Args:
        batches: of the schema.
        schema: types of the columns.
        json_columns: columns of text that is JSON, where the schema does not tell.
    """
    names = schema.names
    values = [_objects if field.name in json_columns else _values(field) for field in schema]
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            columns = [value(part.column(index)) for index, value in enumerate(values)]
            yield [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(field: pa.Field) -> Callable[[pa.Array], list[Any]]:
    """From a column to Python values."""
    kind = field.type
    if isinstance(kind, pa.OpaqueType):
        return _numbers if kind.type_name == "numeric" else _texts
    if _is_json(field):
        return _objects
    if pa.types.is_timestamp(kind):
        return _instants if kind.tz else _naive_instants
    return _plain


def _is_json(field: pa.Field) -> bool:
    metadata = {name.decode(): value.decode().lower() for name, value in (field.metadata or {}).items()}
    return any("json" in value or value in _JSON for value in metadata.values()) or "json" in str(field.type).lower()


def _plain(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values


def _numbers(column: pa.Array) -> list[Any]:
    return [None if value is None else Decimal(value) for value in column.to_pylist()]


def _texts(column: pa.Array) -> list[Any]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def _objects(column: pa.Array) -> list[Any]:
    return [None if value is None else json.loads(value, parse_float=Decimal) for value in column.to_pylist()]


def _instants(column: pa.Array) -> list[Any]:
    return [None if value is None else _utc(value) for value in column.cast(pa.timestamp("us", "UTC")).to_pylist()]


def _naive_instants(column: pa.Array) -> list[Any]:
    values = column.cast(pa.timestamp("us")).to_pylist()
    return [None if value is None else value.replace(tzinfo=UTC) for value in values]


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)
