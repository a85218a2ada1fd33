"""Which columns and templates the fields of a sink come from, according to the settings of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer.settings.json_files import json_type, nearest
from talon_one_singer.values.column_names import AmbiguousNameError, find_column, folded, listed_columns
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.field_columns import column_names_of, is_metadata
from target_talon_one.mapping.value_source import FieldSources, OtherColumns, ValueSource, column_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.mapping.mapping_options import MappingOptions
    from target_talon_one.mapping.value_source import Attributes
    from target_talon_one.sinks.sink_type import Field, SinkType

_OTHER_SEPARATORS = ";\t|"  # of files that are CSV by name only


def field_sources_of(
    sink: SinkType,
    options: MappingOptions,
    columns: Sequence[str] | None,
    key_properties: Sequence[str],
    *,
    more_columns: bool = False,
    source: str = "",
) -> FieldSources:
    """Return the sources of the fields of a sink.

    Args:
        sink, options, columns, key_properties, more_columns, source: see Mapper.

    Raises:
        SyncConfigError: the settings have problems; one line for each.
    """
    return _SourceReader(sink, options, columns, key_properties, more_columns or columns is None, source=source).read()


class _SourceReader:
    """Reads the options of a mapping and collects the problems that they have."""

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
        self._found = FieldSources()

    def read(self) -> FieldSources:
        for name in self._map or ():
            if name not in self._sink.field_names:
                hint = nearest(name, self._sink.field_names) or f"; it has {', '.join(self._sink.field_names)}"
                self._problem(f"map.{name}", f"the sink {self._sink.name} has no such field{hint}")
        self._read_key()
        self._check_key_differs()
        for one in (one for one in self._sink.fields if not one.key and one.type != "attributes"):
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
        found = {*self._found.fields, *(["attributes"] if self._found.attributes is not None else [])}
        for one in self._sink.fields:
            if one.required and one.name not in found:
                how = "key, or as map." if one.key else "map."
                self._problem(
                    one.name, f"the sink {self._sink.name} needs it, but no column has it; name one as {how}{one.name}"
                )

    # The key

    def _read_key(self) -> None:
        names = [one.name for one in self._sink.key]
        if self._key is not None:
            self._take_key(names, self._key)
            return
        found = {name: source for name in names if (source := self._mapped_or_named(name))}
        missing = [name for name in names if name not in found]
        used = {column for source in found.values() for column in source.columns}
        spare = [column for column in self._key_properties if column not in used]
        fit = len(missing) == len(spare)
        if self._columns is None:
            found |= {
                name: column_source(*column_names_of(name), *spare[at : at + fit]) for at, name in enumerate(missing)
            }
        elif fit:
            found |= {name: self._column("key_properties", spare[at]) for at, name in enumerate(missing)}
        self._found.fields |= {name: found[name] for name in names if name in found}

    def _check_key_differs(self) -> None:
        """Note a problem if no part of the key reads a column, so that all rows would be one."""
        names = [one.name for one in self._sink.key]
        if names and all(name in self._found.fields and not self._found.fields[name].columns for name in names):
            place = "key" if self._key is not None else " and ".join(f"map.{name}" for name in names)
            self._problem(place, "the template reads no column, so that all rows have the same key; name a column")

    def _take_key(self, names: list[str], columns: tuple[str, ...]) -> None:
        if len(columns) != len(names):
            wanted = f"{len(names)} column{'s'[: len(names) > 1]}, for {', '.join(names)}"
            self._problem("key", f"the sink {self._sink.name} takes {wanted}; key has {len(columns)}")
        for name, column in zip(names, columns, strict=False):
            self._found.fields[name] = self._source("key", column)
            if self._map and self._map.get(name, column) != column:
                self._problem(
                    f"map.{name}", f"key takes this field from another column, {column!r}; leave out one of the two"
                )

    def _mapped_or_named(self, name: str) -> ValueSource | None:
        if self._map is not None and name in self._map:
            return self._source(f"map.{name}", self._map[name])
        return self._named(name)

    def _named(self, name: str) -> ValueSource | None:
        columns, wanted = self._columns or (), column_names_of(name)
        found = [column for column in wanted if column in columns]
        if not found:
            alike = {folded(one) for one in wanted}
            found = [column for column in columns if folded(column) in alike]
            if len(found) > 1:
                self._problem(name, f"it could be the column {found[0]!r} or {found[1]!r}; name one as map.{name}")
        return column_source(found[0]) if found else None

    # Other fields

    def _field(self, one: Field) -> ValueSource | None:
        if self._map is not None:
            return self._source(f"map.{one.name}", self._map[one.name]) if one.name in self._map else None
        found = self._named(one.name)
        guess = self._columns is None or (self._more_columns and not one.required)
        return column_source(*column_names_of(one.name), guessed=True) if found is None and guess else found

    def _attributes(self) -> Attributes | None:
        if self._map is not None:
            return self._mapped_attributes(self._map["attributes"]) if "attributes" in self._map else None
        named = self._field(next(one for one in self._sink.fields if one.type == "attributes"))
        if not self._sink.collects_attributes or (named and not named.guessed):
            return named
        return self._other_columns(instead="attributes")

    def _mapped_attributes(self, given: Any) -> Attributes:
        place = "map.attributes"
        if given == "*":
            return self._other_columns() or {}
        if isinstance(given, list | tuple):
            return {str(column): self._column(place, column) for column in given}
        if isinstance(given, dict):
            return {str(name): self._source(f"{place}.{name}", value) for name, value in given.items()}
        return self._source(place, given)

    def _other_columns(self, instead: str | None = None) -> Attributes | None:
        taken = frozenset(self._found.columns)
        if self._columns is None or self._more_columns:
            return OtherColumns(taken, instead)
        found: dict[str, ValueSource] = {}
        for column in self._columns:
            name = column.strip()
            if column in taken or is_metadata(name):
                continue
            if name in found:
                both = f"{found[name].columns[0]!r} and {column!r}"
                self._problem("attributes", f"the columns {both} would become the same attribute; rename one of them")
            else:
                found[name] = column_source(column)
        return found or None

    # Columns and templates

    def _source(self, place: str, given: Any) -> ValueSource:
        if isinstance(given, str) and ("{{" in given or "{%" in given):
            return self._template(place, given)
        return self._column(place, given)

    def _column(self, place: str, name: Any) -> ValueSource:
        if not isinstance(name, str) or not name:
            what = "but it is empty" if name == "" else f"not {json_type(name)}"
            self._problem(place, f"must be a column or a template with {{{{ }}}}, {what}")
        elif self._columns is not None:
            return column_source(self._known(place, name, f"the source has no column {name!r}"))
        return column_source(str(name))

    def _known(self, place: str, name: str, problem: str) -> str:
        """Return the column of the source that a name means; if there is none, note a problem and return the name."""
        columns = self._columns or ()
        try:
            found = find_column(name, columns)
        except AmbiguousNameError as error:
            self._problem(place, str(error))
            return name
        if found is None:
            hint = f"{nearest(name, columns)}; {self._source_name} has {listed_columns(columns)}"
            separator = next((one for one in _OTHER_SEPARATORS if len(columns) == 1 and one in columns[0]), None)
            remedy = "name a column that is there, or add it to the source"
            if separator:
                remedy = f"the values of a CSV file must be separated by commas, not by {separator!r}"
            self._problem(place, f"{problem}{hint}; {remedy}")
        return found or name

    def _template(self, place: str, text: str) -> ValueSource:
        try:
            from target_talon_one.mapping.templates.template import Template, TemplateError
        except ImportError as error:
            raise SyncConfigError(
                f"{place} holds a template, which needs the package {error.name}; install it: "
                "pip install 'talon-one-connector[sync]'"
            ) from error
        try:
            template = Template(text, absent_is_null=self._columns is not None)
        except TemplateError as error:
            self._problem(place, f"the template cannot be compiled, {error}")
            return column_source(text)
        if self._columns is None:
            return ValueSource(template, "its template", template.variables)
        what = "the template reads {!r}, and the source has no such column"
        columns = {name: self._known(place, name, what.format(name)) for name in template.variables}
        if all(name == column for name, column in columns.items()):
            return ValueSource(template, "its template", template.variables)
        get = lambda row: template({name: row[column] for name, column in columns.items() if column in row})  # noqa: E731 - a field of ValueSource
        return ValueSource(get, "its template", tuple(columns.values()))
