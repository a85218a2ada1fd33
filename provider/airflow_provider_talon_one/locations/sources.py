"""Open the sources that a task names: by URL where possible, otherwise through the cursor of a database hook."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException, BaseHook

from airflow_provider_talon_one.locations.client_connections import ClientConnection, client_connection
from airflow_provider_talon_one.locations.cursor_source import CursorSource
from airflow_provider_talon_one.locations.location import resolve_location
from talon_one_singer.values.value_texts import id_text
from talon_one_warehouse import SourceSpec, WarehouseConfigError, open_source, open_warehouse
from talon_one_warehouse.sources.spec import DATABASES, check_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_talon_one.locations.location import Location
    from talon_one_singer.settings.input_limits import InputLimits
    from talon_one_warehouse import Source


@contextmanager
def opened_source(
    *,
    conn_id: str | None,
    url: Any,
    sql: str | None,
    table: str | None,
    limits: InputLimits | None = None,
    rendered: bool = False,
) -> Iterator[Source | CursorSource]:
    """Open a source by connection or by URL; for ``rendered`` see talon_one_warehouse.open_source.

    Raises:
        WarehouseConfigError: the source cannot be opened, or ``sql`` is not a query.
        ValueError: the location cannot be used, or it is a file and a query is given.
    """
    client = client_connection(conn_id) if conn_id and not url else None
    location = None if client else resolve_location(url, conn_id)
    if client is not None:
        spec = SourceSpec(client.url, sql, table)
        check_source(spec, "source_conn_id")
        source: Source | CursorSource = open_source(spec, options=client.options)
    elif location is None:
        source = _by_cursor(str(conn_id), sql or f"SELECT * FROM {table}")  # noqa: S608 - the DAG's author names it
    else:
        source = _by_url(location, sql, table, limits, rendered=rendered)
    try:
        yield source
    finally:
        source.close()


def source_database(conn_id: str | None, url: Any) -> ClientConnection:
    """Return the database of a source, in which its rows can be compared.

    Raises:
        ValueError: only the hook of the connection can open it, or it is in an object store.
    """
    client = client_connection(conn_id) if conn_id and not url else None
    if client is not None:
        return client
    location = resolve_location(url, conn_id)
    if location is None or location.filesystem is not None:
        what = f"the connection {conn_id}, which only its hook can open," if location is None else "an object store"
        raise ValueError(
            f"store_in_source: the source is in {what} and cannot compare rows; leave out store_in_source and give a "
            "store"
        )
    return ClientConnection(location.url, {})


def query_ids(location: Location | None, conn_id: str | None, sql: str, schema: str) -> list[str]:
    """Return the ids in the first column of a query that runs in a warehouse or through a connection.

    Raises:
        WarehouseConfigError: see ``opened_source``; or a value cannot be an id.
    """
    client = client_connection(conn_id) if conn_id else None
    location = resolve_location(None, conn_id) if conn_id and client is None else location
    if client is None and location is not None and _is_file(location):
        with open_warehouse(
            location.url, schema=schema, filesystem=location.filesystem, options=location.options
        ) as warehouse:
            return _ids([row[0] for row in warehouse.query(sql)])
    source: Source | CursorSource
    if client is not None:
        source = open_source(SourceSpec(client.url, sql), options=client.options)
    else:
        source = _by_cursor(str(conn_id), sql) if location is None else _by_url(location, sql, None)
    try:
        name = source.columns[0]
        return _ids([row[name] for part in source.rows() for row in part])
    finally:
        source.close()


def _ids(values: Iterable[Any]) -> list[str]:
    try:
        return [id_text(value) for value in values if value is not None]
    except ValueError as error:
        raise WarehouseConfigError(f"the first column of the query holds a value that is not an id: {error}") from None


def _by_url(
    location: Location, sql: str | None, table: str | None, limits: InputLimits | None = None, *, rendered: bool = False
) -> Source:
    spec = SourceSpec(location.url, sql, table)
    if location.filesystem is None:
        check_source(spec, "source_url")
    elif _is_file(location) and (sql or table):
        raise ValueError(
            "a file takes neither sql nor table; to query files, use duckdb:///:memory: and read_parquet(...)"
        )
    return open_source(spec, filesystem=location.filesystem, limits=limits, rendered=rendered, options=location.options)


def _by_cursor(conn_id: str, sql: str) -> CursorSource:
    from airflow.providers.common.sql.hooks.sql import DbApiHook  # optional: apache-airflow-providers-common-sql

    try:
        hook = BaseHook.get_connection(conn_id).get_hook()
    except AirflowNotFoundException:
        raise
    except AirflowException as error:  # no installed provider has this connection type
        raise ValueError(f"the connection {conn_id} cannot be used: {error}") from None
    if not isinstance(hook, DbApiHook):
        raise ValueError(f"the connection {conn_id} is not a database; give the connection of one, or a URL")
    return CursorSource(hook, sql)


def _is_file(location: Location) -> bool:
    return not location.url.startswith(DATABASES)
