"""The rows in Arrow batches, with the values that a RECORD of the stream would have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from talon_one_singer.values import int96
from talon_one_singer.values.arrow_values import Conversion, unsupported
from talon_one_singer.values.exact_json import decode_json
from talon_one_singer.values.refused_value import RefusedValue, has_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    _Part = tuple[pa.RecordBatch, pa.RecordBatch | None]

_CONVERSION = Conversion(as_json=True)
_AS_BYTES = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})


def parquet_batches(file: BinaryIO, max_rows: int) -> Iterator[_Part]:
    """Yield the batches of a Parquet file, see int96.batches."""
    _check(pq.ParquetFile(file).schema_arrow)
    yield from int96.batches(file, max_rows)


def arrow_batches(file: BinaryIO, max_rows: int) -> Iterator[_Part]:
    """Yield the batches of an Arrow file or an Arrow stream."""
    try:
        reader = pa.ipc.open_file(file)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    except pa.ArrowInvalid:
        file.seek(0)
        reader = pa.ipc.open_stream(file)
        batches = iter(reader)
    _check(reader.schema)
    for batch in batches:
        _check_offsets(batch)
        yield from ((batch.slice(start, max_rows), None) for start in range(0, batch.num_rows, max_rows))


def _check_offsets(batch: pa.RecordBatch) -> None:
    """Raise ArrowInvalid if offsets lead out of the batch, where Arrow would read arbitrary memory.

    Text that is not UTF-8 is found when its row is read. Values of a fixed width have no offsets.
    """
    for column in batch.columns:
        if kinds.is_primitive(column.type) or kinds.is_decimal(column.type):
            continue
        as_bytes = _AS_BYTES.get(column.type)
        (column if as_bytes is None else column.view(as_bytes)).validate(full=True)


def _check(schema: pa.Schema) -> None:
    """Raise ValueError if a column has a type that cannot be represented in JSON."""
    for field in schema:
        if unsupported(field):
            raise ValueError(f"column {field.name} is of type {field.type}, which JSON cannot represent")


class Columns:
    """The columns of a stream, according to its schema.

    Objects and arrays are decoded from their JSON text. Null in a column that must not be null means that the row did
    not have the field.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties")
        known = properties.items() if isinstance(properties, dict) else ()
        parts = {name: sub for name, sub in known if isinstance(sub, dict)}
        self._decoders = {name: decode for name, sub in parts.items() if (decode := _decoder(sub))}
        self._never_null = {name for name, sub in parts.items() if not _types(sub) & {"null", None}}

    def rows(
        self, batch: pa.RecordBatch, coarse: pa.RecordBatch | None = None
    ) -> Iterator[dict[str, Any] | ValueError]:
        """Yield the rows, and an error in place of each row that cannot be read.

        Args:
            batch: the rows.
            coarse: the 96-bit times of the rows, read as microseconds, see int96.batches.
        """
        names = batch.schema.names
        columns = [self._column(*each, coarse) for each in zip(batch.schema, batch.columns, strict=True)]
        refused = any(map(has_refused, columns))
        absent = self._never_null.intersection(names)
        for values in zip(*columns, strict=True):
            row = dict(zip(names, values, strict=True))
            for name in absent:
                if row[name] is None:
                    del row[name]
            yield (refused and _broken(row)) or row

    def _column(self, field: pa.Field, array: pa.Array, coarse: pa.RecordBatch | None) -> list[Any]:
        values = _CONVERSION.values(array, field)
        if coarse is not None and field.name in coarse.schema.names:
            again = coarse.schema.field(field.name)
            values = list(map(int96.exact, values, _CONVERSION.values(coarse.column(field.name), again)))
        decode = self._decoders.get(field.name)
        return [decode(value) if isinstance(value, str) else value for value in values] if decode else values


class UnreadableRow(ValueError):
    """A row with a value that cannot be read.

    Attributes:
        row: the values as JSON, with text in place of values that cannot be represented in JSON.
    """

    def __init__(self, what: str, row: Mapping[str, Any]) -> None:
        super().__init__(what)
        self.row = json.dumps(row, default=str)


def _broken(row: Mapping[str, Any]) -> ValueError | None:
    for name, value in row.items():
        if isinstance(value, RefusedValue):
            return UnreadableRow(f"holds a value that cannot be read: column {name}: {value}", row)
    return None


def _types(schema: Mapping[str, Any]) -> set[str | None]:
    types = schema.get("type")
    return set(types) if isinstance(types, list) else {types}


def _decoder(schema: Mapping[str, Any]) -> Callable[[str], Any] | None:
    """Return the function that decodes text in a column of this schema; None: text stays text."""
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
