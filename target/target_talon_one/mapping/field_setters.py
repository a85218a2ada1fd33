"""Functions that each put one field of a row into its mapped fields, made once for a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from talon_one_singer.settings.json_files import nearest
from talon_one_singer.values.refused_value import RefusedValue
from target_talon_one.mapping.canonical import encode, plain
from target_talon_one.mapping.coercion import attribute_coercer, field_coercer, to_mapping
from target_talon_one.mapping.conversion_errors import InvalidRow, Unfit, shown
from target_talon_one.mapping.field_sources import Rest, Source, is_metadata

if TYPE_CHECKING:
    from target_talon_one.mapping.coercion import Coerce
    from target_talon_one.mapping.field_sources import Attributes, Sources
    from target_talon_one.mapping.mapper import NullPolicy
    from target_talon_one.sinks.table import Field, SinkType

Row = Mapping[str, Any]
Fields = dict[str, Any]
Fill = Callable[[Row, Fields], None]
OnNull = Callable[[Fields], None]

_MOST_NAMES = 10_000


class Fills:
    """Makes the functions for the fields of a sink."""

    def __init__(self, sink: SinkType, nulls: NullPolicy, attribute_types: Mapping[str, str] | None) -> None:
        self._sink, self._nulls, self._types = sink, nulls, attribute_types
        actions = [action for mode in sink.modes.values() for action in mode.values()]
        self._in_path = {place for action in actions for _, place in action.path}

    def all(self, sources: Sources) -> list[Fill]:
        """Those of all fields that have a source."""
        found = [self.field(one, sources.fields[one.name]) for one in self._sink.fields if one.name in sources.fields]
        if sources.attributes is not None:
            found.append(self._attributes(sources.attributes))
        return found

    def field(self, one: Field, source: Source) -> Fill:
        """That of one field."""
        in_path = one.name in self._in_path
        coerce = field_coercer(one.type, one.max_length, filled=one.required or in_path, in_path=in_path)
        return self._made(one, source, coerce)

    def _made(self, one: Field, source: Source, coerce: Coerce) -> Fill:
        on_null = _needed if one.required else self._on_null(one.name)
        fill = _fill(one.name, one.name, source, coerce, on_null)
        return _if_there(source, fill) if source.guessed and not one.required else fill

    def _on_null(self, name: str) -> OnNull:
        def send(fields: Fields) -> None:
            fields[name] = None

        return {"skip": _skip, "send_null": send, "reject": _reject}[self._nulls]

    # Attributes

    def _attributes(self, given: Attributes) -> Fill:
        one = next(field for field in self._sink.fields if field.type == "attributes")
        if isinstance(given, Source):
            each = self._each(lambda _: given.origin)
            return self._made(one, given, lambda value: each(to_mapping(value)))
        return self._rest(given) if isinstance(given, Rest) else self._named(given)

    def _named(self, sources: Mapping[str, Source]) -> Fill:
        fills = [self._attribute(name, source) for name, source in sources.items()]

        def fill(row: Row, fields: Fields) -> None:
            found: Fields = {}
            for one in fills:
                one(row, found)
            fields["attributes"] = found

        return fill

    def _rest(self, rest: Rest) -> Fill:
        each = self._each(lambda name: f"column {name!r}")

        def fill(row: Row, fields: Fields) -> None:
            rest_of_row = {name: row[name] for name in row if name not in rest.but and not is_metadata(name)}
            fields["attributes"] = each(rest_of_row)

        if rest.whole is None:
            return fill
        whole = self._attributes(Source(methodcaller("get", rest.whole), f"column {rest.whole!r}", ()))
        return lambda row, fields: (whole if rest.whole in row else fill)(row, fields)

    def _each(self, origin: Callable[[str], str]) -> Callable[[Row], Fields]:
        """A function that converts attributes by their names, which only the rows tell."""
        fills: dict[str, Fill] = {}

        def made(name: str) -> Fill:
            if not isinstance(name, str):
                raise Unfit("{} is the name of an attribute, but no text", name)
            if len(fills) > _MOST_NAMES:
                fills.clear()
            fills[name] = self._attribute(name, Source(methodcaller("get", name), origin(name), ()))
            return fills[name]

        def each(values: Row) -> Fields:
            found: Fields = {}
            for name in values:
                (fills.get(name) or made(name))(values, found)
            return found

        return each

    def _attribute(self, name: str, source: Source) -> Fill:
        path, on_null = f"attributes.{name}", self._on_null(name)
        if self._types is None:
            return _fill(path, name, source, plain, on_null)
        if name in self._types:
            return _fill(path, name, source, attribute_coercer(self._types[name]), on_null)
        refuse = _refusal(f"Talon.One has no such attribute{nearest(name, self._types)}")
        return _fill(path, name, source, refuse, refuse if self._nulls == "send_null" else on_null)


def encoded(fields: Fields, origins: Mapping[str, str]) -> bytes:
    """The canonical JSON object. Raises InvalidRow: a text is no text, or it is nested too deeply."""
    try:
        return encode(fields)
    except (UnicodeEncodeError, RecursionError):
        raise _culprit(fields, origins) from None


def _culprit(fields: Fields, origins: Mapping[str, str]) -> InvalidRow:
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


def _fill(path: str, name: str, source: Source, coerce: Coerce, on_null: OnNull) -> Fill:
    get, origin = source.get, source.origin

    def fill(row: Row, fields: Fields) -> None:
        value = None
        try:
            value = get(row)
            if value is None:
                on_null(fields)
            else:
                fields[name] = coerce(value)
        except Unfit as problem:
            reason, kind = (value.reason, None) if isinstance(value, RefusedValue) else (str(problem), problem.kind)
            raise _invalid(path, origin, reason, kind) from None
        except RecursionError:
            raise _invalid(path, origin, "it is nested too deeply") from None

    return fill


def _if_there(source: Source, fill: Fill) -> Fill:
    def maybe(row: Row, fields: Fields) -> None:
        if any(column in row for column in source.columns):
            fill(row, fields)

    return maybe


def _invalid(path: str, origin: str, what: str, kind: str | None = None) -> InvalidRow:
    place = f"{path!r} from {origin}"
    return InvalidRow(f"{place}: {what}", field=path, kind=None if kind is None else f"{place}: {kind}")


def _skip(_: Fields) -> None: ...


def _needed(_: Fields) -> None:
    raise Unfit("it is null, and every row needs it")


def _reject(_: Fields) -> None:
    raise Unfit("it is null; nulls are refused here (nulls: reject)")


def _refusal(why: str) -> Callable[[Any], Any]:
    def refuse(_: Any) -> Any:
        raise Unfit(why)

    return refuse
