"""The rows of CSV and JSON Lines, read in bounded memory; every error names the line."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from talon_one_singer.protocol.lines import read_blocks
from talon_one_singer.settings.input_limits import InputError
from talon_one_singer.values.column_names import repeated_name
from talon_one_singer.values.dbapi_values import dbapi_values
from talon_one_singer.values.exact_json import NOT_A_NUMBER, check_structure, line_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_singer.protocol.lines import Block
    from talon_one_singer.settings.input_limits import InputLimits

_NOT_UTF8 = "not UTF-8 text; save the file as UTF-8"


class CsvRows:
    """The rows of a CSV file with a header.

    Args:
        source: bytes in UTF-8, with or without byte order mark.
        limits: limits of a row.

    Attributes:
        columns: the names in the header.

    Raises:
        InputError: there is no header, a name occurs twice, or the first line cannot be read.
    """

    def __init__(self, source: BinaryIO, limits: InputLimits) -> None:
        # The default limit of the process is lower than the texts of some attributes.
        csv.field_size_limit(max(csv.field_size_limit(), limits.max_line_bytes))
        self._lines = _CsvLines(source, limits)
        self._reader = csv.reader(iter(self._lines), strict=True)
        self.columns: list[str] = self._next() or []
        if not any(self.columns):
            raise InputError("it has no header; the first line must contain the column names")
        twice = repeated_name(self.columns)
        if twice is not None:
            raise InputError(f"it has two columns named {twice!r}; rename one of them", 1)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line, values) for each row, with a value for every column.

        Raises:
            InputError: a row cannot be used.
        """
        width = len(self.columns)
        while (row := self._next()) is not None:
            if not row:
                continue
            if len(row) != width:
                raise InputError(f"{len(row)} fields instead of {width}", self._reader.line_num)
            yield self._reader.line_num, row

    def _next(self) -> list[str] | None:
        begun = self._reader.line_num + 1
        self._lines.row_bytes = 0
        try:
            return next(self._reader, None)
        except csv.Error as error:
            reason = str(error)
            if "unexpected end" in reason:
                reason += f"; a quote in the row that begins in line {begun} is not closed"
            raise InputError(reason, self._reader.line_num) from None


class _CsvLines:
    """The lines for a CSV reader, with the number of bytes of the current row."""

    def __init__(self, source: BinaryIO, limits: InputLimits) -> None:
        self._source, self._max_bytes = source, limits.max_line_bytes
        self.row_bytes = 0

    def __iter__(self) -> Iterator[str]:
        for block in _blocks(self._source, self._max_bytes):
            if block.too_long:
                raise InputError(f"longer than {self._max_bytes:,} bytes, the limit of max_line_bytes", block.first)
            for number, line in enumerate(block.lines, block.first):
                self.row_bytes += len(line)
                if self.row_bytes > self._max_bytes:
                    what = f"the row has more than {self._max_bytes:,} bytes, the limit of max_line_bytes"
                    raise InputError(f"{what}; check for a missing closing quote", number)
                text = _text(line, number)
                if "\r" in text[:-1]:  # a line break of old files, or one within quotes
                    yield from io.StringIO(text + "\n", newline="")
                else:
                    yield text + "\n"


def json_rows(source: BinaryIO, limits: InputLimits) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, object) for each line that is not empty; numbers with a fraction are Decimals with all their digits.

    NaN and Infinity, which Python writes although they are not JSON, become refused values.

    Raises:
        InputError: a line cannot be used.
    """
    for block in _blocks(source, limits.max_line_bytes):
        for number, line in enumerate(block.lines, block.first):
            if line and not line.isspace():
                yield number, _object(line, number, block, limits)


def _object(line: bytes, number: int, block: Block, limits: InputLimits) -> dict[str, Any]:
    try:
        return line_object(line, block, limits)
    except ValueError as error:
        row = _with_refused(line, limits) if str(error) == NOT_A_NUMBER else None
        if row is None:
            raise InputError(_NOT_UTF8 if b"\0" in line else str(error), number) from None
        return row


def _with_refused(line: bytes, limits: InputLimits) -> dict[str, Any] | None:
    """Return the object of a line that is JSON except for NaN and Infinity; None if it is not."""
    try:
        row = json.loads(line, parse_float=Decimal, parse_constant=float)
        check_structure(line, row, limits.max_nesting_depth)
    except (ValueError, RecursionError):
        return None
    return dict(zip(row, dbapi_values(list(row.values())), strict=True)) if isinstance(row, dict) else None


def _text(line: bytes, number: int) -> str:
    if b"\0" in line:
        utf_16 = number == 1 and (line.startswith((b"\xff\xfe", b"\xfe\xff")) or line.count(b"\0") > len(line) // 3)
        raise InputError(_NOT_UTF8 if utf_16 else "it contains a NUL byte, which is not valid text", number)
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise InputError(_NOT_UTF8, number) from None


def _blocks(source: BinaryIO, max_bytes: int) -> Iterator[Block]:
    """Yield the lines; an error of the source names the line that was reached."""
    line = 1
    try:
        for block in read_blocks(source, max_bytes):
            yield block
            line = block.first + len(block.lines)
    except InputError as error:
        raise InputError(error.reason, error.line or line) from None
