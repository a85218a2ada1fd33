"""Rows out of Arrow columns, with the values that a RECORD of the stream would have."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as kinds

from talon_one_singer.exact_json import decode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})


def parquet_batches(file: BinaryIO, max_rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file in parts."""
    reader = pq.ParquetFile(file)
    _check(reader.schema_arrow)
    yield from reader.iter_batches(batch_size=max_rows)


def arrow_batches(file: BinaryIO, max_rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of an Arrow file, or of an Arrow stream, in parts."""
    try:
        reader = pa.ipc.open_file(file)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    except pa.ArrowInvalid:
        file.seek(0)
        reader = pa.ipc.open_stream(file)
        batches = iter(reader)
    _check(reader.schema)
    for batch in batches:
        yield from (batch.slice(start, max_rows) for start in range(0, batch.num_rows, max_rows))


def _check(schema: pa.Schema) -> None:
    """Raises ValueError: a column is of a type that JSON has not."""
    for field in schema:
        try:
            _values(pa.array([], field.type))
        except (TypeError, pa.ArrowException):
            raise ValueError(f"column {field.name} is of type {field.type}, which JSON has not") from None


class Columns:
    """What the schema of a stream says about columns.

    Objects and arrays come back from their JSON text; null in a column that may not be null is a field that the row
    did not have.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties")
        known = properties.items() if isinstance(properties, dict) else ()
        parts = {name: sub for name, sub in known if isinstance(sub, dict)}
        self._decoders = {name: decode for name, sub in parts.items() if (decode := _decoder(sub))}
        self._never_null = {name for name, sub in parts.items() if not _types(sub) & {"null", None}}

    def rows(self, batch: pa.RecordBatch) -> Iterator[dict[str, Any] | ValueError]:
        """The rows; in place of a broken one what is wrong with it."""
        try:
            found = self._rows(batch)
        except Exception as error:  # noqa: BLE001  # not UTF-8, no time of the calendar, not a number
            if batch.num_rows == 1:
                yield ValueError(f"holds a value that cannot be read: {str(error).splitlines()[0][:200]}")
                return
            half = batch.num_rows // 2
            yield from self.rows(batch.slice(0, half))
            yield from self.rows(batch.slice(half))
        else:
            yield from found

    def _rows(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        names = batch.schema.names
        columns = [self._column(*each) for each in zip(names, batch.columns, strict=True)]
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        for name in self._never_null.intersection(names):
            for row in rows:
                if row[name] is None:
                    del row[name]
        return rows

    def _column(self, name: str, array: pa.Array) -> list[Any]:
        values = _values(array)
        decode = self._decoders.get(name)
        return [decode(value) if isinstance(value, str) else value for value in values] if decode else values


def _types(schema: Mapping[str, Any]) -> set[str | None]:
    types = schema.get("type")
    return set(types) if isinstance(types, list) else {types}


def _decoder(schema: Mapping[str, Any]) -> Callable[[str], Any] | None:
    """How text in a column of this schema becomes a value; None: it stays."""
    if schema.get("contentMediaType") == "application/json":
        return _any_json
    return None if _types(schema) <= _SCALARS else _object_or_array


def _any_json(text: str) -> Any:
    try:
        return decode_json(text)
    except ValueError:
        return text


def _object_or_array(text: str) -> Any:
    value = _any_json(text)
    return value if isinstance(value, dict | list) else text


def _values(array: pa.Array) -> list[Any]:
    """JSON values.

    Raises:
        TypeError: JSON has no such type.
        ValueError: JSON has no such value.
    """
    for matches, convert in _CONVERTERS:
        if matches(array.type):
            return convert(array)
    raise TypeError(f"JSON has no {array.type}")


def _decimals(array: pa.Array) -> list[Decimal | None]:
    """Without the zeros that only fill the scale of the column."""
    return [None if value is None else _short(f"{value:f}") for value in array.to_pylist()]


def _short(text: str) -> Decimal:
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _floats(array: pa.Array) -> list[Decimal | None]:
    """The shortest decimals that name the same floats."""
    if not pc.all(pc.is_finite(array), min_count=0).as_py():
        raise ValueError("JSON has no NaN and no Infinity")
    wide = array.cast(pa.float32()) if kinds.is_float16(array.type) else array
    return [None if text is None else Decimal(text) for text in wide.cast(pa.string()).to_pylist()]


def _instants(array: pa.Array) -> list[str | None]:
    """RFC 3339 in UTC; a timestamp without zone is taken for UTC."""
    texts = pc.strftime(array.cast(pa.timestamp(array.type.unit, "UTC")), "%Y-%m-%dT%H:%M:%SZ")
    short: list[str | None] = pc.replace_substring_regex(texts, r"(\.[0-9]*[1-9])0+Z$|\.0+Z$", r"\1Z").to_pylist()
    return short


def _texts(array: pa.Array) -> list[str | None]:
    texts: list[str | None] = array.cast(pa.string()).to_pylist()
    return texts


def _lists(array: pa.Array) -> list[list[Any] | None]:
    flat = iter(_values(array.flatten()))
    lengths = pc.list_value_length(array).to_pylist()
    return [None if length is None else [next(flat) for _ in range(length)] for length in lengths]


def _maps(array: pa.Array) -> list[dict[str, Any] | None]:
    pairs = array.cast(pa.list_(pa.struct([("key", pa.string()), ("value", array.type.item_type)])))
    return [None if each is None else {pair["key"]: pair["value"] for pair in each} for each in _lists(pairs)]


def _structs(array: pa.Array) -> list[dict[str, Any] | None]:
    names = [field.name for field in array.type]
    rows = zip(*map(_values, array.flatten()), strict=True) if names else ((),) * len(array)
    there = array.is_valid().to_pylist()
    return [dict(zip(names, row, strict=True)) if valid else None for valid, row in zip(there, rows, strict=True)]


def _one_of(*tests: Callable[[pa.DataType], bool]) -> Callable[[pa.DataType], bool]:
    return lambda kind: any(test(kind) for test in tests)


_CONVERTERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], list[Any]]], ...] = (
    (_one_of(kinds.is_boolean, kinds.is_integer, kinds.is_null), lambda array: array.to_pylist()),
    (_one_of(kinds.is_string, kinds.is_large_string, kinds.is_string_view), lambda array: array.to_pylist()),
    (kinds.is_decimal, _decimals),
    (kinds.is_floating, _floats),
    (kinds.is_timestamp, _instants),
    (kinds.is_date, lambda array: _texts(array.cast(pa.date32()))),
    (kinds.is_time, _texts),
    (kinds.is_dictionary, lambda array: _values(array.dictionary_decode())),
    (kinds.is_map, _maps),
    (_one_of(kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list), _lists),
    (kinds.is_struct, _structs),
    (lambda kind: isinstance(kind, pa.BaseExtensionType), lambda array: _values(array.storage)),
)
