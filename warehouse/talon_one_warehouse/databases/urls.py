"""Warehouses with clients of their own, by URL. The clients are optional extras, imported when one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections import bigquery, databricks, redshift, snowflake
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


def _open_bigquery(rest: str, schema: str, options: Mapping[str, Any] | None) -> Warehouse:
    """Open the dataset at ``project/dataset?parameters``.

    Args:
        rest: the URL without its scheme.
        schema: the dataset; if it is the default, a dataset of the URL wins.
        options: see ``connections.bigquery.connect``.

    Raises:
        WarehouseConfigError: the credentials are wrong, or the dataset cannot be created.
        WarehouseError: BigQuery does not answer.
    """
    require_client("bigquery", "google.cloud.bigquery")
    from talon_one_warehouse.databases.bigquery import BigQueryConnection
    from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
    from talon_one_warehouse.dialects.bigquery import BigQuery

    errors = bigquery.errors(rest, options)
    if schema == DEFAULT_SCHEMA:
        schema = bigquery.dataset_of(rest) or schema
    return DatabaseWarehouse(BigQueryConnection(bigquery.connect(rest, options), errors), BigQuery(), schema=schema)


def _open_redshift(rest: str, schema: str, options: Mapping[str, Any] | None) -> Warehouse:
    """Open the database at ``user:password@host:port/database?staging=s3://bucket/prefix``.

    Args:
        rest: the URL without its scheme.
        schema: holds the tables.
        options: see ``connections.redshift``.

    Raises:
        WarehouseConfigError: the URL or the login is wrong, or files cannot be staged.
        WarehouseError: Redshift or S3 does not answer.
    """
    require_client("redshift", "redshift_connector", "boto3")
    from talon_one_warehouse.connections.s3 import s3_access
    from talon_one_warehouse.databases.redshift import RedshiftConnection
    from talon_one_warehouse.databases.s3_staging import S3Staging
    from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
    from talon_one_warehouse.dialects.redshift import Redshift

    errors, settings = redshift.errors(rest, options), redshift.load_settings(rest, options)
    access = settings["s3"] or s3_access()
    staging = S3Staging(settings, access, errors.redactor)
    client = redshift.connect(rest, options)
    return DatabaseWarehouse(RedshiftConnection(client, errors, staging), Redshift(), schema=schema)


def _open_databricks(rest: str, schema: str, options: Mapping[str, Any] | None) -> Warehouse:
    """Open the catalog at ``host/catalog?http_path=/sql/...&staging=/Volumes/catalog/schema/volume``.

    Args:
        rest: the URL without its scheme.
        schema: holds the tables.
        options: see ``connections.databricks``.

    Raises:
        WarehouseConfigError: the URL or the login is wrong, or files cannot be staged.
        WarehouseError: Databricks does not answer.
    """
    require_client("databricks", "databricks.sql", "databricks.sdk")
    from talon_one_warehouse.databases.databricks import DatabricksConnection, volume_folder
    from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
    from talon_one_warehouse.dialects.databricks import Databricks

    errors = databricks.errors(rest, options)
    folder = volume_folder(databricks.staging(rest, options))
    client = databricks.connect(rest, options)
    return DatabaseWarehouse(DatabricksConnection(client, errors, folder), Databricks(), schema=schema)


CLIENT_OPENERS: Mapping[str, Callable[[str, str, Mapping[str, Any] | None], Warehouse]] = {
    "snowflake": _open_snowflake,
    "bigquery": _open_bigquery,
    "redshift": _open_redshift,
    "databricks": _open_databricks,
}
