"""Rows of a source become rows of a sink: a key, and the fields as canonical JSON.

The way of each field is made once, when the ``Mapper`` is; a row only walks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from talon_one_singer.values.column_names import folded
from target_talon_one.mapping.conversion_errors import InvalidRow
from target_talon_one.mapping.field_setters import Fills, encoded
from target_talon_one.mapping.field_sources import sources_of
from target_talon_one.sinks import payloads as wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.sinks.table import SinkType

__all__ = ["InvalidRow", "Mapped", "Mapper", "MappingOptions", "NullPolicy"]

DELETED_AT = ("_sdc_deleted_at", "_SDC_DELETED_AT")  # databases that fold names write the second
NullPolicy = Literal["skip", "send_null", "reject"]


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """How the rows of a stream become fields.

    Attributes:
        map: wire name of a field -> a column, or a template with ``{{``; for attributes also a list of columns,
            {attribute: column or template}, or ``"*"``: all columns that nothing else reads. None: every field takes
            the column of its name.
        key: columns of the key, in the order of the sink's. None: those of ``map``, or named like the fields, or
            the key properties of the stream.
        nulls: what becomes of a null, and of a column that a row does not have: left out, sent as null, or refused.
    """

    map: Mapping[str, Any] | None = None
    key: tuple[str, ...] | None = None
    nulls: NullPolicy = "skip"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A row as its sink wants it; equal content has equal bytes.

    Attributes:
        key: what tells rows apart: a text, or a JSON list of texts.
        fields: JSON object by wire names.
    """

    key: str
    fields: bytes


class Mapper:
    """From rows to what a sink takes.

    Args:
        sink: the kind of destination.
        options: of the stream.
        columns: of the source; None: not known, they are looked for in each row.
        key_properties: columns that the stream calls its key.
        more_columns: rows may have columns beside these; without a map they are taken like those.
        attribute_types: type of each attribute of the sink's entity; None: not known, values keep their JSON type.
        source: its name for messages, without secrets.

    Attributes:
        columns_used: columns that are read; without those that become attributes because nothing else reads them, if
            the columns are not known.
        fields: names of the sink's fields that rows can have.

    Raises:
        SyncConfigError: the options do not fit the sink or the columns; all that is wrong, one a line.
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
        sources = sources_of(sink, options, columns, key_properties, more_columns=more_columns, source=source)
        self.columns_used = sources.columns
        self.fields = frozenset(name for name, one in sources.fields.items() if columns is None or not one.guessed)
        self._origins = sources.origins
        self._key = tuple(one.name for one in sink.key)
        fills = Fills(sink, options.nulls, attribute_types)
        self._key_fills = [fills.field(one, sources.fields[one.name]) for one in sink.key]
        self._fills = fills.all(sources)
        alike = [column for column in columns or () if folded(column) == DELETED_AT[0]]
        self._deleted_at = tuple(dict.fromkeys((*DELETED_AT, *alike)))

    def __call__(self, row: Mapping[str, Any]) -> Mapped:
        """The mapped row. Raises InvalidRow."""
        fields: dict[str, Any] = {}
        try:
            for fill in self._fills:
                fill(row, fields)
            content = encoded(fields, self._origins)
        except InvalidRow as problem:
            problem.key = self.key_of(row)
            raise
        return Mapped(self._joined(fields), content)

    def is_deleted(self, row: Mapping[str, Any]) -> bool:
        """Whether the source marks the row as deleted: a tap's or loader's ``_sdc_deleted_at`` holds a time."""
        return any(row.get(name) not in (None, "") for name in self._deleted_at)

    def key_of(self, row: Mapping[str, Any]) -> str | None:
        """The key of a row, whatever else is wrong with it; None if it has none."""
        fields: dict[str, Any] = {}
        try:
            for fill in self._key_fills:
                fill(row, fields)
            encoded(fields, self._origins)
        except InvalidRow:
            return None
        return self._joined(fields)

    def _joined(self, fields: Mapping[str, Any]) -> str:
        names = self._key
        return str(fields[names[0]]) if len(names) == 1 else wire.joined([str(fields[name]) for name in names])
