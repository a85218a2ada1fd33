"""Warehouses by URL. Their drivers are optional extras, imported when a warehouse is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import redact
from talon_one_singer.settings.local_paths import FileUrlError, is_url, local_path, path_in_url
from talon_one_storage.file_store import OBJECT_STORES
from talon_one_warehouse.adbc.urls import ADBC_OPENERS, open_driver
from talon_one_warehouse.databases.urls import CLIENT_OPENERS
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.lake.urls import LAKE_OPENERS, is_folder, open_folder, open_remote_at
from talon_one_warehouse.schemes import nearest_scheme
from talon_one_warehouse.warehouse import DEFAULT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fsspec import AbstractFileSystem

    from talon_one_warehouse.warehouse import Warehouse


def open_warehouse(
    url: str,
    *,
    schema: str = DEFAULT_SCHEMA,
    filesystem: AbstractFileSystem | None = None,
    options: Mapping[str, Any] | None = None,
) -> Warehouse:
    """Open the warehouse at a URL.

    Args:
        url: ``duckdb:///relative.duckdb``, ``duckdb:////absolute/path.duckdb`` or ``duckdb:///:memory:``;
            ``postgresql://user:password@host/database``; ``sqlite:///relative.db`` or ``sqlite:////absolute.db``;
            ``snowflake://user@account/database/schema``; ``bigquery://project/dataset``;
            ``redshift://user@host/database?staging=s3://bucket/prefix``;
            ``databricks://host/catalog?http_path=/sql/...&staging=/Volumes/catalog/schema/volume``;
            ``adbc+DRIVER://...`` or ``adbc://DRIVER?uri=...`` for any other ADBC driver; for a lake
            ``./folder``, ``file:///absolute/folder``, ``s3://bucket/prefix``, ``gs://`` or ``abfs://``.
        schema: the database schema that holds the tables; created if missing. If it is the default, a schema in the URL
            wins.
        filesystem: has the keys of an ``s3://``, ``gs://`` or ``abfs://`` URL; by default the keys come from the
            environment.
        options: settings of a database's own client, such as a key; they win over the URL.

    Raises:
        WarehouseConfigError: the URL is not one of a warehouse, or the warehouse cannot be opened.
        WarehouseLockedError: another process has it open.
        WarehouseError: its server does not answer.
    """
    try:
        return _opened(url, schema, filesystem, options)
    except FileUrlError as error:
        raise WarehouseConfigError(str(error)) from None


def raise_if_in_memory(url: str) -> None:
    """Raise an error for the URL of a warehouse in memory, where a load would be lost as soon as the process ends.

    Raises:
        WarehouseConfigError: the warehouse is in memory.
    """
    scheme, separator, rest = url.partition("://")
    if separator and rest == "/:memory:":
        raise WarehouseConfigError(
            f"{url} is in memory, so a load would be lost when the process ends; name a file, like {scheme}:///loyalty.db"
        )


def _opened(
    url: str, schema: str, filesystem: AbstractFileSystem | None, options: Mapping[str, Any] | None
) -> Warehouse:
    path = local_path(url)
    if is_folder(url) or (is_url(url) and not is_url(path)):
        return open_folder(path, schema)
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise WarehouseConfigError(f"a warehouse URL looks like {_EXAMPLE}, not {_without_secrets(url)!r}")
    if filesystem is not None:
        if scheme not in OBJECT_STORES:
            raise WarehouseConfigError(f"{scheme}:// URLs take no file system; {', '.join(OBJECT_STORES)} do")
        return open_remote_at(scheme, rest, schema, filesystem)
    if scheme in CLIENT_OPENERS:
        return CLIENT_OPENERS[scheme](rest, schema, options)
    if options:
        raise WarehouseConfigError(f"{scheme}:// URLs take no options; {', '.join(CLIENT_OPENERS)} do")
    if scheme.startswith("adbc+"):
        return open_driver(scheme.removeprefix("adbc+"), rest, schema)
    if scheme not in _OPENERS:
        known = [*_OPENERS, *CLIENT_OPENERS]
        hint = nearest_scheme(scheme, known) or "; load into one of these"
        raise WarehouseConfigError(f"no warehouse for {scheme}:// URLs; supported: {', '.join(known)}{hint}")
    return _OPENERS[scheme](rest, schema)


def _open_duckdb(rest: str, schema: str) -> Warehouse:
    path = path_in_url(rest.removeprefix("/"))
    if not rest.startswith("/"):
        raise WarehouseConfigError(
            f"a DuckDB URL has three slashes before a relative path and four before an absolute one, like {_EXAMPLE}"
        )
    if not path:
        raise WarehouseConfigError(f"the DuckDB URL names no file; it looks like {_EXAMPLE}")
    try:
        from talon_one_warehouse.duckdb.warehouse import DuckDBWarehouse
    except ModuleNotFoundError as error:
        raise WarehouseConfigError(
            f"{error.name} is not installed; run: pip install 'talon-one-connector[warehouse]'"
        ) from None
    return DuckDBWarehouse(path, schema=schema)


def _without_secrets(url: str) -> str:
    """Return the URL from its last ``@`` on, without parameters: a mistyped URL can hold a password."""
    return redact(url.rpartition("@")[2].partition("?")[0])


_EXAMPLE = "duckdb:///loyalty.duckdb"
_OPENERS: Mapping[str, Callable[[str, str], Warehouse]] = {
    "duckdb": _open_duckdb,
    **ADBC_OPENERS,
    **LAKE_OPENERS,
}
