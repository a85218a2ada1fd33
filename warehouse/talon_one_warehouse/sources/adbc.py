"""Queries of databases with an ADBC driver as sources."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.values.column_names import repeated_name
from talon_one_warehouse.adbc.urls import require_driver, split_driver_url
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError
from talon_one_warehouse.sources.arrow_source import ArrowSource
from talon_one_warehouse.sources.postgresql_columns import columns_of, outer_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from talon_one_warehouse.adbc.connection import ADBCConnection


# Roles and databases may have settings that round floats and write dates in local ways, within arrays and ranges.
# The order of day and month in literals of the query stays.
EXACT_TEXTS = "SELECT set_config('extra_float_digits', '1', false), set_config('DateStyle', 'ISO', false)"


def open_postgresql(rest: str, sql: str, *, rendered: bool = False) -> ArrowSource:
    """Run a query on PostgreSQL, whose driver does not return every type without loss.

    Args:
        rest: the URL without its scheme.
        sql: the query.
        rendered: see open_source.

    Raises:
        WarehouseConfigError: the database or the query cannot be used.
    """
    require_driver("postgresql")
    from talon_one_warehouse.adbc.connections import connect_postgresql  # imports the driver manager

    connection = connect_postgresql(rest)
    stack = ExitStack()
    stack.callback(connection.close)
    with stack:
        with query_errors():
            connection.rows(EXACT_TEXTS)
        return postgresql_source(connection, sql, f"postgresql://{rest}", stack.pop_all(), rendered=rendered)


def postgresql_source(
    connection: ADBCConnection, sql: str, url: str, stack: ExitStack, *, rendered: bool = False
) -> ArrowSource:
    """Run a query on an open connection; ``stack`` is closed with the source, or after an error.

    Raises:
        WarehouseConfigError: the query cannot be used.
    """
    with stack:
        decoders: dict[str, Callable[[Any], Any]] = {}
        type_names: dict[str, str] = {}
        with query_errors():
            names = connection.names(sql)
            if repeated_name(names) is None:  # a repeated name is refused by the caller
                columns = columns_of(connection, sql, names, rendered=rendered) if names else []
                sql = outer_query(sql, names, columns)
                decoders = {name: one.decode for name, one in zip(names, columns, strict=True) if one.decode}
                type_names = {name: one.type_name for name, one in zip(names, columns, strict=True)}
        reader = _reader(connection, sql, stack)
        translate_errors = partial(connection.translate_errors, source=shown_url(url))
        return ArrowSource(reader, translate_errors, stack.pop_all(), decoders=decoders, type_names=type_names)


def open_adbc(url: str, sql: str) -> ArrowSource:
    """Run a query on a database at ``adbc+DRIVER://…`` or ``adbc://DRIVER?uri=…``.

    Raises:
        WarehouseConfigError: the database or the query cannot be used.
    """
    scheme, _, rest = url.partition("://")
    driver, uri, options = split_driver_url(rest) if scheme == "adbc" else (scheme.removeprefix("adbc+"), rest, None)
    require_driver(driver)
    from talon_one_warehouse.adbc.connections import connect_driver  # imports the driver manager

    connection = connect_driver(driver, uri, options)
    with ExitStack() as stack:
        stack.callback(connection.close)
        reader = _reader(connection, sql, stack)
        translate_errors = partial(connection.translate_errors, source=shown_url(url))
        return ArrowSource(reader, translate_errors, stack.pop_all())


def _reader(connection: ADBCConnection, sql: str, stack: ExitStack) -> pa.RecordBatchReader:
    with query_errors():
        reader = stack.enter_context(connection.reader(sql))
    if not reader.schema.names:
        raise WarehouseConfigError("source.sql must be a query: a SELECT")
    return reader


@contextmanager
def query_errors() -> Iterator[None]:
    """Translate errors of the database while the query of a source is prepared."""
    try:
        yield
    except WarehouseError as error:
        raise WarehouseConfigError(f"the query of the source does not work: {error}") from None
