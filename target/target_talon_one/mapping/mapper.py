"""Maps rows of a source to rows of a sink: a key, and the fields as canonical JSON.

The function that sets each field is made once, with the ``Mapper``; a row only runs these functions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_singer.protocol.messages import DELETED_AT
from talon_one_singer.settings.json_files import nearest
from talon_one_singer.values.column_names import folded
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.columns.column_mapper import ColumnMapper
from target_talon_one.mapping.conversion_errors import InvalidRow
from target_talon_one.mapping.field_setters import FieldSetters, encoded
from target_talon_one.mapping.field_sources import field_sources_of
from target_talon_one.sinks.row_keys import join_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.mapping.mapping_options import MappingOptions
    from target_talon_one.mapping.value_source import FieldSources
    from target_talon_one.sinks.sink_type import SinkType

_DELETED_AT = (DELETED_AT, DELETED_AT.upper())  # databases that write names in upper case have the second


@dataclass(frozen=True, slots=True)
class Mapped:
    """A row as its sink takes it; equal content has equal bytes.

    Attributes:
        key: distinguishes the row from others of its destination: a text, or a JSON list of texts.
        fields: JSON object by the names of the fields.
    """

    key: str
    fields: bytes


class Mapper:
    """Maps rows of a source to what a sink takes.

    Args:
        sink: the kind of destination.
        options: mapping options of the stream.
        columns: columns of the source; None: they are not known, so that each row is searched for them.
        key_properties: columns that the stream calls its key.
        more_columns: rows may have further columns; without a map, these are mapped like the others.
        attribute_types: type of each attribute of the sink's entity; None: they are not known, and values keep their
            JSON type.
        source: name of the source for messages, without secrets.

    Attributes:
        columns_used: columns that are read; if the columns are not known, without those that become attributes because
            no field takes them.
        deleted_at: columns that mark a row as deleted, if the source has them.
        settings: what a mapped row depends on beside the source row and this program, as JSON.
        key_columns: columns whose values are the key; None if templates make it of several values.
        fields: names of the sink's fields that rows can have.
        by_column: maps row blocks to the same keys and fields.

    Raises:
        SyncConfigError: the options do not fit the sink, the columns or the attributes; one line for each problem.
    """

    def __init__(
        self,
        sink: SinkType,
        options: MappingOptions,
        *,
        columns: Sequence[str] | None,
        key_properties: Sequence[str] = (),
        more_columns: bool = False,
        attribute_types: Mapping[str, str] | None = None,
        source: str = "",
    ) -> None:
        sources = field_sources_of(sink, options, columns, key_properties, more_columns=more_columns, source=source)
        _check_attributes(sink, options, sources, attribute_types)
        self.columns_used = sources.columns
        self.fields = frozenset(name for name, one in sources.fields.items() if columns is None or not one.guessed)
        self._origins = sources.origins
        self._key = sink.key_names
        setters = FieldSetters(sink, options.nulls, attribute_types)
        self._key_setters = [setters.field(one, sources.fields[one.name]) for one in sink.key]
        self._setters = setters.all(sources)
        alike = [column for column in columns or () if folded(column) == DELETED_AT]
        self._deleted_at = self.deleted_at = tuple(dict.fromkeys((*_DELETED_AT, *alike)))
        of_key = [sources.fields[one.name] for one in sink.key]
        self.key_columns = tuple(one.columns[0] for one in of_key) if all(one.is_column for one in of_key) else None
        mapped = [sink.name, options.map, options.key, options.nulls, attribute_types]
        self.settings = json.dumps(mapped, sort_keys=True, default=str)
        self.by_column = ColumnMapper(sink, sources, options.nulls, setters=setters, deleted_at=self._deleted_at)

    def __call__(self, row: Mapping[str, Any]) -> Mapped:
        """Return the mapped row. Raises InvalidRow."""
        fields: dict[str, Any] = {}
        try:
            for set_field in self._setters:
                set_field(row, fields)
            content = encoded(fields, self._origins)
        except InvalidRow as problem:
            problem.key = self.key_of(row)
            raise
        return Mapped(self._key_text(fields), content)

    def is_deleted(self, row: Mapping[str, Any]) -> bool:
        """Return whether the source marks the row as deleted: ``_sdc_deleted_at`` of a tap or loader holds a time."""
        return any(row.get(name) not in (None, "") for name in self._deleted_at)

    def key_of(self, row: Mapping[str, Any]) -> str | None:
        """Return the key of a row, even if its other fields are invalid; None if the key itself is invalid."""
        fields: dict[str, Any] = {}
        try:
            for set_field in self._key_setters:
                set_field(row, fields)
            encoded(fields, self._origins)
        except InvalidRow:
            return None
        return self._key_text(fields)

    def _key_text(self, fields: Mapping[str, Any]) -> str:
        names = self._key
        return str(fields[names[0]]) if len(names) == 1 else join_key([str(fields[name]) for name in names])


def _check_attributes(
    sink: SinkType, options: MappingOptions, sources: FieldSources, types: Mapping[str, str] | None
) -> None:
    """Check that Talon.One has the attributes that ``map`` names; those of all other columns are checked by row."""
    given = (options.map or {}).get("attributes")
    if types is None or given == "*" or given is None or not isinstance(sources.attributes, dict):
        return
    unknown = [name for name in sources.attributes if name not in types]
    if unknown:
        what = f"Talon.One has no such attribute of {sink.entity}"
        ways_out = "; create it there, or leave it out of map"
        raise SyncConfigError(
            *(f"map.attributes: {name!r}: {what}{nearest(name, types) or ways_out}" for name in unknown)
        )
