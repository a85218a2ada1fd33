"""Conversion of many encoded JSON rows to Arrow at once, by Arrow's own JSON reader.

The reader is fast and works without Python's lock, but it is laxer than a column: it takes quoted numbers, wraps
numbers that are too large, and crashes at a row ``null``. So msgspec checks each row first, and cuts out numbers and
JSON texts, which Arrow's reader never sees.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.json as pj

from talon_one_warehouse.arrow.array_builders import ARROW_KINDS, arrow_schema, instants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_warehouse.arrow.columns import TableSpec

_NULL = msgspec.Raw(b"null")
_CUT = ("number", "json")
_READ_AS = {"instant": pa.string()}


class _Plan(NamedTuple):
    """How the rows of a table are read: the decoder that cuts values, and the options of Arrow's reader."""

    decoder: msgspec.json.Decoder[Any]
    options: pj.ParseOptions
    schema: pa.Schema


def block_to_arrow(table: TableSpec, raws: Sequence[bytes | msgspec.Raw]) -> pa.RecordBatch | None:
    """Return rows as a record batch with the table's columns, or None if they have to be read one by one.

    The batch is what ``rows_to_arrow`` returns. None says nothing about the rows: one of them may not fit, or this
    function may not be certain that all of them do.

    Args:
        table: names the columns; properties without a column are left out.
        raws: one encoded JSON object per row, at most some megabytes in all.
    """
    plan = _plan(table)
    try:
        cut = list(map(plan.decoder.decode, raws))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    try:
        read = _read(plan.options, raws)
        arrays = [
            ARROW_KINDS[column.kind].build(list(map(attrgetter(f"f{index}"), cut)))
            if column.kind in _CUT
            else _column(read[column.source], column.kind)
            for index, column in enumerate(table.columns)
        ]
    except ValueError:  # ArrowInvalid is one
        return None
    batch = pa.RecordBatch.from_arrays(arrays, schema=plan.schema)
    return None if any(batch[name].null_count for name in table.key) or batch.num_rows != len(raws) else batch


@lru_cache(maxsize=256)
def _plan(table: TableSpec) -> _Plan:
    numbered = list(enumerate(table.columns))
    cut = [(f"f{index}", msgspec.Raw, _NULL) for index, column in numbered if column.kind in _CUT]
    rename = {f"f{index}": column.source for index, column in numbered}
    row = msgspec.defstruct("Cut", cut, rename=rename, kw_only=True, gc=False)
    read = [
        (column.source, _READ_AS.get(column.kind, ARROW_KINDS[column.kind].type))
        for _, column in numbered
        if column.kind not in _CUT
    ]
    options = pj.ParseOptions(explicit_schema=pa.schema(read), unexpected_field_behavior="ignore")
    return _Plan(msgspec.json.Decoder(row), options, arrow_schema(table))


def _read(options: pj.ParseOptions, raws: Sequence[bytes | msgspec.Raw]) -> pa.Table:
    """Return the columns that Arrow's reader reads, by their names in the rows.

    Raises:
        ArrowInvalid: a value does not have the type of its column, or a text is not UTF-8.
    """
    data = b"\n".join([*raws, b""])
    read = pj.read_json(
        pa.BufferReader(data),
        # One block: rows may contain line breaks.
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=options,
        # Arrow's own pool keeps some 16 MB of what the reader frees.
        memory_pool=pa.system_memory_pool(),
    )
    if not data.isascii():
        read.validate(full=True)
    return read


def _column(read: pa.ChunkedArray, kind: str) -> pa.Array:
    array = read.chunk(0) if read.num_chunks == 1 else read.combine_chunks()
    return instants(array) if kind == "instant" else array
