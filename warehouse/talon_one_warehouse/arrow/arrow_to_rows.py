"""Conversion of Arrow batches to rows of Python values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer.values.arrow_values import Conversion
from talon_one_singer.values.refused_value import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa

ROWS = 10_000  # per list


def rows_of(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    *,
    decoders: Mapping[str, Callable[[Any], Any]] | None = None,
    type_names: Mapping[str, str] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Return the rows of batches, in lists of at most ``ROWS``.

    Args:
        batches: record batches of the schema.
        schema: types of the columns.
        decoders: decode the text of columns that the query renders as text.
        type_names: the database's names of the column types.
    """
    names = schema.names
    conversions = [Conversion(type_name=(type_names or {}).get(name)) for name in names]
    for batch in batches:
        for part in slices(batch):
            columns = [
                _decoded(conversion.values(part.column(index), field), (decoders or {}).get(field.name))
                for index, (conversion, field) in enumerate(zip(conversions, schema, strict=True))
            ]
            yield [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a batch in batches of at most ``ROWS``."""
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS)


def _decoded(values: list[Any], decode: Callable[[Any], Any] | None) -> list[Any]:
    if decode is None:
        return values
    return [value if value is None or isinstance(value, RefusedValue) else decode(value) for value in values]
