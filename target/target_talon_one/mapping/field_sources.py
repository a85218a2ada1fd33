"""Where the fields of a sink come from: columns and templates, out of the settings of a stream."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import methodcaller
from typing import TYPE_CHECKING, Any, cast

from talon_one_singer.settings.json_files import json_type, nearest
from talon_one_singer.values.column_names import AmbiguousNameError, find_column, folded, listed_columns
from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_talon_one.mapping.mapper import MappingOptions
    from target_talon_one.sinks.table import Field, SinkType

TAKES_REST = frozenset({"customer_profiles", "catalog_items"})
METADATA = "_sdc_"  # what Singer taps and targets note about a row; attributes only where the map names them

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from.

    Attributes:
        get: the value in a row; None if the row does not have it.
        origin: words for messages.
        columns: what it reads.
        guessed: nobody knows whether there is such a column; a row without it does not have the field.
    """

    get: Callable[[Mapping[str, Any]], Any]
    origin: str
    columns: tuple[str, ...]
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """Attributes out of all columns of a row but these; ``whole``: a column that, if it is there, holds all of them."""

    but: frozenset[str]
    whole: str | None = None


Attributes = Source | dict[str, Source] | Rest


@dataclass(slots=True)
class Sources:
    """The source of each field that has one."""

    fields: dict[str, Source] = field(default_factory=dict)
    attributes: Attributes | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return tuple(dict.fromkeys(column for source in self._each().values() for column in source.columns))

    @property
    def origins(self) -> dict[str, str]:
        """Field, or ``attributes.name`` -> where it comes from."""
        return {name: source.origin for name, source in self._each().items()}

    def _each(self) -> dict[str, Source]:
        if isinstance(self.attributes, Source):
            return {**self.fields, "attributes": self.attributes}
        if isinstance(self.attributes, dict):
            return self.fields | {f"attributes.{name}": source for name, source in self.attributes.items()}
        return self.fields


def names_of(name: str) -> tuple[str, ...]:
    """The columns that a field takes by itself: ``profileIntegrationId``, ``profile_integration_id``."""
    return tuple(dict.fromkeys((name, _WORD_START.sub("_", name).lower())))


def is_metadata(column: str) -> bool:
    """Whether a column holds what a Singer tap or target notes about a row, like ``_sdc_batched_at``."""
    return folded(column).startswith(METADATA)


def sources_of(
    sink: SinkType,
    options: MappingOptions,
    columns: Sequence[str] | None,
    key_properties: Sequence[str],
    *,
    more_columns: bool = False,
    source: str = "",
) -> Sources:
    """Return the sources of the fields.

    Args:
        sink, options, columns, key_properties, more_columns, source: see Mapper.

    Raises:
        SyncConfigError: all that is wrong with the settings, one a line.
    """
    return _Reader(sink, options, columns, key_properties, more_columns or columns is None, source=source).read()


class _Reader:
    """Reads the options and collects what is wrong with them."""

    def __init__(
        self,
        sink: SinkType,
        options: MappingOptions,
        columns: Sequence[str] | None,
        key_properties: Sequence[str],
        more_columns: bool,
        *,
        source: str,
    ) -> None:
        self._sink, self._columns, self._key_properties = sink, columns, tuple(key_properties)
        self._more_columns, self._source_name = more_columns, source or "it"
        self._map, self._key = options.map, options.key
        self._problems: list[str] = []
        self._found = Sources()

    def read(self) -> Sources:
        for name in self._map or ():
            if name not in self._sink.field_names:
                hint = nearest(name, self._sink.field_names) or f"; it has {', '.join(self._sink.field_names)}"
                self._problem(f"map.{name}", f"the sink {self._sink.name} has no such field{hint}")
        self._read_key()
        plain = [one for one in self._sink.fields if not one.key and one.type != "attributes"]
        for one in plain:
            source = self._field(one)
            if source:
                self._found.fields[one.name] = source
        if any(one.type == "attributes" for one in self._sink.fields):
            self._found.attributes = self._attributes()
        self._check_required()
        if self._problems:
            raise SyncConfigError(*self._problems)
        return self._found

    def _problem(self, place: str, what: str) -> None:
        self._problems.append(f"{place}: {what}")

    def _check_required(self) -> None:
        if self._problems:
            return
        had = {*self._found.fields, *(["attributes"] if self._found.attributes is not None else [])}
        for one in self._sink.fields:
            if one.required and one.name not in had:
                how = "key, or as map." if one.key else "map."
                self._problem(
                    one.name, f"the sink {self._sink.name} needs it and no column gives it; name one as {how}{one.name}"
                )

    # The key

    def _read_key(self) -> None:
        names = [one.name for one in self._sink.key]
        if self._key is not None:
            self._take_key(names, self._key)
            return
        found = {name: source for name in names if (source := self._mapped_or_named(name))}
        left = [name for name in names if name not in found]
        used = {column for source in found.values() for column in source.columns}
        spare = [column for column in self._key_properties if column not in used]
        fit = len(left) == len(spare)
        if self._columns is None:
            found |= {name: _column(*names_of(name), *spare[at : at + fit]) for at, name in enumerate(left)}
        elif fit:
            found |= {name: self._column("key_properties", spare[at]) for at, name in enumerate(left)}
        self._found.fields |= {name: found[name] for name in names if name in found}

    def _take_key(self, names: list[str], columns: tuple[str, ...]) -> None:
        if len(columns) != len(names):
            wanted = f"{len(names)} column{'s'[: len(names) > 1]}, for {', '.join(names)}"
            self._problem("key", f"the sink {self._sink.name} wants {wanted}; here are {len(columns)}")
        for name, column in zip(names, columns, strict=False):
            self._found.fields[name] = self._source("key", column)
            if self._map and self._map.get(name, column) != column:
                self._problem(f"map.{name}", "the key names another column for it; leave one of them out")

    def _mapped_or_named(self, name: str) -> Source | None:
        if self._map is not None and name in self._map:
            return self._source(f"map.{name}", self._map[name])
        return self._named(name)

    def _named(self, name: str) -> Source | None:
        columns, wanted = self._columns or (), names_of(name)
        found = [column for column in wanted if column in columns]
        if not found:
            alike = {folded(one) for one in wanted}
            found = [column for column in columns if folded(column) in alike]
            if len(found) > 1:
                self._problem(name, f"it could be the column {found[0]!r} or {found[1]!r}; name one as map.{name}")
        return _column(found[0]) if found else None

    # Other fields

    def _field(self, one: Field) -> Source | None:
        if self._map is not None:
            return self._source(f"map.{one.name}", self._map[one.name]) if one.name in self._map else None
        found = self._named(one.name)
        guess = self._columns is None or (self._more_columns and not one.required)
        return _column(*names_of(one.name), guessed=True) if found is None and guess else found

    def _attributes(self) -> Attributes | None:
        if self._map is not None:
            return self._mapped_attributes(self._map["attributes"]) if "attributes" in self._map else None
        named = self._field(next(one for one in self._sink.fields if one.type == "attributes"))
        if self._sink.name not in TAKES_REST or (named and not named.guessed):
            return named
        return self._rest(whole="attributes")

    def _mapped_attributes(self, given: Any) -> Attributes:
        place = "map.attributes"
        if given == "*":
            return self._rest() or {}
        if isinstance(given, list | tuple):
            return {str(column): self._column(place, column) for column in given}
        if isinstance(given, dict):
            return {str(name): self._source(f"{place}.{name}", value) for name, value in given.items()}
        return self._source(place, given)

    def _rest(self, whole: str | None = None) -> Attributes | None:
        used = frozenset(self._found.columns)
        if self._columns is None or self._more_columns:
            return Rest(used, whole)
        found: dict[str, Source] = {}
        for column in self._columns:
            name = column.strip()
            if column in used or is_metadata(name):
                continue
            if name in found:
                self._problem("attributes", f"the columns {found[name].columns[0]!r} and {column!r} are one attribute")
            else:
                found[name] = _column(column)
        return found or None

    # Columns and templates

    def _source(self, place: str, given: Any) -> Source:
        if isinstance(given, str) and ("{{" in given or "{%" in given):
            return self._template(place, given)
        return self._column(place, given)

    def _column(self, place: str, name: Any) -> Source:
        if not isinstance(name, str) or not name:
            self._problem(place, f"must be a column or a template with {{{{ }}}}, not {json_type(name)}")
        elif self._columns is not None:
            return _column(self._known(place, name, f"the source has no column {name!r}"))
        return _column(str(name))

    def _known(self, place: str, name: str, otherwise: str) -> str:
        """The column of the source that a name means."""
        columns = self._columns or ()
        try:
            found = find_column(name, columns)
        except AmbiguousNameError as error:
            self._problem(place, str(error))
            return name
        if found is None:
            hint = f"{nearest(name, columns)}; {self._source_name} has {listed_columns(columns)}"
            self._problem(place, f"{otherwise}{hint}; name a column that is there, or add it to the source")
        return found or name

    def _template(self, place: str, text: str) -> Source:
        try:
            from target_talon_one.mapping.templates import BrokenTemplate, Template
        except ImportError as error:
            raise SyncConfigError(
                f"{place} holds a template, which needs the package {error.name}; install it: "
                "pip install 'talon-one-connector[sync]'"
            ) from error
        try:
            template = Template(text, absent_is_null=self._columns is not None)
        except BrokenTemplate as error:
            self._problem(place, f"the template is broken, {error}")
            return _column(text)
        if self._columns is None:
            return Source(template, "its template", template.variables)
        what = "the template reads {!r}, and the source has no such column"
        columns = {name: self._known(place, name, what.format(name)) for name in template.variables}
        if all(name == column for name, column in columns.items()):
            return Source(template, "its template", template.variables)
        get = lambda row: template({name: row[column] for name, column in columns.items() if column in row})  # noqa: E731 - a field of Source
        return Source(get, "its template", tuple(columns.values()))


def _column(*names: str, guessed: bool = False) -> Source:
    origin = f"column {names[0]!r}"
    if len(names) == 1:
        get = cast("Callable[[Mapping[str, Any]], Any]", methodcaller("get", names[0]))
        return Source(get, origin, names, guessed)
    return Source(lambda row: next((row[name] for name in names if name in row), None), origin, names, guessed)
