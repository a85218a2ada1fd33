"""Queries through a database hook of Airflow, where no driver of Arrow is at hand."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NoReturn

from talon_one_singer.values.dbapi_values import dbapi_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.providers.common.sql.hooks.sql import DbApiHook

_LOG = logging.getLogger(__name__)
_ROWS = 10_000
# PEP 249: what is wrong with the query, and not with the server.
_OF_THE_QUERY = {"ProgrammingError", "NotSupportedError", "DataError"}


class CursorSource:
    """Rows of a query, some ten thousand at a time; see talon_one_warehouse.Source.

    A cursor of the server is taken where SQLAlchemy knows how to make one with the hook's driver (PostgreSQL, MySQL):
    a plain one makes these drivers hold all rows in memory. Other drivers get a plain one.

    Args:
        hook: of the connection.
        sql: one query.

    Raises:
        WarehouseConfigError: the query does not work, is none, or has two columns of one name.
        WarehouseError: the database does not answer.
    """

    def __init__(self, hook: DbApiHook, sql: str) -> None:
        from talon_one_warehouse.sources.sql_text import one_query

        sql = one_query(sql, "sql", backslashes=True)
        with ExitStack() as stack:
            self._fetch, names = _streamed(hook, sql, stack) or _plain(hook, sql, stack)
            self.columns = _checked(names)
            self._stack = stack.pop_all()

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See talon_one_warehouse.Source."""
        while part := self._part():
            columns = [dbapi_values(column) for column in zip(*part, strict=True)]
            yield [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]

    def close(self) -> None:
        """Close cursor and connection."""
        self._stack.close()

    def _part(self) -> Any:
        try:
            return self._fetch(_ROWS)
        except Exception as error:  # noqa: BLE001 - drivers have no class in common
            _tell("the rows of the source break off", error, reading=True)


def _streamed(hook: DbApiHook, sql: str, stack: ExitStack) -> tuple[Callable[[int], Any], list[str] | None] | None:
    """By a cursor of the server; None if this driver has none, or does not connect this way."""
    try:
        engine = hook.get_sqlalchemy_engine()
        stack.callback(engine.dispose)
        if not engine.dialect.supports_server_side_cursors:
            return None
        connection = stack.enter_context(engine.connect())
    except Exception as error:  # noqa: BLE001 - the hook's own way is next, and tells what is wrong
        _LOG.debug("no cursor of the server: %s", type(error).__name__)
        return None
    # no_parameters: a % in the query is a %.
    options = {"stream_results": True, "max_row_buffer": _ROWS, "no_parameters": True}
    try:
        result = connection.execution_options(**options).exec_driver_sql(sql)
        stack.callback(result.close)
    except Exception as error:  # noqa: BLE001 - drivers have no class in common
        _tell("the source cannot be read", error)
    return result.fetchmany, list(result.keys()) if result.returns_rows else None


def _plain(hook: DbApiHook, sql: str, stack: ExitStack) -> tuple[Callable[[int], Any], list[str] | None]:
    try:
        connection: Any = hook.get_conn()
        stack.callback(connection.close)
        cursor = connection.cursor()
        stack.callback(cursor.close)
        cursor.execute(sql)
    except Exception as error:  # noqa: BLE001 - drivers have no class in common
        _tell("the source cannot be read", error)
    return cursor.fetchmany, [column[0] for column in cursor.description] if cursor.description else None


def _checked(names: list[str] | None) -> tuple[str, ...]:
    from talon_one_singer.values.column_names import repeated_name
    from talon_one_warehouse import WarehouseConfigError

    if not names:
        raise WarehouseConfigError("the query of the source gives no rows; it must be a SELECT")
    twice = repeated_name(names)
    if twice is not None:
        raise WarehouseConfigError(f"the query of the source has two columns named {twice!r}; rename one with AS")
    return tuple(names)


def _tell(what: str, error: Exception, *, reading: bool = False) -> NoReturn:
    """Raises the driver's error as ours, in one line; a retry mends what is not the query's fault.

    Not chained: drivers put host, user and more into theirs.
    """
    from talon_one_warehouse import WarehouseConfigError, WarehouseError

    cause = getattr(error, "orig", None) or error
    line = " ".join(str(cause).split()) or type(cause).__name__
    of_query = not reading and _OF_THE_QUERY & {kind.__name__ for kind in type(cause).__mro__}
    raise (WarehouseConfigError if of_query else WarehouseError)(f"{what}: {line}") from None
