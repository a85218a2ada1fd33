"""Request payloads as CSV files: a heading, and one line for each mapped row.

The files are uploads of the Management API. Texts are quoted where they need it, numbers keep all their digits, a list
becomes its texts with semicolons between them, an object its JSON. What a row does not have stays empty.
https://docs.talon.one/management-api
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_talon_one.sinks.payloads import Target

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    Attributes:
        name: its heading.
        source: the field that it holds, or ``target.x`` for a setting of the destination.
    """

    name: str
    source: str


def columns_of(**sources: str) -> tuple[Column, ...]:
    """Return columns from their sources by heading."""
    return tuple(Column(name, source) for name, source in sources.items())


def heading_of(columns: Sequence[Column]) -> bytes:
    """Return the first line of a file, without its line break."""
    return _line([column.name for column in columns])


def line_of(columns: Sequence[Column], key_names: Sequence[str]) -> Callable[[Target, str, bytes], bytes]:
    """Return the function that makes a line of a mapped row, without its line break.

    Args:
        columns: of the file.
        key_names: fields of the key; a row of one field has its value in the key alone.
    """

    def line(target: Target, key: str, fields: bytes) -> bytes:
        values: Mapping[str, Any] = _fields(fields) if fields else dict.fromkeys(key_names, key)
        return _line([_text(_value(column.source, target, values)) for column in columns])

    return line


def file_of(heading: bytes, lines: Sequence[bytes]) -> bytes:
    """Return a file of lines."""
    return b"".join(line + b"\n" for line in (heading, *lines))


def _value(source: str, target: Target, values: Mapping[str, Any]) -> Any:
    if source.startswith("target."):
        return target.get(source.removeprefix("target."))
    return values.get(source)


def _text(value: Any) -> str:
    """Return the text of a setting, or of a field as JSON."""
    if not isinstance(value, msgspec.Raw):
        return "" if value is None else str(value)
    text = bytes(value)
    if text == b"null":
        return ""
    if text[:1] == b'"':
        return str(msgspec.json.decode(text))
    if text[:1] == b"[":
        return ";".join(msgspec.json.decode(text, type=list[str]))
    return text.decode()


def _line(values: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue().encode()
