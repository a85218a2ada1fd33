"""Where the values of fields come from: columns, templates, and all columns that no field takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import methodcaller
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where the value of a field comes from.

    Attributes:
        get: returns the value from a row; None if the row does not have it.
        origin: the source in words, for messages.
        columns: the columns that are read.
        guessed: it is not known whether there is such a column; a row without it does not have the field.
        is_column: the value is that of the first of the columns that the row has.
    """

    get: Callable[[Mapping[str, Any]], Any]
    origin: str
    columns: tuple[str, ...]
    guessed: bool = False
    is_column: bool = False


@dataclass(frozen=True, slots=True)
class OtherColumns:
    """Attributes from all columns of a row that no field takes.

    Attributes:
        taken: columns that fields take.
        instead: a column with an object of all attributes; the attributes of a row that has it come from there alone.
    """

    taken: frozenset[str]
    instead: str | None = None


Attributes = ValueSource | dict[str, ValueSource] | OtherColumns


@dataclass(slots=True)
class FieldSources:
    """The sources of the fields of a sink; a field without a source is not in a mapped row."""

    fields: dict[str, ValueSource] = field(default_factory=dict)
    attributes: Attributes | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return tuple(dict.fromkeys(column for source in self._each().values() for column in source.columns))

    @property
    def origins(self) -> dict[str, str]:
        """The origin of each field and, as ``attributes.name``, of each attribute."""
        return {name: source.origin for name, source in self._each().items()}

    def _each(self) -> dict[str, ValueSource]:
        if isinstance(self.attributes, ValueSource):
            return {**self.fields, "attributes": self.attributes}
        if isinstance(self.attributes, dict):
            return self.fields | {f"attributes.{name}": source for name, source in self.attributes.items()}
        return self.fields


def column_source(*names: str, guessed: bool = False) -> ValueSource:
    """Return the source that reads the first of these columns that a row has."""
    origin = f"column {names[0]!r}"
    if len(names) == 1:
        get = cast("Callable[[Mapping[str, Any]], Any]", methodcaller("get", names[0]))
        return ValueSource(get, origin, names, guessed, is_column=True)
    get = lambda row: next((row[name] for name in names if name in row), None)  # noqa: E731 - a field of ValueSource
    return ValueSource(get, origin, names, guessed, is_column=True)
