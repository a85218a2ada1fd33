"""What ADBC drivers say, as our errors: one line, and nothing that the URL kept secret."""

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
_MESSAGE = "PG_DIAG_MESSAGE_PRIMARY"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the errors of a database.

    Attributes:
        where: what to call the database in a message.
        meanings: which error is meant, by how the SQLSTATE begins or by words of the message.
        secrets: what no message may hold.
    """

    where: str
    meanings: Mapping[str, type[WarehouseError]] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @contextmanager
    def told(self, *, opening: bool = False, source: str | None = None) -> Iterator[None]:
        """Turns the driver's errors into ours.

        Args:
            opening: the database is opened.
            source: the name of the source whose rows are read.

        Raises:
            WarehouseFullError: no room left on the server's disk.
            WarehouseLockedError: another process has the database.
            SourceDataError: the rows of the source are damaged, or its query fails at one.
            WarehouseConfigError: it cannot be opened, or not with these rights.
            TableError: a value or a name that the database does not take.
            WarehouseError: anything else.
        """
        try:
            yield
        except (adbc.Error, OSError, pa.ArrowException) as error:
            # Not chained: the driver's own text may hold what is left out here.
            raise self._ours(error, opening=opening, source=source) from None

    def _ours(self, error: Exception, *, opening: bool, source: str | None) -> WarehouseError:
        line, state = _line(error), getattr(error, "sqlstate", None) or ""
        line = Redactor(self.secrets)(line)
        kind = next((kind for mark, kind in self.meanings.items() if _means(mark, line, state)), WarehouseError)
        if kind is WarehouseFullError:
            return kind(f"no room left for {self.where}; make room and run again, nothing was half written")
        if kind is WarehouseLockedError:
            return kind(f"{self.where} is in use by another process; one process writes at a time")
        if source is not None and _OF_THE_DATA.search(line):
            return SourceDataError(source, line)
        if opening:
            return WarehouseConfigError(f"cannot open {self.where}: {line}")
        return kind(f"{self.where}: {line}")


def _means(mark: str, line: str, state: str) -> bool:
    return mark in line if " " in mark else state.startswith(mark)


def _line(error: Exception) -> str:
    details = dict(getattr(error, "details", None) or ())
    primary = {_text(name): _text(value) for name, value in details.items()}.get(_MESSAGE)
    lines = [line for line in str(error).split("\n") if not line.startswith(("query:", "Query was:", "CONTEXT:"))]
    return primary or " ".join(_STATUS.sub("", " ".join(lines)).split())


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
