"""Warehouses with clients of their own, by URL. The clients are optional extras, imported when one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections import snowflake
from talon_one_warehouse.connections.client_url import require_client
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.warehouse import DEFAULT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_warehouse.warehouse import Warehouse

# Defaults of Snowflake that an account can change: with other values nothing would be kept, or names would be changed.
_SESSION = {"AUTOCOMMIT": True, "QUOTED_IDENTIFIERS_IGNORE_CASE": False}


def _open_snowflake(rest: str, schema: str, options: Mapping[str, Any] | None) -> Warehouse:
    """Open the database at ``user:password@account/database/schema?parameters``.

    Args:
        rest: the URL without its scheme.
        schema: holds the tables; if it is the default, a schema of the URL wins.
        options: see ``connections.snowflake.connect``.

    Raises:
        WarehouseConfigError: the URL names no database, or the login is wrong.
        WarehouseError: Snowflake does not answer.
    """
    require_client("snowflake", "snowflake.connector")
    from talon_one_warehouse.databases.snowflake import SnowflakeConnection
    from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
    from talon_one_warehouse.dialects.snowflake import Snowflake

    errors = snowflake.errors(rest, options)
    client = snowflake.connect(rest, options, session=_SESSION)
    if not client.database:
        client.close()
        raise WarehouseConfigError(
            f"{errors.where} names no database, or one that the role cannot use; the URL looks like {snowflake.EXAMPLE}"
        )
    if schema == DEFAULT_SCHEMA:
        schema = snowflake.schema_of(rest) or schema
    return DatabaseWarehouse(SnowflakeConnection(client, errors), Snowflake(), schema=schema)


CLIENT_OPENERS: Mapping[str, Callable[[str, str, Mapping[str, Any] | None], Warehouse]] = {"snowflake": _open_snowflake}
