"""The conversion of nested Arrow types: lists, structs, maps, unions and encodings are converted part by part.

If one part is refused, the complete value is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from talon_one_singer.values.refused_value import RefusedValue, first_refused, has_refused
from talon_one_singer.values.value_texts import name_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Protocol

    class Conversion(Protocol):
        """Converts the parts of a value."""

        def values(self, array: pa.Array, field: pa.Field) -> list[Any]:
            """Return a value for each element."""


def _lists(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    flat = how.values(array.flatten(), field.type.value_field)
    refused, at = has_refused(flat), 0
    found: list[Any] = []
    for length in pc.list_value_length(array).to_pylist():
        if length is None:
            found.append(None)
            continue
        part: Any = flat[at : at + length]
        at += length
        found.append((refused and first_refused(part)) or part)
    return found


def _structs(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    fields = list(field.type)
    names = [one.name for one in fields]
    there = array.is_valid().to_pylist()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        return [RefusedValue(f"it has two fields named {twice!r}") if valid else None for valid in there]
    columns = [how.values(part, one) for part, one in zip(array.flatten(), fields, strict=True)]
    refused = any(map(has_refused, columns))
    rows: Any = zip(*columns, strict=True) if names else ((),) * len(array)
    return [
        ((refused and first_refused(row)) or dict(zip(names, row, strict=True))) if valid else None
        for valid, row in zip(there, rows, strict=True)
    ]


def _maps(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    ends = array.offsets.to_pylist()
    first, last = (ends[0], ends[-1]) if ends else (0, 0)
    keys = how.values(array.keys.slice(first, last - first), field.type.key_field)
    items = how.values(array.items.slice(first, last - first), field.type.item_field)
    return [
        _object(keys[start - first : end - first], items[start - first : end - first]) if valid else None
        for valid, start, end in zip(array.is_valid().to_pylist(), ends[:-1], ends[1:], strict=True)
    ]


def _object(keys: Sequence[Any], items: Sequence[Any]) -> Any:
    refused = first_refused(keys) or first_refused(items)
    if refused:
        return refused
    try:
        found = dict(zip(map(name_text, keys), items, strict=True))
    except ValueError as error:
        return RefusedValue(f"a key of its map cannot be the name of a property: {error}")
    return found if len(found) == len(keys) else RefusedValue("its map has a key twice")


def _unions(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    kind = field.type
    columns = {code: how.values(array.field(number), kind.field(number)) for number, code in enumerate(kind.type_codes)}
    # In pyarrow, type_codes and offsets of a slice are those of the complete array.
    _, codes_raw, *more = array.buffers()
    codes = pa.Array.from_buffers(pa.int8(), len(array), [None, codes_raw], offset=array.offset).to_pylist()
    positions: Iterable[int] = range(len(codes))
    if kind.mode == "dense":
        positions = pa.Array.from_buffers(pa.int32(), len(array), [None, more[0]], offset=array.offset).to_pylist()
    return [columns[code][place] for code, place in zip(codes, positions, strict=True)]


def _dictionary(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    values = how.values(array.dictionary, field.with_type(field.type.value_type))
    return [None if index is None else values[index] for index in array.indices.to_pylist()]


def _runs(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    values = how.values(array.values, field.with_type(field.type.value_type))
    found: list[Any] = []
    for end, value in zip(array.run_ends.to_pylist(), values, strict=True):
        missing = min(end - array.offset, len(array)) - len(found)
        found.extend([value] * max(missing, 0))
    return found


NESTED: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array, pa.Field, Any], list[Any]]], ...] = (
    (kinds.is_dictionary, _dictionary),
    (kinds.is_run_end_encoded, _runs),
    (kinds.is_map, _maps),
    (kinds.is_list, _lists),
    (kinds.is_large_list, _lists),
    (kinds.is_fixed_size_list, _lists),
    (kinds.is_list_view, _lists),
    (kinds.is_large_list_view, _lists),
    (kinds.is_struct, _structs),
    (kinds.is_union, _unions),
)
