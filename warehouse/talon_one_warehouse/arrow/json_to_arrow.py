"""Conversion of encoded JSON rows to Arrow without loss: no number becomes a float on its way to the column."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec

from talon_one_warehouse.errors import RowError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec

# Few enough rows to stay in the processor's cache between decoding and splitting into columns.
_CHUNK = 256
_ROWS_OF_A_BLOCK = 300  # fewer rows take less time one by one
_NULL = msgspec.Raw(b"null")
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_TYPES: Mapping[Kind, Any] = {
    "string": str,
    "integer": _Int64,
    "number": msgspec.Raw,
    "boolean": bool,
    "instant": str,
    "json": msgspec.Raw,
}
_REFUSALS: Mapping[Kind, str] = {
    "string": "is not a string",
    "integer": "is not an integer of 64 bits",
    "number": "is not a number that DECIMAL(38,18) holds exactly",
    "boolean": "is not true or false",
    "instant": "is not a point in time with a zone, to the microsecond at most, like 2024-01-31T12:00:00Z",
    "json": "is not JSON",
}


def to_arrow(table: TableSpec, raws: Sequence[bytes | msgspec.Raw]) -> pa.RecordBatch:
    """Return rows as a record batch with the table's columns.

    Args:
        table: names the columns; properties without a column are left out.
        raws: one encoded JSON object per row.

    Raises:
        RowError: the first value that does not fit its column, or the first row that is not a JSON object.
    """
    # pyarrow is an optional extra, and this module is imported with the package.
    from talon_one_warehouse.arrow.json_blocks import block_to_arrow

    batch = block_to_arrow(table, raws) if len(raws) >= _ROWS_OF_A_BLOCK else None
    return rows_to_arrow(table, raws) if batch is None else batch


def rows_to_arrow(table: TableSpec, raws: Sequence[bytes | msgspec.Raw]) -> pa.RecordBatch:
    """Return what ``to_arrow`` returns, row by row: for few rows, and to name the row that does not fit.

    Raises:
        RowError: see ``to_arrow``.
    """
    import pyarrow as pa

    from talon_one_warehouse.arrow.array_builders import ARROW_KINDS, arrow_schema

    decoded = zip(table.columns, _decoded_columns(table, raws), strict=True)
    arrays = [_array(table, column, ARROW_KINDS[column.kind].build, values, raws) for column, values in decoded]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))


def _fields(table: TableSpec) -> dict[str, Column]:
    """Return the columns by attribute of the decoded row: a property can have any name, an attribute cannot."""
    return {f"f{index}": column for index, column in enumerate(table.columns)}


@lru_cache(maxsize=256)
def _decoder(table: TableSpec) -> msgspec.json.Decoder[Any]:
    fields = [(field, *_type_and_default(table, column)) for field, column in _fields(table).items()]
    rename = {field: column.source for field, column in _fields(table).items()}
    record = msgspec.defstruct("Row", fields, rename=rename, kw_only=True)
    return msgspec.json.Decoder(record)


def _type_and_default(table: TableSpec, column: Column) -> tuple[Any, ...]:
    kind = _TYPES[column.kind]
    if column.name in table.key:
        return (kind,)
    return (kind, _NULL) if kind is msgspec.Raw else (kind | None, None)


def _decoded_columns(table: TableSpec, raws: Sequence[bytes | msgspec.Raw]) -> list[list[Any]]:
    """Return the decoded values, one list per column."""
    decode, values_of = _decoder(table).decode, _values_getter(table)
    columns: list[list[Any]] = [[] for _ in table.columns]
    try:
        for start in range(0, len(raws), _CHUNK):
            chunk = zip(*map(values_of, map(decode, raws[start : start + _CHUNK])), strict=True)
            for column, values in zip(columns, chunk, strict=True):
                column.extend(values)
    except _UNDECODABLE:
        _refuse_first(table, raws)
        raise
    return columns


def _values_getter(table: TableSpec) -> Callable[[Any], tuple[Any, ...]]:
    fields = list(_fields(table))
    if len(fields) > 1:
        return attrgetter(*fields)
    return lambda record: (getattr(record, fields[0]),)


def _array(
    table: TableSpec,
    column: Column,
    build: Callable[[Sequence[Any]], pa.Array],
    values: list[Any],
    raws: Sequence[bytes | msgspec.Raw],
) -> pa.Array:
    try:
        array = build(values)
    except ValueError:  # ArrowInvalid is one
        for value, raw in zip(values, raws, strict=True):
            try:
                build([value])
            except ValueError:
                _refuse(table, column, raw)
        raise
    if array.null_count and column.name in table.key:
        _refuse(table, column, raws[array.is_null().index(True).as_py()])
    return array


def _refuse_first(table: TableSpec, raws: Sequence[bytes | msgspec.Raw]) -> None:
    for raw in raws:
        try:
            _decoder(table).decode(raw)
        except _UNDECODABLE as error:
            _refuse_row(table, raw, error)


def _refuse_row(table: TableSpec, raw: bytes | msgspec.Raw, error: Exception) -> NoReturn:
    """Raise the RowError of a row that cannot be decoded."""
    try:
        parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except _UNDECODABLE as fault:
        raise _row_error(table, None, raw, {}, f"is not a JSON object: {fault}") from None
    for column in table.columns:
        value = parts.get(column.source)
        if value is None and column.name not in table.key:
            continue
        try:
            msgspec.json.decode(value or _NULL, type=_type_and_default(table, column)[0])
        except _UNDECODABLE:
            _refuse(table, column, raw)
    raise _row_error(table, None, raw, parts, f"is not a row of this table: {error}") from None


def _refuse(table: TableSpec, column: Column, raw: bytes | msgspec.Raw) -> NoReturn:
    parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    value = parts.get(column.source, _NULL)
    reason = "is not allowed in a key column" if bytes(value) == b"null" else _REFUSALS[column.kind]
    raise _row_error(table, column, value, parts, reason) from None


def _row_error(
    table: TableSpec,
    column: Column | None,
    value: bytes | msgspec.Raw,
    parts: Mapping[str, msgspec.Raw],
    reason: str,
) -> RowError:
    key = {c.name: _text(parts[c.source]) for c in table.columns if c.name in table.key and c.source in parts}
    return RowError(reason, table=table.name, column=column.name if column else "", value=_text(value), key=key)


def _text(raw: bytes | msgspec.Raw) -> str:
    return bytes(raw).decode("utf-8", "replace")
