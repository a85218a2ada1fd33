"""Row blocks of Arrow batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.types as kinds

from talon_one_singer.values.arrow_extensions import BOOL8, extension_of, is_text, storage_of
from talon_one_singer.values.arrow_values import Conversion
from talon_one_singer.values.refused_value import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class ArrowBlock:
    """The rows of an Arrow batch, see RowBlock.

    Args:
        batch: the rows.
        decoders: decode the text of columns that the query renders as text.
        type_names: the database's names of the column types.
    """

    alike = True

    def __init__(
        self,
        batch: pa.RecordBatch,
        decoders: Mapping[str, Callable[[Any], Any]] | None = None,
        type_names: Mapping[str, str] | None = None,
    ) -> None:
        self._batch, self._decoders, self._type_names = batch, decoders or {}, type_names or {}
        self.names: Sequence[str] = batch.schema.names

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def array(self, name: str) -> pa.Array | None:
        """See RowBlock."""
        field = self._batch.schema.field(name)
        extension, array = extension_of(field), self._batch.column(name)
        if name in self._decoders:
            return None
        if extension == BOOL8:  # so DuckDB returns booleans
            return storage_of(array).cast(pa.bool_())
        if extension is not None or not _is_direct(field):
            return None
        if not is_text(field.type):
            return array
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:  # text that is not UTF-8
            return None
        return array

    def values(self, name: str) -> list[Any]:
        """See RowBlock."""
        return self._values(name, self._batch.column(name))

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """See RowBlock."""
        if len(positions) == len(self):
            return self._rows_of(self._batch)
        return [self._rows_of(self._batch.slice(position, 1))[0] for position in positions]

    def _rows_of(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        columns = [self._values(name, batch.column(name)) for name in self.names]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _values(self, name: str, array: pa.Array) -> list[Any]:
        values = Conversion(type_name=self._type_names.get(name)).values(array, self._batch.schema.field(name))
        decode = self._decoders.get(name)
        if decode is None:
            return values
        return [value if value is None or isinstance(value, RefusedValue) else decode(value) for value in values]


def _is_direct(field: pa.Field) -> bool:
    """Return whether the values of a column are those of its Arrow type, without a meaning of their own."""
    kind = field.type
    if is_text(kind):
        return not field.metadata
    if kinds.is_timestamp(kind):
        return bool(kind.unit != "ns")
    return bool(
        kinds.is_integer(kind)
        or kinds.is_boolean(kind)
        or kinds.is_float64(kind)
        or kinds.is_decimal128(kind)
        or kinds.is_date32(kind)
        or kinds.is_null(kind)
    )
