"""Maps row blocks by column: key and canonical JSON of many rows at once, as expressions of one SQL statement.

The result is exactly that of ``Mapper`` for every row. Rows for which columns cannot be used are named by a condition,
and are mapped one by one: nulls that are refused, values that do not fit, rows that are marked as deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from talon_one_storage.sql_names import literal
from target_talon_one.mapping.canonical import encode, number_json
from target_talon_one.mapping.coercion import PLAIN
from target_talon_one.mapping.columns.expressions import Expression, expression
from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.field_columns import is_metadata
from target_talon_one.mapping.value_source import OtherColumns, ValueSource, column_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_singer.blocks.row_block import RowBlock
    from target_talon_one.mapping.coercion import FieldConversion
    from target_talon_one.mapping.field_setters import FieldSetters
    from target_talon_one.mapping.mapping_options import NullPolicy
    from target_talon_one.mapping.value_source import FieldSources
    from target_talon_one.sinks.sink_type import SinkType

POSITION = "position"  # column with the position of a row in its block
_MOST_COLUMNS = 250  # DuckDB limits the depth of an expression
_BYTES_PER_BYTE = 6  # of an escaped text
_MOST_DIGITS = 64  # of a number or a time
_POOL = pa.system_memory_pool()  # returns memory at once


@dataclass(frozen=True, slots=True)
class MappedColumns:
    """A row block with the expressions that map it.

    Attributes:
        table: the columns that the expressions read, and POSITION.
        key: expression of the key.
        fields: expression of the fields as JSON.
        one_by_one: condition for rows that must be mapped one by one; None: there are none.
        widest: no row has more bytes than this.
    """

    table: pa.Table
    key: str
    fields: str
    one_by_one: str | None
    widest: int

    def except_larger(self, size: int) -> MappedColumns:
        """Return the same columns; rows whose fields have more bytes must be mapped one by one."""
        if self.widest <= size:
            return self
        larger = f"coalesce(strlen({self.fields}) > {size}, false)"
        return replace(self, one_by_one=f"{self.one_by_one} OR {larger}" if self.one_by_one else larger)


class _NotByColumn(Exception):
    """The rows of a block must be mapped one by one."""


class ColumnMapper:
    """Maps row blocks as ``Mapper`` maps rows.

    Args:
        sink: kind of the destination.
        sources: sources of its fields.
        nulls: how a null is handled.
        setters: say how values are converted.
        deleted_at: columns that mark a row as deleted.
    """

    def __init__(
        self,
        sink: SinkType,
        sources: FieldSources,
        nulls: NullPolicy,
        *,
        setters: FieldSetters,
        deleted_at: Sequence[str],
    ) -> None:
        self._sink, self._sources, self._nulls, self._deleted_at = sink, sources, nulls, deleted_at
        self._conversions = {one.name: setters.conversion(one) for one in sink.fields if one.type != "attributes"}
        self._attribute_conversion = setters.attribute_conversion

    def mapped(self, block: RowBlock) -> MappedColumns | None:
        """Return the columns of a block with the expressions that map them, or None if its rows differ too much."""
        try:
            return _BlockMapping(self, block).mapped()
        except (_NotByColumn, UnicodeEncodeError):  # a name that is not valid text
            return None

    @property
    def nulls(self) -> NullPolicy:
        """How a null is handled."""
        return self._nulls

    def fields(self) -> list[tuple[str, bool, ValueSource, FieldConversion]]:
        """Return name, whether it is required, source and conversion of each field but ``attributes``."""
        given = self._sources.fields
        return [
            (one.name, one.required, given[one.name], self._conversions[one.name])
            for one in self._sink.fields
            if one.name in given
        ]

    def attributes(self, block: RowBlock) -> list[tuple[str, ValueSource, FieldConversion | None]] | None:
        """Return name, source and conversion of each attribute of a block; None: its rows have no attributes."""
        given = self._sources.attributes
        if isinstance(given, ValueSource):
            raise _NotByColumn
        if isinstance(given, OtherColumns):
            if given.instead in block.names:
                raise _NotByColumn
            names = [name for name in block.names if name not in given.taken and not is_metadata(name)]
            given = {name: column_source(name) for name in names}
        if given is None:
            return None
        return [(name, source, self._attribute_conversion(name)) for name, source in given.items()]

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of the fields of the key."""
        return self._sink.key_names

    @property
    def deleted_at(self) -> Sequence[str]:
        """Columns that mark a row as deleted."""
        return self._deleted_at


class _BlockMapping:
    """The mapping of one block: collects its columns and conditions."""

    def __init__(self, mapper: ColumnMapper, block: RowBlock) -> None:
        self._mapper, self._block = mapper, block
        if len(block.names) > _MOST_COLUMNS or (not block.alike and mapper.nulls != "skip"):
            raise _NotByColumn  # where nulls count, an absent column is another thing than a null
        self._columns: dict[str, pa.Array] = {POSITION: pa.array(range(len(block)), pa.int64(), memory_pool=_POOL)}
        self._conditions: dict[str, None] = {}

    def mapped(self) -> MappedColumns:
        members: dict[str, str] = {}
        expressions: dict[str, Expression] = {}
        for name, required, source, conversion in self._mapper.fields():
            found = self._expression(source, conversion)
            member = self._member(name, found, required=required, guessed=source.guessed)
            if member is not None:
                members[name] = member
            if found is not None:
                expressions[name] = found
        attributes = self._mapper.attributes(self._block)
        if attributes is not None:
            members["attributes"] = self._attributes(attributes)
        for name in self._mapper.deleted_at:
            self._except_deleted(name)
        key = [expressions[name] for name in self._mapper.key_names]
        joined = " || ',' || ".join(one.json for one in key)
        return MappedColumns(
            pa.table(self._columns),
            key[0].text if len(key) == 1 else f"('[' || {joined} || ']')",
            _object(members),
            " OR ".join(f"({each})" for each in self._conditions) or None,
            sum(map(_widest, self._columns.values())) + len(_object(members)),
        )

    def _attributes(self, given: list[tuple[str, ValueSource, FieldConversion | None]]) -> str:
        members: dict[str, str] = {}
        for name, source, conversion in given:
            if conversion is None:
                raise _NotByColumn  # every row that has it is refused
            found = self._expression(source, conversion)
            member = self._member(name, found, required=False, guessed=source.guessed)
            if member is not None:
                members[name] = member
        return f"{_json_text('attributes')} || {_object(members)}"

    def _member(self, name: str, found: Expression | None, *, required: bool, guessed: bool) -> str | None:
        """Return the expression of a member of an object, null if a row does not have it; None: no row has it."""
        refuses_null = required or self._mapper.nulls == "reject"
        if found is None:
            if guessed and not required:
                return None
            if refuses_null:
                raise _NotByColumn
            return f"{_json_text(name)} || 'null'" if self._mapper.nulls == "send_null" else None
        if refuses_null and found.null:
            self._conditions[found.null] = None
        if found.one_by_one:
            self._conditions[f"coalesce({found.one_by_one}, false)"] = None
        if self._mapper.nulls == "send_null" and not required:
            return f"{_json_text(name)} || coalesce({found.json}, 'null')"
        return f"{_json_text(name)} || {found.json}"

    def _expression(self, source: ValueSource, conversion: FieldConversion) -> Expression | None:
        if not source.is_column:
            return self._converted(self._rendered(source.get), conversion)
        names = [name for name in source.columns if name in self._block.names]
        if not names:
            return None
        if len(names) > 1 and not self._block.alike:
            raise _NotByColumn
        array = self._block.array(names[0])
        if array is not None:
            array = array.cast(_SIMPLER.get(array.type, array.type))
            if kinds.is_timestamp(array.type) and array.type.tz:
                array = array.cast(pa.timestamp(array.type.unit))  # the same instants, in UTC
            found = expression(array, f"c{len(self._columns)}", conversion)
            if found is not None:
                self._add(array)
                return found
        return self._converted(self._block.values(names[0]), conversion)

    def _rendered(self, get: Callable[[Mapping[str, Any]], Any]) -> list[Any]:
        """Return the values of a template; an error of a row stands for its value."""
        found: list[Any] = []
        for row in self._block.rows(range(len(self._block))):
            try:
                found.append(get(row))
            except (ConversionError, RecursionError) as error:
                found.append(error)
        return found

    def _converted(self, values: Sequence[Any], conversion: FieldConversion) -> Expression:
        """Convert values one by one, for types that SQL does not write."""
        texts: list[str | None] = []
        written: list[bytes | None] = []
        failed: list[bool] = []
        is_number = conversion.kind in ("number", PLAIN)
        for value in values:
            text = json = None
            if value is not None:
                try:
                    if is_number and type(value) is Decimal:
                        json = number_json(value)
                    else:
                        found = conversion.coerce(value)
                        text, json = str(found), encode(found)
                except (ConversionError, RecursionError, UnicodeEncodeError):
                    text = json = None
            texts.append(text if conversion.kind in ("string", "integer") else None)
            written.append(json)
            failed.append(value is not None and json is None)
        json_column = self._add(pa.array(written, pa.binary(), memory_pool=_POOL).cast(pa.string()))
        text_column = self._add(pa.array(texts, pa.string(), memory_pool=_POOL))
        condition = self._add(pa.array(failed, pa.bool_(), memory_pool=_POOL)) if any(failed) else None
        return Expression(text_column, json_column, condition, f"{json_column} IS NULL")

    def _except_deleted(self, name: str) -> None:
        if name not in self._block.names:
            return
        deleted = [value not in (None, "") for value in self._block.values(name)]
        if any(deleted):
            self._conditions[self._add(pa.array(deleted, pa.bool_()))] = None

    def _add(self, array: pa.Array) -> str:
        name = f"c{len(self._columns)}"
        self._columns[name] = array
        return name


def _widest(array: pa.Array) -> int:
    """Return how many bytes the JSON of a value of a column has at most."""
    if not kinds.is_string(array.type):
        return _MOST_DIGITS
    return _BYTES_PER_BYTE * int(pc.max(pc.binary_length(array)).as_py() or 0) + len('""')


def _object(members: Mapping[str, str]) -> str:
    """Return the expression of a JSON object; a member that is null is left out."""
    ordered = sorted(members.items(), key=lambda one: one[0].encode())
    if not ordered:
        return "'{}'"
    return f"('{{' || concat_ws(',', {', '.join(member for _, member in ordered)}) || '}}')"


def _json_text(name: str) -> str:
    """Return the literal of a name and a colon."""
    if "\0" in name:
        raise _NotByColumn  # SQL has no such text
    return literal(f"{encode(name).decode()}:")


_SIMPLER: Mapping[pa.DataType, pa.DataType] = {pa.string_view(): pa.string(), pa.large_string(): pa.string()}
