"""Read CSV exports, and notice if an export was cut off."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_csv(body: bytes) -> Iterator[list[str]]:
    """Yield the heading of an export, then its lines, each with as many values as there are headings.

    Raises:
        msgspec.DecodeError: the text is no CSV, its last line does not end with a line break, or a line has more or
            fewer values.
    """
    if body.lstrip()[:1] in (b"<", b"{", b"["):
        raise msgspec.DecodeError("HTML or JSON where CSV was expected")
    if not body.endswith((b"\n", b"\r")):
        raise msgspec.DecodeError("the CSV does not end with a line break: the export was cut off")
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        headings = next(lines, [])
        if len(set(headings)) != len(headings) or not headings:
            raise msgspec.DecodeError(f"the CSV has no usable heading: {', '.join(headings)}")
        yield headings
        for line in lines:
            if line and len(line) != len(headings):
                raise msgspec.DecodeError(
                    f"line {lines.line_num} of the CSV has {len(line)} values for {len(headings)} headings"
                )
            if line:
                yield line
    except (UnicodeDecodeError, csv.Error) as error:
        raise msgspec.DecodeError(f"the CSV cannot be read: {error}") from error


def column_of(headings: list[str], *names: str) -> int:
    """Return the index of the first of ``names`` that is a heading, whatever its letter case.

    Raises:
        msgspec.ValidationError: none of them is a heading.
    """
    plain = [heading.strip().lower() for heading in headings]
    for name in names:
        if name.lower() in plain:
            return plain.index(name.lower())
    raise msgspec.ValidationError(f"the CSV has no column {names[0]}; it has {', '.join(headings)}")
