"""The description of a table, made from the JSON schema of a stream."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from talon_one_singer.values.column_names import snake_case
from talon_one_warehouse.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["string", "integer", "number", "boolean", "instant", "json"]

_KINDS: Mapping[frozenset[str], Kind] = {
    frozenset({"string"}): "string",
    frozenset({"integer"}): "integer",
    frozenset({"number"}): "number",
    frozenset({"integer", "number"}): "number",
    frozenset({"boolean"}): "boolean",
}

_UNREADABLE = re.compile(r'["\\\x00-\x1f]')  # msgspec compares property names with the raw text of the row


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: the name in the table, snake_case.
        source: the name of the property in the row's JSON.
        kind: ``number`` is an exact decimal, ``instant`` a point in time in UTC, ``json`` the unchanged JSON text.
    """

    name: str
    source: str
    kind: Kind


# When a load wrote the row. It is not compared: a row that is loaded again unchanged keeps its instant.
LOADED_AT = Column("_loaded_at", "_loaded_at", "instant")
# When a load found that the row is gone at the source. Rows are merged with null in it, so that the mark goes when
# the row comes back.
DELETED_AT = Column("_deleted_at", "_deleted_at", "instant")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: its columns, and the key columns, which identify a row.

    Raises:
        TableError: two columns have the same name, or the key cannot identify a row.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        by_name: dict[str, Column] = {}
        for column in self.columns:
            if _UNREADABLE.search(column.source):
                raise TableError(f"table {self.name!r}: the property name {column.source!r} needs escapes in JSON")
            other = by_name.setdefault(column.name, column)
            if other is not column:
                raise TableError(
                    f"table {self.name!r}: the properties {other.source!r} and {column.source!r} "
                    f"would both become the column {column.name!r}; leave one out"
                )
        self._check_key(by_name)

    def _check_key(self, by_name: Mapping[str, Column]) -> None:
        if not self.key:
            raise TableError(f"table {self.name!r} has no key; rows are merged by key, so name the columns of one")
        for name in self.key:
            if name not in by_name:
                raise TableError(f"table {self.name!r} has no column {name!r}, which its key names")
            if by_name[name].kind == "json":
                raise TableError(f"table {self.name!r}: {name!r} holds JSON and cannot be part of the key")

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that are not part of the key."""
        return tuple(column.name for column in self.columns if column.name not in self.key)

    @property
    def compared(self) -> tuple[str, ...]:
        """Names of the columns that decide whether a row has changed: all values but the instant of the load."""
        return tuple(name for name in self.values if name != LOADED_AT.name)

    def with_loaded_at(self) -> TableSpec:
        """Return the table with the column ``_loaded_at``.

        Raises:
            TableError: a property of the rows has that name.
        """
        return replace(self, columns=(*self.columns, LOADED_AT))

    def with_deleted_at(self) -> TableSpec:
        """Return the table with the column ``_deleted_at``.

        Raises:
            TableError: a property of the rows has that name.
        """
        return replace(self, columns=(*self.columns, DELETED_AT))


def table_spec(name: str, schema: Mapping[str, Any], key_properties: Sequence[str]) -> TableSpec:
    """Return the table for the rows of a Singer stream.

    Args:
        name: name of the table.
        schema: JSON schema; its top-level properties become columns, objects, arrays and mixed types as JSON text.
        key_properties: the properties that identify a row, by their names in the schema.

    Raises:
        TableError: two properties have the same column name, or the key cannot identify a row.
    """
    properties = schema.get("properties", {})
    columns = tuple(Column(snake_case(source), source, _kind(sub)) for source, sub in properties.items())
    return TableSpec(name, columns, tuple(map(snake_case, key_properties)))


def _kind(schema: Any) -> Kind:
    if not isinstance(schema, dict):
        return "json"
    types = frozenset(_as_list(schema.get("type"))) - {"null"}
    kind = _KINDS.get(types, "json")
    return "instant" if kind == "string" and schema.get("format") == "date-time" else kind


def _as_list(types: Any) -> Iterable[str]:
    return types if isinstance(types, list) else [types]
