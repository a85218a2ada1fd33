"""Loads into Snowflake by its own connector."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from talon_one_singer.temporary_folders import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import pyarrow as pa
    from snowflake.connector import SnowflakeConnection as Client

    from talon_one_warehouse.connections.client_errors import ClientErrors


class SnowflakeConnection:
    """A connection whose statements commit one by one; see DatabaseConnection for the methods.

    Args:
        client: closed with this object.
        errors: translates its errors.
    """

    def __init__(self, client: Client, errors: ClientErrors) -> None:
        self.where = errors.where
        self._client, self._errors = client, errors
        self._opening = False

    @contextmanager
    def opening(self) -> Iterator[None]:
        """See DatabaseConnection."""
        self._opening = True
        try:
            yield
        finally:
            self._opening = False

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See DatabaseConnection."""
        with self._errors.loading(opening=self._opening), self._client.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]

    def records(self, statement: str) -> list[dict[str, Any]]:
        """Return all rows of a statement by the names of its columns."""
        with self._errors.loading(opening=self._opening), self._client.cursor() as cursor:
            cursor.execute(statement)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(self, statement: str) -> int:
        """See DatabaseConnection."""
        with self._errors.loading(opening=self._opening), self._client.cursor() as cursor:
            cursor.execute(statement)
            return -1 if cursor.rowcount is None else cursor.rowcount

    def transaction(self) -> AbstractContextManager[None]:
        """Run statements one by one: definitions of tables commit by themselves."""
        return nullcontext()

    @contextmanager
    def parquet_file(self, rows: pa.Table) -> Iterator[Path]:
        """Write rows into a local Parquet file, which is removed at the end."""
        with TemporaryFolder("upload") as folder:
            # Snowflake does not copy a file of the same name again.
            file = Path(folder) / f"{secrets.token_hex(16)}.parquet"
            pq.write_table(rows, file)
            yield file

    def close(self) -> None:
        """See DatabaseConnection."""
        with self._errors.loading():
            self._client.close()
