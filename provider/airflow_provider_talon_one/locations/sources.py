"""Sources, stores and ids at the places that Airflow names: by URL where that streams, else through a hook's cursor."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException, BaseHook

from airflow_provider_talon_one.locations.cursor_source import CursorSource
from airflow_provider_talon_one.locations.location import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_talon_one.locations.location import Place
    from talon_one_singer.settings.input_limits import InputLimits
    from talon_one_singer.shards import Shard
    from talon_one_warehouse import Source
    from target_talon_one.store.journal import JournalSlot
    from target_talon_one.store.store import Store


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
    """A source by connection or by URL; ``rendered``: see talon_one_warehouse.open_source.

    Raises:
        WarehouseConfigError: it cannot be opened, or the query is none.
        ValueError: the place cannot be used, or is a file and there is a query.
    """
    place = place_of(url, conn_id)
    if place is None:
        source: Source | CursorSource = _by_cursor(str(conn_id), sql or f"SELECT * FROM {table}")  # noqa: S608 - the DAG's author names it
    else:
        source = _by_url(place, sql, table, limits, rendered=rendered)
    try:
        yield source
    finally:
        source.close()


def opened_store(
    place: Any, conn_id: str | None, default: str, *, journal: JournalSlot | None = None, shard: Shard | None = None
) -> Store:
    """The store at a path or URL, with the keys of a connection; or in the database that the connection is.

    Args:
        place: a path, a URL or an ObjectStoragePath, or None.
        conn_id: or a connection, or None.
        default: without either.
        journal: what outlives the worker beside it, if there is something.
        shard: the part that is pushed, if there are several.

    Raises:
        StoreError: it cannot be opened, or another run uses it.
        ValueError: the connection is none for a store.
    """
    from talon_one_singer.shards import WHOLE
    from target_talon_one.store.opening import open_store

    found = place_of(place or (None if conn_id else default), conn_id)
    if found is None or (not place and conn_id and not found.filesystem and not found.url.startswith("postgresql://")):
        raise ValueError(f"the connection {conn_id} keeps no store; give one of type postgres or aws")
    return open_store(found.url, journal=journal, shard=shard or WHOLE, filesystem=found.filesystem)


def first_column(place: Place | None, conn_id: str | None, sql: str, schema: str) -> list[str]:
    """The texts of a query's first column, in a warehouse or through a connection.

    Raises:
        WarehouseConfigError: see ``opened_source``; or a value is no id.
    """
    from talon_one_warehouse import open_warehouse

    place = place_of(None, conn_id) if conn_id else place
    if place is not None and _is_lake(place):
        with open_warehouse(place.url, schema=schema, filesystem=place.filesystem) as lake:
            return _ids([row[0] for row in lake.query(sql)])
    source = _by_cursor(str(conn_id), sql) if place is None else _by_url(place, sql, None)
    try:
        name = source.columns[0]
        return _ids([row[name] for part in source.rows() for row in part])
    finally:
        source.close()


def _ids(values: Iterable[Any]) -> list[str]:
    from talon_one_singer.values.value_texts import id_text
    from talon_one_warehouse import WarehouseConfigError

    try:
        return [id_text(value) for value in values if value is not None]
    except ValueError as error:
        raise WarehouseConfigError(f"the first column of the query holds what is no id: {error}") from None


def _by_url(
    place: Place, sql: str | None, table: str | None, limits: InputLimits | None = None, *, rendered: bool = False
) -> Source:
    from talon_one_warehouse import SourceSpec, open_source
    from talon_one_warehouse.sources.spec import check_source

    spec = SourceSpec(place.url, sql, table)
    if place.filesystem is None:
        check_source(spec, "source_url")
    elif _is_lake(place) and (sql or table):
        raise ValueError("a file has neither sql nor table; to query files: duckdb:///:memory: and read_parquet(...)")
    return open_source(spec, filesystem=place.filesystem, limits=limits, rendered=rendered)


def _by_cursor(conn_id: str, sql: str) -> CursorSource:
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    try:
        hook = BaseHook.get_connection(conn_id).get_hook()
    except AirflowNotFoundException:
        raise
    except AirflowException as error:  # of a type that no provider here knows
        raise ValueError(f"the connection {conn_id} cannot be used: {error}") from None
    if not isinstance(hook, DbApiHook):
        raise ValueError(f"the connection {conn_id} is not one of a database; give one, or a URL")
    return CursorSource(hook, sql)


def _is_lake(place: Place) -> bool:
    """Whether files are there, and no database."""
    from talon_one_warehouse.sources.spec import DATABASES

    return not place.url.startswith(DATABASES)
