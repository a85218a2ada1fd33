"""The rows of a CSV export, converted to those that the lists of the API return.

Fields that an export cannot provide are null, never 0.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from talon_one_client.http.csv_export import column_of, read_csv
from talon_one_client.http.encoding import format_instant
from talon_one_client.paging.windows import MAX_US, MIN_US, SECOND_US, Window, from_us, to_us
from tap_talon_one.rows.splicing import encode, ledger_date, with_ledger_dates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_talon_one.rows.export_columns import Column, ExportLayout, Kind

EVER = Window(MIN_US, MAX_US)
_UNSET = datetime(1, 1, 1, tzinfo=UTC)  # the exports have it for an instant that is not set
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_WORDS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class ExportedRows(NamedTuple):
    """The text of an export, with the positions of the columns that are read; None: the column is missing.

    The text is kept once, however often it is read.
    """

    layout: ExportLayout
    positions: tuple[int | None, ...]
    gone: int | None
    body: bytes

    @classmethod
    def opened(cls, layout: ExportLayout, body: bytes) -> ExportedRows:
        """Find the columns.

        Raises:
            msgspec.DecodeError: the text is not valid CSV, or a required column is missing.
        """
        headings = next(read_csv(body))
        positions = tuple(_position(headings, column) for column in layout.columns)
        return cls(layout, positions, None if layout.gone is None else column_of(headings, layout.gone), body)

    def values(self, *names: str) -> Iterator[dict[str, Any]]:
        """Yield the fields of each row that is not deleted, line by line; with ``names`` only these.

        Raises:
            ValueError: a value is not of its kind; the message names line and column.
        """
        wanted = [
            (column, position)
            for column, position in zip(self.layout.columns, self.positions, strict=True)
            if not names or column.name in names
        ]
        for number, line in enumerate(islice(read_csv(self.body), 1, None), 2):
            if self.gone is not None and line[self.gone]:
                continue
            fields: dict[str, Any] = {}
            for column, position in wanted:
                try:
                    fields.update(_field(column, "" if position is None else line[position]))
                except (ValueError, InvalidOperation) as error:
                    text = "" if position is None else line[position][:50]
                    raise ValueError(
                        f"row {number}, column {column.heading}: {text!r} is not {_NOUNS[column.kind]}"
                    ) from error
            yield fields

    def rows(self, added: Mapping[str, Any], window: Window) -> Iterator[bytes]:
        """Yield the rows of the window as JSON.

        Args:
            added: fields of every row: those that are null, and those that are the same in all rows.
            window: of the field that bounds the export; exports without one are yielded whole.

        Raises:
            ValueError: a value is not of its kind.
        """
        counts: Counter[Any] = Counter()
        layout = self.layout
        for fields in self.values():
            if layout.counted is not None:
                fields["position"] = counts[fields[layout.counted]]
                counts[fields[layout.counted]] += 1
            if layout.bounded is not None and not _within(fields[layout.bounded], window):
                continue
            row = encode({**added, **fields})
            yield with_ledger_dates(row) if layout.ledger_dates else row


def export_query(layout: ExportLayout, window: Window) -> dict[str, Any]:
    """Return the query of an export of a window, or of all rows if the export is not read by windows."""
    return dict(layout.query) if layout.bounded is None else limited_query(layout, window)


def limited_query(layout: ExportLayout, window: Window) -> dict[str, Any]:
    """Return the query of a window; its bounds are a second wider, as they may be exclusive, or without fractions."""
    after, before = layout.bounds
    start = None if window.start_us <= MIN_US else from_us(window.start_us - SECOND_US)
    end = None if window.end_us >= MAX_US else from_us(window.end_us + SECOND_US)
    return {**layout.query, after: start, before: end}


def _position(headings: list[str], column: Column) -> int | None:
    try:
        return column_of(headings, column.heading)
    except msgspec.ValidationError:
        if column.required:
            raise
        return None


def _within(text: str | None, window: Window) -> bool:
    """Return whether an instant lies in a window; a row without one lies in every window."""
    return text is None or window.start_us <= to_us(datetime.fromisoformat(text)) < window.end_us


def _field(column: Column, text: str) -> dict[str, Any]:
    if column.kind == "label":
        return {column.name: text}
    if column.typed is not None:
        return {column.name: text or None, column.typed: msgspec.json.decode(ledger_date(text)[1])}
    return {column.name: _READ[column.kind](text) if text else None}


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise InvalidOperation(text)
    return number


def _boolean(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(text)
    return _WORDS[text.lower()]


def _instant(text: str) -> str | None:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return None if instant == _UNSET else format_instant(instant)


def _json(kind: type) -> Callable[[str], msgspec.Raw | None]:
    decode = msgspec.json.Decoder(kind | None).decode

    def read(text: str) -> msgspec.Raw | None:
        return None if decode(text) is None else msgspec.Raw(text.encode())

    return read


_READ: Mapping[Kind, Callable[[str], Any]] = {
    "text": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "instant": _instant,
    "date": str,
    "object": _json(dict[str, msgspec.Raw]),
    "array": _json(list[msgspec.Raw]),
}
_NOUNS: Mapping[Kind, str] = {
    "text": "a text",
    "label": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "instant": "an instant with time zone",
    "date": "a date",
    "object": "a JSON object",
    "array": "a JSON array",
}
