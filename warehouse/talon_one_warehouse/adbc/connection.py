"""One connection to a database over ADBC.

https://arrow.apache.org/adbc/current/python/api/adbc_driver_manager.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import adbc_driver_manager as adbc

from talon_one_warehouse.results import python_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    import pyarrow as pa
    from adbc_driver_manager import dbapi

    from talon_one_warehouse.adbc.errors import ErrorTranslator

_ROWS_PER_BATCH = 20_000  # a driver holds a batch in its own memory


class ADBCConnection:
    """A connection whose statements commit one by one, or together within ``transaction()``.

    Args:
        raw: the driver's connection, in autocommit mode; closed with this object.
        translator: translates its errors.
        read_options: options of statements that read.
    """

    def __init__(
        self, raw: dbapi.Connection, translator: ErrorTranslator, read_options: Mapping[str, str] | None = None
    ) -> None:
        self._raw, self._read_options = raw, dict(read_options or {})
        self._translator = translator
        self._opening = False
        self.where = translator.where

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Translate errors as those of a database that cannot be opened."""
        self._opening = True
        yield
        self._opening = False

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""
        table = self.table(statement)
        return [] if table is None else python_rows(table.columns)

    def table(self, statement: str) -> pa.Table | None:
        """Return all rows of a statement as an Arrow table; None if it returns no rows."""
        with self.translate_errors(), self._raw.cursor(adbc_stmt_kwargs=self._read_options) as cursor:
            cursor.execute(statement)
            return cursor.fetch_arrow_table() if cursor.description else None

    def names(self, statement: str) -> list[str]:
        """Return the column names of a query without running it."""
        with self.translate_errors(), self._raw.cursor(adbc_stmt_kwargs=self._read_options) as cursor:
            return list(cursor.adbc_execute_schema(statement).names)

    @contextmanager
    def reader(self, statement: str) -> Iterator[pa.RecordBatchReader]:
        """Stream the rows of a query in batches."""
        with ExitStack() as stack:
            with self.translate_errors():
                cursor = stack.enter_context(self._raw.cursor(adbc_stmt_kwargs=self._read_options))
                cursor.execute(statement)
                found = cursor.fetch_record_batch()
            yield found

    def run(self, statement: str) -> int:
        """Run a statement; return the number of changed rows, or -1 if the driver does not report it."""
        with self.translate_errors(), self._raw.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.rowcount)

    def ingest(self, name: str, rows: pa.Table) -> None:
        """Create a temporary table of the rows."""
        self.ingest_batches(name, rows.to_reader(max_chunksize=_ROWS_PER_BATCH))

    def ingest_batches(self, name: str, batches: pa.RecordBatchReader) -> None:
        """Create a temporary table of the rows that a reader streams."""
        with self.translate_errors(), self._raw.cursor() as cursor:
            cursor.adbc_ingest(name, batches, mode="create", temporary=True)

    def catalog(self, schema: str, table: str) -> dict[str, Any] | None:
        """Return the driver's description of a table, as of ADBC's GetObjects; None if there is no such table."""
        with self.translate_errors():
            reader = self._raw.adbc_get_objects(db_schema_filter=schema, table_name_filter=table)
            with reader:
                catalogs = reader.read_all().to_pylist()
        # The filters are patterns, in which an underscore stands for any character.
        for found in (t for c in catalogs for s in _named(c, "db_schema", schema) for t in s["db_schema_tables"] or ()):
            if found["table_name"] == table:
                return dict(found)
        return None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run all statements of the context in one transaction."""
        handle = self._raw.adbc_connection
        with self.translate_errors():
            handle.set_autocommit(False)
        try:
            yield
            with self.translate_errors():
                handle.commit()
        except BaseException:
            # The first error is raised below; after a lost connection there is nothing to roll back.
            with suppress(adbc.Error):
                handle.rollback()
            with suppress(adbc.Error):
                handle.set_autocommit(True)
            raise
        with self.translate_errors():
            handle.set_autocommit(True)

    def close(self) -> None:
        """Close the connection; calling it again has no effect."""
        with self.translate_errors():
            self._raw.close()

    def translate_errors(self, source: str | None = None) -> AbstractContextManager[None]:
        """Translate the driver's errors; ``source`` is the name of the source whose rows are read."""
        return self._translator.translate_errors(opening=self._opening, source=source)


def _named(catalog: Mapping[str, Any], kind: str, name: str) -> list[dict[str, Any]]:
    return [found for found in catalog[f"catalog_{kind}s"] or () if found[f"{kind}_name"] == name]
