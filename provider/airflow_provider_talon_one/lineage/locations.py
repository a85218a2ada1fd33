"""Names of the datasets of a source that a task names by connection or URL."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.lineage.dataset_names import DatasetNames, names_of_url
from airflow_provider_talon_one.locations.client_connections import client_connection
from airflow_provider_talon_one.locations.location import resolve_location


def names_of_source(conn_id: str | None, url: Any) -> DatasetNames | None:
    """Return the names of the tables of a source; None if only its hook knows it and does not say.

    Raises:
        AirflowNotFoundException: the connection does not exist.
        ValueError: the connection and the URL cannot be combined.
    """
    client = client_connection(conn_id) if conn_id and not url else None
    if client is not None:
        return names_of_url(client.url, client.options)
    location = resolve_location(url, conn_id)
    return names_of_url(location.url, location.options) if location is not None else _of_hook(str(conn_id))


def _of_hook(conn_id: str) -> DatasetNames | None:
    """Return the names that the hook of a connection gives to OpenLineage, as for the operators of common.sql."""
    connection = BaseHook.get_connection(conn_id)
    hook: Any = connection.get_hook()
    info = hook.get_openlineage_database_info(connection)
    if info is None:
        return None
    namespace = f"{info.scheme}://{info.authority}" if info.authority else info.scheme
    return DatasetNames(
        namespace,
        info.database or connection.schema or "",
        hook.get_openlineage_default_schema() or "",
        hook.get_openlineage_database_dialect(connection) or info.scheme,
        upper=info.is_uppercase_names,
    )
