"""Read a query through an Airflow database hook, for databases that no Arrow driver supports."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NoReturn

from talon_one_singer.values.column_names import repeated_name
from talon_one_singer.values.dbapi_values import dbapi_values
from talon_one_warehouse import WarehouseConfigError, WarehouseError
from talon_one_warehouse.sources.sql_text import one_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.providers.common.sql.hooks.sql import DbApiHook

    from talon_one_singer.blocks.row_block import RowBlock

logger = logging.getLogger(__name__)

_ROWS_PER_FETCH = 10_000
# PEP 249: the query is wrong, not the server. A retry cannot help.
_QUERY_ERRORS = {"ProgrammingError", "NotSupportedError", "DataError"}


class CursorSource:
    """Rows of a query, about ten thousand at a time; implements talon_one_warehouse.Source.

    Uses a server-side cursor where SQLAlchemy supports one for the hook's driver (PostgreSQL, MySQL), because a
    client-side cursor makes these drivers hold all rows in memory. Other drivers use a client-side cursor.

    Args:
        hook: hook of the connection.
        sql: one query.

    Raises:
        WarehouseConfigError: ``sql`` is not one working query, or two of its columns have the same name.
        WarehouseError: the database does not answer.
    """

    def __init__(self, hook: DbApiHook, sql: str) -> None:
        sql = one_query(sql, "sql", backslashes=True)
        with ExitStack() as stack:
            self._fetch, names = _server_cursor(hook, sql, stack) or _client_cursor(hook, sql, stack)
            self.columns = _checked(names)
            self._stack = stack.pop_all()

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See talon_one_warehouse.Source."""
        while part := self._part():
            columns = [dbapi_values(column) for column in zip(*part, strict=True)]
            yield [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]

    def blocks(self) -> Iterator[RowBlock]:
        """See talon_one_warehouse.Source."""
        from talon_one_singer.blocks.row_block import record_blocks  # imports pyarrow

        return record_blocks(self.rows())

    def close(self) -> None:
        """Close the cursor and the connection."""
        self._stack.close()

    def _part(self) -> Any:
        try:
            return self._fetch(_ROWS_PER_FETCH)
        except Exception as error:  # noqa: BLE001 - drivers have no class in common
            _raise("the source failed while its rows were read", error, reading=True)


def _server_cursor(hook: DbApiHook, sql: str, stack: ExitStack) -> tuple[Callable[[int], Any], list[str] | None] | None:
    """Run the query with a server-side cursor; None if the driver has none, or the hook does not use SQLAlchemy."""
    try:
        engine = hook.get_sqlalchemy_engine()
        stack.callback(engine.dispose)
        if not engine.dialect.supports_server_side_cursors:
            return None
        connection = stack.enter_context(engine.connect())
    except Exception as error:  # noqa: BLE001 - the client-side cursor is tried next and reports what is wrong
        logger.debug("no server-side cursor: %s", type(error).__name__)
        return None
    # no_parameters: a % in the query is a %.
    options = {"stream_results": True, "max_row_buffer": _ROWS_PER_FETCH, "no_parameters": True}
    try:
        result = connection.execution_options(**options).exec_driver_sql(sql)
        stack.callback(result.close)
    except Exception as error:  # noqa: BLE001 - drivers have no class in common
        _raise("the source cannot be read", error)
    return result.fetchmany, list(result.keys()) if result.returns_rows else None


def _client_cursor(hook: DbApiHook, sql: str, stack: ExitStack) -> tuple[Callable[[int], Any], list[str] | None]:
    try:
        connection: Any = hook.get_conn()
        stack.callback(connection.close)
        cursor = connection.cursor()
        stack.callback(cursor.close)
        cursor.execute(sql)
    except Exception as error:  # noqa: BLE001 - drivers have no class in common
        _raise("the source cannot be read", error)
    return cursor.fetchmany, [column[0] for column in cursor.description] if cursor.description else None


def _checked(names: list[str] | None) -> tuple[str, ...]:
    if not names:
        raise WarehouseConfigError("the query of the source returns no rows; it must be a SELECT")
    repeated = repeated_name(names)
    if repeated is not None:
        raise WarehouseConfigError(f"the query of the source has two columns named {repeated!r}; rename one with AS")
    return tuple(names)


def _raise(message: str, error: Exception, *, reading: bool = False) -> NoReturn:
    """Raise the driver's error as WarehouseConfigError (the query is wrong) or WarehouseError, in one line.

    Not chained: drivers put host, user and more into their errors.
    """
    cause = getattr(error, "orig", None) or error
    line = " ".join(str(cause).split()) or type(cause).__name__
    of_query = not reading and _QUERY_ERRORS & {kind.__name__ for kind in type(cause).__mro__}
    raise (WarehouseConfigError if of_query else WarehouseError)(f"{message}: {line}") from None
