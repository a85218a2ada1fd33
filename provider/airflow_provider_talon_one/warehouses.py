"""Airflow connections as warehouses: by URL where a driver streams Arrow, else through the hook's cursor."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.masking import mask_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talon_one_warehouse import Source

_ROWS = 10_000


def url_of(conn_id: str) -> str | None:
    """The warehouse URL of a connection; None if only its own hook can open it.

    ``postgres`` becomes ``postgresql://``, ``sqlite`` and ``duckdb`` the file that is their host.

    Raises:
        AirflowNotFoundException: there is no such connection.
    """
    connection = BaseHook.get_connection(conn_id)
    kind = (connection.conn_type or "").replace("-", "_")
    if kind in ("postgres", "postgresql"):
        user = quote(connection.login or "", safe="")
        password = quote(connection.password or "", safe="")
        mask_secret(connection.password or "")
        mask_secret(password)
        place = f"{connection.host or 'localhost'}:{connection.port or 5432}/{connection.schema or user}"
        return f"postgresql://{user}:{password}@{place}"
    if kind in ("sqlite", "duckdb"):
        return f"{kind}:///{connection.host or connection.schema or ''}"
    return None


class CursorSource:
    """Rows of a query through a database hook of Airflow, some ten thousand at a time.

    Whether the driver itself streams depends on it; PostgreSQL, SQLite and DuckDB go by URL instead, which do.
    """

    def __init__(self, conn_id: str, sql: str) -> None:
        self._connection: Any = BaseHook.get_connection(conn_id).get_hook().get_conn()
        self._cursor: Any = self._connection.cursor()
        self._cursor.execute(sql)
        self.columns: tuple[str, ...] = tuple(column[0] for column in self._cursor.description)

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See talon_one_warehouse.Source."""
        while part := self._cursor.fetchmany(_ROWS):
            yield [dict(zip(self.columns, row, strict=True)) for row in part]

    def close(self) -> None:
        """Close cursor and connection."""
        self._cursor.close()
        self._connection.close()


@contextmanager
def opened_source(
    *, conn_id: str | None, url: str | None, sql: str | None, table: str | None
) -> Iterator[Source | CursorSource]:
    """A source by connection or by URL.

    Raises:
        WarehouseConfigError: it cannot be opened, or the query is none.
    """
    from talon_one_warehouse import SourceSpec, open_source

    place = url or (url_of(conn_id) if conn_id else None)
    source: Source | CursorSource
    if place:
        source = open_source(SourceSpec(place, sql, table))
    else:
        source = CursorSource(str(conn_id), sql or f"SELECT * FROM {table}")  # noqa: S608 - the DAG's author names it
    try:
        yield source
    finally:
        source.close()


def first_column(conn_id: str | None, url: str | None, sql: str) -> list[str]:
    """The texts of a query's first column.

    Raises:
        WarehouseConfigError: see ``opened_source``.
    """
    with opened_source(conn_id=conn_id, url=url, sql=sql, table=None) as source:
        name = source.columns[0]
        found: Sequence[str] = [str(row[name]) for part in source.rows() for row in part if row[name] is not None]
    return list(found)
