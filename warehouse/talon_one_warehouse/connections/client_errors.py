"""Translation of the errors of database clients: one line each, without secrets."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talon_one_warehouse.connections.client_url import one_line
from talon_one_warehouse.errors import SourceDataError, WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_singer.reporting.redaction import Redactor


@dataclass(frozen=True, slots=True)
class ClientErrors:
    """Translates the errors of a client.

    Attributes:
        where: the database in messages, without secrets.
        all: the classes of the client's errors.
        permanent: returns whether an error is about the query, its data or a right, so that a retry cannot help.
        redactor: masks the secrets of the connection.
        message: returns the text of an error.
    """

    where: str
    all: tuple[type[BaseException], ...]
    permanent: Callable[[BaseException], bool]
    redactor: Redactor = field(repr=False)
    message: Callable[[BaseException], str] = str

    @contextmanager
    def running(self) -> Iterator[None]:
        """Translate errors of a query that is being started.

        Raises:
            WarehouseConfigError: the query is wrong.
            WarehouseError: the database does not answer.
        """
        try:
            yield
        except self.all as error:
            # Not chained: the client's own text may contain secrets that are removed here.
            line = one_line(self.message(error), self.redactor)
            if self.permanent(error):
                raise WarehouseConfigError(f"the query of the source does not work: {self.where}: {line}") from None
            raise WarehouseError(f"{self.where}: {line}; run again") from None

    @contextmanager
    def loading(self, *, opening: bool = False) -> Iterator[None]:
        """Translate errors of a load.

        Args:
            opening: the warehouse is being opened, so that permanent errors are errors of its settings.

        Raises:
            WarehouseConfigError: the warehouse cannot be opened.
            WarehouseError: any other error.
        """
        try:
            yield
        except self.all as error:
            line = one_line(self.message(error), self.redactor)
            if opening and self.permanent(error):
                raise WarehouseConfigError(f"cannot open {self.where}: {line}") from None
            raise WarehouseError(f"{self.where}: {line}") from None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Translate errors of rows that are being read.

        Raises:
            SourceDataError: the query fails at a row.
            WarehouseError: the connection is lost.
        """
        try:
            yield
        except self.all as error:
            line = one_line(self.message(error), self.redactor)
            if self.permanent(error):
                raise SourceDataError(self.where, line) from None
            raise WarehouseError(f"cannot read the source {self.where} to its end: {line}; run again") from None
