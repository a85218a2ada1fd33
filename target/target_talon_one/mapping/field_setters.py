"""Functions that each set one field of a mapped row from a row of the source; they are made once for a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from talon_one_singer.settings.json_files import nearest
from talon_one_singer.values.refused_value import RefusedValue
from target_talon_one.mapping.canonical import encode, plain
from target_talon_one.mapping.coercion import PLAIN, FieldConversion, attribute_conversion, field_conversion, to_mapping
from target_talon_one.mapping.conversion_errors import ConversionError, InvalidRow, shown
from target_talon_one.mapping.field_columns import is_metadata
from target_talon_one.mapping.value_source import OtherColumns, ValueSource

if TYPE_CHECKING:
    from target_talon_one.mapping.coercion import Coerce
    from target_talon_one.mapping.mapping_options import NullPolicy
    from target_talon_one.mapping.value_source import Attributes, FieldSources
    from target_talon_one.sinks.sink_type import Field, SinkType

Row = Mapping[str, Any]
Fields = dict[str, Any]
FieldSetter = Callable[[Row, Fields], None]
OnNull = Callable[[Fields], None]

_MOST_NAMES = 10_000


class FieldSetters:
    """Makes the functions that set the fields of a sink."""

    def __init__(self, sink: SinkType, nulls: NullPolicy, attribute_types: Mapping[str, str] | None) -> None:
        self._sink, self._nulls, self._types = sink, nulls, attribute_types
        actions = [action for mode in sink.modes.values() for action in mode.values()]
        self._in_path = {value for action in actions for _, value in action.path}

    def all(self, sources: FieldSources) -> list[FieldSetter]:
        """Return the functions for all fields that have a source."""
        found = [self.field(one, sources.fields[one.name]) for one in self._sink.fields if one.name in sources.fields]
        if sources.attributes is not None:
            found.append(self._attributes(sources.attributes))
        return found

    def field(self, one: Field, source: ValueSource) -> FieldSetter:
        """Return the function for one field."""
        return self._setter_of(one, source, self.conversion(one).coerce)

    def conversion(self, one: Field) -> FieldConversion:
        """Return the conversion of the values of a field that is not ``attributes``."""
        in_path = one.name in self._in_path
        return field_conversion(one.type, one.max_length, filled=one.required or in_path, in_path=in_path)

    def attribute_conversion(self, name: str) -> FieldConversion | None:
        """Return the conversion of the values of an attribute; None: Talon.One has no such attribute."""
        if self._types is None:
            return FieldConversion(PLAIN, plain)
        return attribute_conversion(self._types[name]) if name in self._types else None

    def _setter_of(self, one: Field, source: ValueSource, coerce: Coerce) -> FieldSetter:
        on_null = _refuse_missing if one.required else self._on_null(one.name)
        set_field = _setter(one.name, one.name, source, coerce, on_null)
        return _if_there(source, set_field) if source.guessed and not one.required else set_field

    def _on_null(self, name: str) -> OnNull:
        def send(fields: Fields) -> None:
            fields[name] = None

        return {"skip": _skip, "send_null": send, "reject": _reject}[self._nulls]

    # Attributes

    def _attributes(self, given: Attributes) -> FieldSetter:
        one = next(field for field in self._sink.fields if field.type == "attributes")
        if isinstance(given, ValueSource):
            each = self._each(lambda _: given.origin)
            return self._setter_of(one, given, lambda value: each(to_mapping(value)))
        return self._other_columns(given) if isinstance(given, OtherColumns) else self._named(given)

    def _named(self, sources: Mapping[str, ValueSource]) -> FieldSetter:
        setters = [self._attribute(name, source) for name, source in sources.items()]

        def set_field(row: Row, fields: Fields) -> None:
            found: Fields = {}
            for one in setters:
                one(row, found)
            fields["attributes"] = found

        return set_field

    def _other_columns(self, others: OtherColumns) -> FieldSetter:
        each = self._each(lambda name: f"column {name!r}")

        def set_field(row: Row, fields: Fields) -> None:
            columns = {name: row[name] for name in row if name not in others.taken and not is_metadata(name)}
            fields["attributes"] = each(columns)

        if others.instead is None:
            return set_field
        name = others.instead
        set_from_object = self._attributes(ValueSource(methodcaller("get", name), f"column {name!r}", ()))
        return lambda row, fields: (set_from_object if name in row else set_field)(row, fields)

    def _each(self, origin: Callable[[str], str]) -> Callable[[Row], Fields]:
        """Return a function that converts attributes whose names are known only from the rows."""
        setters: dict[str, FieldSetter] = {}

        def new_setter(name: str) -> FieldSetter:
            if not isinstance(name, str):
                raise ConversionError("{} is the name of an attribute, but not a text", name)
            if len(setters) > _MOST_NAMES:
                setters.clear()
            setters[name] = self._attribute(name, ValueSource(methodcaller("get", name), origin(name), ()))
            return setters[name]

        def each(values: Row) -> Fields:
            found: Fields = {}
            for name in values:
                (setters.get(name) or new_setter(name))(values, found)
            return found

        return each

    def _attribute(self, name: str, source: ValueSource) -> FieldSetter:
        path, on_null, conversion = f"attributes.{name}", self._on_null(name), self.attribute_conversion(name)
        if conversion is not None:
            return _setter(path, name, source, conversion.coerce, on_null)
        way_out = "; create it there, or list the columns to send in map"
        refuse = _refusal(f"Talon.One has no such attribute{nearest(name, self._types or ()) or way_out}")
        return _setter(path, name, source, refuse, refuse if self._nulls == "send_null" else on_null)


def encoded(fields: Fields, origins: Mapping[str, str]) -> bytes:
    """Return the canonical JSON object. Raises InvalidRow: a text is not Unicode, or a value is nested too deeply."""
    try:
        return encode(fields)
    except (UnicodeEncodeError, RecursionError):
        raise _not_encodable(fields, origins) from None


def _not_encodable(fields: Fields, origins: Mapping[str, str]) -> InvalidRow:
    attributes = fields.get("attributes") or {}
    single = {name: value for name, value in fields.items() if name != "attributes"}
    for path, value in (single | {f"attributes.{name}": value for name, value in attributes.items()}).items():
        try:
            encode({path: value})
        except UnicodeEncodeError:
            what = f"{shown(value)} holds half of a surrogate pair, which is not valid text"
            return _invalid(path, origins.get(path, "the row"), what)
        except RecursionError:
            return _invalid(path, origins.get(path, "the row"), "it is nested too deeply")
    return InvalidRow("the row is nested too deeply")


def _setter(path: str, name: str, source: ValueSource, coerce: Coerce, on_null: OnNull) -> FieldSetter:
    get, origin = source.get, source.origin

    def set_field(row: Row, fields: Fields) -> None:
        value = None
        try:
            value = get(row)
            if value is None:
                on_null(fields)
            else:
                fields[name] = coerce(value)
        except ConversionError as problem:
            reason, kind = (value.reason, None) if isinstance(value, RefusedValue) else (str(problem), problem.kind)
            raise _invalid(path, origin, reason, kind) from None
        except RecursionError:
            raise _invalid(path, origin, "it is nested too deeply") from None

    return set_field


def _if_there(source: ValueSource, set_field: FieldSetter) -> FieldSetter:
    def maybe(row: Row, fields: Fields) -> None:
        if any(column in row for column in source.columns):
            set_field(row, fields)

    return maybe


def _invalid(path: str, origin: str, what: str, kind: str | None = None) -> InvalidRow:
    place = f"{path!r} from {origin}"
    return InvalidRow(f"{place}: {what}", field=path, kind=None if kind is None else f"{place}: {kind}")


def _skip(_: Fields) -> None: ...


def _refuse_missing(_: Fields) -> None:
    raise ConversionError("it is null, and every row needs it")


def _reject(_: Fields) -> None:
    raise ConversionError("it is null; nulls are refused here (nulls: reject)")


def _refusal(why: str) -> Callable[[Any], Any]:
    def refuse(_: Any) -> Any:
        raise ConversionError(why)

    return refuse
