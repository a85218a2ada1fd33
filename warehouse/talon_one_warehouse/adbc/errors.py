"""Translation of the errors of ADBC drivers: one line each, without the secrets of the URL."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import adbc_driver_manager as adbc
import pyarrow as pa

from talon_one_singer.reporting.redaction import Redactor
from talon_one_warehouse.errors import (
    SourceDataError,
    WarehouseConfigError,
    WarehouseError,
    WarehouseFullError,
    WarehouseLockedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STATUS = re.compile(r"^[A-Z_]+: (\[\w+\] )?")  # the driver's own name for the error
# An error of rows that are streamed comes without its SQLSTATE.
_OF_THE_DATA = re.compile(
    r"malformed|not a database|corrupt|invalid page|division by zero|out of range|overflow|invalid (input|byte)",
    re.IGNORECASE,
)
_MESSAGE, _HINT = "PG_DIAG_MESSAGE_PRIMARY", "PG_DIAG_MESSAGE_HINT"
_GUESS = "Perhaps you meant"  # how PostgreSQL names a column or table that is like an unknown one
_NO_CREATE = "permission denied for database"
_NEEDED = "the user needs CREATE on the database, or on the schema if it exists: see docs/guides/load-postgresql.md"


@dataclass(frozen=True, slots=True)
class ErrorTranslator:
    """Translates the errors of a database.

    Attributes:
        where: the database in messages, without secrets.
        meanings: the error class by the beginning of a SQLSTATE, or by words of the message.
        secrets: texts that no message may contain.
    """

    where: str
    meanings: Mapping[str, type[WarehouseError]] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @contextmanager
    def translate_errors(self, *, opening: bool = False, source: str | None = None) -> Iterator[None]:
        """Translate the driver's errors into WarehouseError.

        Args:
            opening: the database is being opened, so that most errors are errors of its settings.
            source: the name of the source whose rows are read.

        Raises:
            WarehouseFullError: the server's disk is full.
            WarehouseLockedError: another process holds a lock on the database.
            SourceDataError: the rows of the source are damaged, or its query fails at a row.
            WarehouseConfigError: the database cannot be opened, or the user lacks a right.
            TableError: the database refuses a value or a name.
            WarehouseError: any other error.
        """
        try:
            yield
        except (adbc.Error, OSError, pa.ArrowException) as error:
            # Not chained: the driver's own text may contain secrets that are removed here.
            raise self._translated(error, opening=opening, source=source) from None

    def _translated(self, error: Exception, *, opening: bool, source: str | None) -> WarehouseError:
        line, state = _line(error), getattr(error, "sqlstate", None) or ""
        line = Redactor(self.secrets)(line)
        kind = next((kind for mark, kind in self.meanings.items() if _means(mark, line, state)), WarehouseError)
        if kind is WarehouseFullError:
            return kind(
                f"no space is left for {self.where}; free some space, then run again: no merge was written in part"
            )
        if kind is WarehouseLockedError:
            return kind(f"{self.where} is in use by another process; one process writes at a time: run again later")
        if source is not None and _OF_THE_DATA.search(line):
            return SourceDataError(source, line)
        if opening:
            hint = f"; {_NEEDED}" if _NO_CREATE in line else ""
            return WarehouseConfigError(f"cannot open {self.where}: {line}{hint}")
        return kind(f"{self.where}: {line}")


def _means(mark: str, line: str, state: str) -> bool:
    return mark in line if " " in mark else state.startswith(mark)


def _line(error: Exception) -> str:
    given = dict(getattr(error, "details", None) or ())
    details = {_text(name): _text(value) for name, value in given.items()}
    primary, guess = details.get(_MESSAGE), details.get(_HINT, "")
    if primary and guess.startswith(_GUESS):
        return f"{primary}; {guess[0].lower()}{guess[1:].rstrip('.')}"
    lines = [line for line in str(error).split("\n") if not line.startswith(("query:", "Query was:", "CONTEXT:"))]
    return primary or " ".join(_STATUS.sub("", " ".join(lines)).split())


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
