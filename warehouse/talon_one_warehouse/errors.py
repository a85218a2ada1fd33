"""Everything this package raises, grouped by what the caller does next.

WarehouseError               an expected failure: one line, without traceback
├── WarehouseConfigError     fix the URL, the directory or the installation, then run again
│   └── SourceDataError      fix the content of the source or its query, then run again
├── TableError               the existing table and the wanted one do not fit together; change one of them
├── RowError                 a value does not fit its column; names table, column, value and row
├── WarehouseLockedError     another process has the database open; run again when it has ended
├── WarehouseFullError       no space is left; free some, then run again; the last merge is complete
└── WarehouseMemoryError     not enough memory; give the process more, or read fewer rows at a time, then run again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 120


class WarehouseError(Exception):
    """Base of all errors of the warehouses."""


class WarehouseConfigError(WarehouseError):
    """The warehouse cannot be opened with these settings."""


class SourceDataError(WarehouseConfigError):
    """The rows of a source cannot be read to the end: its content is damaged, or its query fails at a row.

    Args:
        source: the source in messages, without secrets.
        words: the error message of its reader.
    """

    def __init__(self, source: str, words: str) -> None:
        super().__init__(
            f"the source {source} cannot be read to its end: {words.rstrip('.')}. "
            "Replace it with an undamaged copy, or correct its query, then run again"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (_source_data_error, (str(self),))


class TableError(WarehouseError):
    """The description of a table cannot be used, or does not fit the existing table."""


class WarehouseLockedError(WarehouseError):
    """Another process has the database open."""


class WarehouseFullError(WarehouseError):
    """There is no space left where the database is stored."""


class WarehouseMemoryError(WarehouseError):
    """There is not enough memory for the operation."""


class RowError(WarehouseError):
    """A value does not fit its column.

    Attributes:
        table: the table.
        column: the column, or "" if the error is about the entire row.
        value: JSON text of the value, cut to 120 characters.
        key: the values of the row's key by column, as far as they can be read.
        brief: the message without the value and the key.
    """

    def __init__(self, reason: str, *, table: str, column: str, value: str, key: Mapping[str, Any]) -> None:
        self.reason = reason
        self.table = table
        self.column = column
        self.value = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
        self.key = dict(key)
        where = f"{table}.{column}" if column else table
        self.brief = f"{where}: a value {reason}"
        row = ", ".join(f"{name}={text}" for name, text in self.key.items())
        super().__init__(f"{where}: {self.value} {reason}" + (f" (row {row})" if row else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_row_error, (self.reason, self.table, self.column, self.value, self.key))


def _source_data_error(message: str) -> SourceDataError:
    error = SourceDataError.__new__(SourceDataError)
    Exception.__init__(error, message)
    return error


def _row_error(reason: str, table: str, column: str, value: str, key: Mapping[str, Any]) -> RowError:
    return RowError(reason, table=table, column=column, value=value, key=key)
