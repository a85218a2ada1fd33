r"""SQL expressions that write the values of a column as canonical JSON, for the types where SQL writes the same bytes.

Every expression is held to ``mapping.coercion`` and ``mapping.canonical`` by a property test; where DuckDB would write
other bytes, the rows are named by a condition and mapped one by one: tiny and huge numbers, which have an exponent, and
times beyond the years 1 to 9999. Text with the control characters that DuckDB escapes differently (\u000B for
\u000b) has no expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.types as kinds

from talon_one_singer.values.arrow_extensions import is_text
from talon_one_storage.sql_names import literal
from target_talon_one.mapping.coercion import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    _Writer = Callable[[pa.Array, str, "FieldConversion"], "Expression | None"]

    from target_talon_one.mapping.coercion import FieldConversion

_ESCAPED_OTHERWISE = re.compile(rb"[\x0b\x0e\x0f\x1a-\x1f]")
_NUMBERS = frozenset({"number", PLAIN})
_INSTANTS = frozenset({"date-time", "time", "string", PLAIN})


@dataclass(frozen=True, slots=True)
class Expression:
    """How a value of a column is written.

    Attributes:
        text: its text, as it is used in a key.
        json: its JSON.
        one_by_one: a condition for values that are mapped one by one; None: there are none.
        null: a condition for nulls; None: there are none.
    """

    text: str
    json: str
    one_by_one: str | None = None
    null: str | None = None


def expression(array: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    """Return the expression for the values of a column that are not null; None if there is none for its type.

    Args:
        array: the values.
        column: name of the column in SQL.
        conversion: what the values are converted to.
    """
    write = next((write for matches, write in _WRITERS if matches(array.type)), None)
    found = write(array, column, conversion) if write else None
    return replace(found, null=f"{column} IS NULL") if found and array.null_count else found


def _text(array: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    if conversion.kind not in ("string", PLAIN) or _has_escaped_otherwise(array):
        return None
    fits = _all_fit(array, conversion)
    return Expression(column, f"to_json({column})", None if fits else _refused(column, conversion))


def _all_fit(array: pa.Array, conversion: FieldConversion) -> bool:
    """Return whether no text of a column is refused, which is known from their numbers of bytes in most cases."""
    ends = pc.min_max(pc.binary_length(array)).as_py()
    shortest = len("...") if conversion.in_path else int(conversion.filled)
    most = conversion.max_length
    return ends["min"] is None or (ends["min"] >= shortest and (most is None or ends["max"] <= most))


def _has_escaped_otherwise(array: pa.Array) -> bool:
    _, offsets, content = array.buffers()
    if content is None:
        return False
    at = memoryview(offsets).cast("i")
    return bool(_ESCAPED_OTHERWISE.search(memoryview(content)[at[array.offset] : at[array.offset + len(array)]]))


def _refused(text: str, conversion: FieldConversion) -> str | None:
    """Return a condition for texts that are too short, too long, or not allowed in a URL."""
    found = [f"{text} = ''"] if conversion.filled else []
    if conversion.max_length is not None:
        found.append(f"length({text}) > {conversion.max_length}")
    if conversion.in_path:
        found.append(f"{text} IN ('.', '..')")
    return " OR ".join(found) or None


def _integer(_: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    return _number(f"{column}::VARCHAR", None, conversion, also="integer")


def _number(
    text: str, one_by_one: str | None, conversion: FieldConversion, *, also: str = "number"
) -> Expression | None:
    if conversion.kind in _NUMBERS or conversion.kind == also:
        return Expression(text, text, one_by_one)
    if conversion.kind == "string":
        conditions = [each for each in (one_by_one, _refused(text, conversion)) if each]
        return Expression(text, f"('\"' || {text} || '\"')", " OR ".join(conditions) or None)
    return None


def _boolean(_: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    text = f"{column}::VARCHAR"
    return Expression(text, text) if conversion.kind in ("boolean", PLAIN) else None


def _decimal(array: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    scale = array.type.scale
    if scale < 0:
        return None
    text = f"rtrim(rtrim({column}::VARCHAR, '0'), '.')" if scale else f"{column}::VARCHAR"
    tiny = f"({column} <> 0 AND abs({column}) < 0.000001)" if scale > 6 else None
    return _number(text, tiny, conversion)


def _double(_: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    text = f"(CASE WHEN {column} = trunc({column}) THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END)"
    return _number(f"(CASE WHEN {_short(column)} THEN {text} END)", f"NOT ({_short(column)})", conversion)


def _short(column: str) -> str:
    """Return a condition for numbers that are written without an exponent."""
    return f"{column} = 0 OR (abs({column}) >= 1e-4 AND abs({column}) < 1e15)"


def _timestamp(_: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    if conversion.kind not in _INSTANTS:
        return None
    text = f"(replace({column}::TIMESTAMP::VARCHAR, ' ', 'T') || 'Z')"
    beyond = f"{column} < {literal('0001-01-01')}::TIMESTAMP OR {column} >= {literal('10000-01-01')}::TIMESTAMP"
    return _quoted(text, beyond, conversion)


def _date(_: pa.Array, column: str, conversion: FieldConversion) -> Expression | None:
    if conversion.kind not in _INSTANTS:
        return None
    text = f"{column}::VARCHAR" if conversion.kind == "string" else f"({column}::VARCHAR || 'T00:00:00Z')"
    beyond = f"{column} < {literal('0001-01-01')}::DATE OR {column} >= {literal('10000-01-01')}::DATE"
    return _quoted(text, beyond, conversion)


def _quoted(text: str, beyond: str, conversion: FieldConversion) -> Expression:
    refused = _refused(text, conversion) if conversion.kind == "string" else None
    return Expression(text, f"('\"' || {text} || '\"')", f"{beyond} OR {refused}" if refused else beyond)


def _null(_: pa.Array, column: str, __: FieldConversion) -> Expression:
    return Expression(f"{column}::VARCHAR", f"{column}::VARCHAR")


_WRITERS: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.Array, str, FieldConversion], Expression | None]], ...
] = (
    (is_text, _text),
    (kinds.is_integer, _integer),
    (kinds.is_boolean, _boolean),
    (kinds.is_decimal, _decimal),
    (kinds.is_float64, _double),
    (kinds.is_timestamp, _timestamp),
    (kinds.is_date, _date),
    (kinds.is_null, _null),
)
