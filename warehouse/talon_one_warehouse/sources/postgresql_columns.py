"""How each column of a PostgreSQL query is read, depending on its type.

The ADBC driver returns some types without loss, and others as something else: ``money`` as an integer of cents,
``oid`` with a sign, arrays of arrays flat, and most as bytes. The server renders those itself, as text or as JSON, in
an outer query.

https://www.postgresql.org/docs/current/catalog-pg-type.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from talon_one_singer.values.arrow_extensions import json_of, number_of
from talon_one_singer.values.refused_value import RefusedValue, first_refused, of_type
from talon_one_storage.sql_names import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from talon_one_warehouse.adbc.connection import ADBCConnection

    Decode = Callable[[Any], Any]

_NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
_TIMES = ("date", "timestamp", "timestamptz")
_REFUSED = ("bytea", "interval")
# Read as the driver returns them. (numeric and json come as text; their Arrow types say so.)
_EXACT = frozenset({*_NUMBERS, *_TIMES, "bool", "text", "varchar", "bpchar", "name", "time"})
_CASTS = {"money": "numeric", "oid": "int8"}  # the scale of money is the server's: yen have none
_JSON = ("json", "jsonb")
# Earlier drivers return JSON as plain text, which would be sent as a string, and a UUID as bytes.
_KNOWS_JSON_AND_UUIDS = (1, 13)
_CATALOG = (
    "SELECT t.oid::int8, t.typname::text, t.typtype::text, n.nspname = 'pg_catalog', "
    "CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END::int8, t.typbasetype::int8, "
    "format_type(t.oid, NULL)::text, a.attname::text, a.atttypid::int8 "
    "FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
    "LEFT JOIN pg_catalog.pg_attribute a "
    "ON a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE t.oid IN ({}) ORDER BY a.attnum"
)


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is read.

    Attributes:
        sql: the expression to select, over the column's quoted name.
        decode: turns a result of the expression into a value; None if the result is the value.
        type_name: the database's name of the type.
    """

    sql: str
    decode: Decode | None
    type_name: str


@dataclass(slots=True)
class _Type:
    name: str
    kind: str
    built_in: bool
    element: int
    base: int
    shown: str
    parts: dict[str, int] = field(default_factory=dict)


def columns_of(connection: ADBCConnection, sql: str, names: Sequence[str], *, rendered: bool = False) -> list[Column]:
    """Return how each column of a query is read.

    Args:
        connection: asks the server for the types.
        sql: the query, without a semicolon at its end.
        names: names of its columns.
        rendered: let the server render every value as JSON, without any use of the driver's types.

    Raises:
        WarehouseError: the query cannot be used as a subquery, or the server does not answer.
    """
    kinds = ", ".join(f"pg_catalog.pg_typeof(q.{quoted(name)})::oid::int8" for name in names)
    # One row of nulls: the query is planned and not run.
    found = connection.rows(
        f"SELECT {kinds} FROM (SELECT 1) AS one LEFT JOIN LATERAL (SELECT * FROM (\n{sql}\n) AS s LIMIT 0) AS q ON true"  # noqa: S608 - quoted
    )
    types = _types(connection, set(found[0]))
    column = _rendered if rendered else _column
    return [column(types, oid, quoted(name)) for oid, name in zip(found[0], names, strict=True)]


def outer_query(sql: str, names: Sequence[str], columns: Sequence[Column]) -> str:
    """Return a query over ``sql`` that reads every column in the given way; ``sql`` itself if it does so already."""
    given = [quoted(name) for name in names]
    if all(column.sql == name for column, name in zip(columns, given, strict=True)):
        return sql
    shown = ", ".join(f"{column.sql} AS {name}" for column, name in zip(columns, given, strict=True))
    return f"SELECT {shown} FROM (\n{sql}\n) AS q"  # noqa: S608 - quoted


def _types(connection: ADBCConnection, wanted: set[int]) -> dict[int, _Type]:
    """Return the types by their oid, with all types that they are made of."""
    found: dict[int, _Type] = {}
    while wanted:
        listed = ", ".join(map(str, sorted(wanted)))
        for oid, *about, part, part_type in connection.rows(_CATALOG.format(listed)):
            one = found.setdefault(oid, _Type(*about))
            if part is not None:
                one.parts[part] = part_type
        made_of = {oid for one in found.values() for oid in (one.element, one.base, *one.parts.values())}
        wanted = made_of - found.keys() - {0}
    return found


def _column(types: dict[int, _Type], oid: int, name: str) -> Column:
    shown, one = types[oid].shown, _base(types, oid)
    if one.built_in and (one.name in _EXACT or (one.name in (*_JSON, "uuid") and _knows_json_and_uuids())):
        return Column(name, None, shown)
    if one.built_in and one.name in _JSON:
        return Column(f"{name}::text", _json(_unchanged), shown)
    if one.built_in and one.name in _CASTS:
        return Column(f"{name}::{_CASTS[one.name]}", None, shown)
    if one.element or one.kind == "c":
        decode = _part(types, oid)
        if decode is not None:
            money = one.element and _base(types, one.element).name == "money"
            return Column(f"to_json({name}{'::numeric[]' * bool(money)})::text", _json(decode), shown)
    elif one.name not in _REFUSED and one.kind != "p":
        return Column(f"CASE WHEN {name} IS DISTINCT FROM NULL THEN format('%s', {name}) END", None, shown)
    refused = of_type(shown)
    return Column(f"{name} IS DISTINCT FROM NULL", lambda there: refused if there else None, shown)


def _rendered(types: dict[int, _Type], oid: int, name: str) -> Column:
    shown, decode = types[oid].shown, _part(types, oid)
    if decode is None:
        return _column(types, oid, name)
    one = _base(types, oid)
    if one.kind == "b" and not one.built_in:
        return _column(types, oid, name)  # an extension may cast its type to JSON, as hstore does
    cast = ""
    if one.name == "money":
        cast = "::numeric"
    elif one.element and _base(types, one.element).name == "money":
        cast = "::numeric[]"
    return Column(f"to_json({name}{cast})::text", _json(decode), shown)


@cache
def _knows_json_and_uuids() -> bool:
    found = re.match(r"(\d+)\.(\d+)", version("adbc-driver-postgresql"))
    return found is not None and (int(found[1]), int(found[2])) >= _KNOWS_JSON_AND_UUIDS


def _base(types: dict[int, _Type], oid: int) -> _Type:
    one = types[oid]
    while one.kind == "d":
        one = types[one.base]
    return one


def _part(types: dict[int, _Type], oid: int) -> Decode | None:
    """Return a function that decodes a part of a JSON value; None if some part has no meaning in JSON."""
    one = _base(types, oid)
    if one.element:
        element = _part(types, one.element)
        return None if element is None else lambda value: _together(_items(value, element))
    if one.kind == "c":
        parts = {name: _part(types, part) for name, part in one.parts.items()}
        known = {name: decode for name, decode in parts.items() if decode is not None}
        return _object(known) if len(known) == len(parts) else None
    if one.kind == "p" or (one.built_in and one.name in _REFUSED):
        return None
    return _PARTS.get(one.name, _unchanged) if one.built_in else _unchanged


def _json(decode: Decode) -> Decode:
    def from_text(text: str) -> Any:
        value = json_of(text)
        return value if isinstance(value, RefusedValue) else decode(value)

    return from_text


def _items(value: Any, decode: Decode) -> Iterable[Any]:
    """Decode the items of an array, those of nested arrays too."""
    return [
        _together(_items(item, decode)) if isinstance(item, list) else None if item is None else decode(item)
        for item in value
    ]


def _together(items: Iterable[Any]) -> Any:
    found = list(items)
    return first_refused(found) or found


def _object(parts: dict[str, Decode]) -> Decode:
    def decode(value: dict[str, Any]) -> Any:
        found = {name: None if item is None else parts[name](item) for name, item in value.items()}
        return first_refused(found.values()) or found

    return decode


def _number(value: Any) -> Any:
    """Decode a number; one that JSON does not have, like NaN, comes as text."""
    return number_of(value) if isinstance(value, str) else value


def _money(value: Any) -> Any:
    """Decode an amount; within a composite it comes as text, whose signs depend on the locale of the server."""
    if isinstance(value, str):
        return RefusedValue("it holds an amount of type money; cast it to numeric in the query")
    return value


def _time(value: str) -> Any:
    try:
        return time.fromisoformat(value)
    except ValueError:  # 24:00:00
        return value


def _instant(value: str) -> Any:
    try:
        if "T" not in value:
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return RefusedValue(f"{value} is outside of the years 1 to 9999")


def _unchanged(value: Any) -> Any:
    return value


_PARTS: Mapping[str, Decode] = {
    **dict.fromkeys((*_NUMBERS, "oid"), _number),
    **dict.fromkeys(_TIMES, _instant),
    "money": _money,
    "time": _time,
}
