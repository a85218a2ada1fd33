"""Queries and tables of databases as sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_storage.sql_names import quoted
from talon_one_warehouse.sources.adbc import open_adbc, open_postgresql
from talon_one_warehouse.sources.clients import bigquery, mysql, redshift, snowflake
from talon_one_warehouse.sources.duckdb import open_duckdb
from talon_one_warehouse.sources.sql_text import one_query, require_select
from talon_one_warehouse.sources.sqlite import open_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_warehouse.sources.spec import Source, SourceSpec

# In other databases a backslash in a string may be an escape.
_STANDARD_STRINGS = ("duckdb", "postgresql", "postgres", "sqlite")


def open_database(spec: SourceSpec, *, rendered: bool = False, options: Mapping[str, Any] | None = None) -> Source:
    """Run the query of a source, or read its table.

    Args:
        spec: the source.
        rendered: see open_source.
        options: see open_source.

    Raises:
        WarehouseConfigError: the database or the query cannot be used.
    """
    scheme, _, rest = spec.url.partition("://")
    sql = query_of(spec)
    client = _CLIENTS.get(scheme)
    if client is not None:
        return client.open_query(rest, sql, options=options)
    opener = _OPENERS.get(scheme)
    if opener is None:
        return open_adbc(spec.url, sql)
    return opener(rest, sql, rendered=rendered)


def query_of(spec: SourceSpec) -> str:
    """Return the query of a source, which reads its table if it has one.

    Raises:
        WarehouseConfigError: the text is not one query.
    """
    scheme = spec.url.partition("://")[0]
    if scheme in _CLIENTS:
        return _client_sql(spec, _CLIENTS[scheme])
    if spec.sql is None:
        return f"SELECT * FROM {quoted(*(spec.table or '').split('.'))}"  # noqa: S608 - quoted
    return one_query(spec.sql, "source.sql", backslashes=scheme not in _STANDARD_STRINGS)


def _client_sql(spec: SourceSpec, client: _Client) -> str:
    if spec.sql is None:
        return f"SELECT * FROM {client.quoted_table((spec.table or '').split('.'))}"  # noqa: S608 - quoted
    sql = one_query(spec.sql, "source.sql", backslashes=True)
    require_select(sql, "source.sql")
    return sql


class _Client(NamedTuple):
    open_query: Callable[..., Source]
    quoted_table: Callable[[Sequence[str]], str]


# By scheme; each of spec.CLIENTS is one.
_CLIENTS: Mapping[str, _Client] = {
    "snowflake": _Client(snowflake.open_query, snowflake.quoted_table),
    "bigquery": _Client(bigquery.open_query, bigquery.quoted_table),
    "redshift": _Client(redshift.open_query, redshift.quoted_table),
    "mysql": _Client(mysql.open_query, mysql.quoted_table),
}


_OPENERS: Mapping[str, Callable[..., Source]] = {
    "duckdb": open_duckdb,
    "sqlite": open_sqlite,
    "postgresql": open_postgresql,
    "postgres": open_postgresql,
}
