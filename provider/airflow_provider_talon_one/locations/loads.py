"""Where a load writes to: a URL, or an Airflow connection of a database or a bucket."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.locations.client_connections import client_connection
from airflow_provider_talon_one.locations.connection_urls import POSTGRES
from airflow_provider_talon_one.locations.location import Location, resolve_location

if TYPE_CHECKING:
    from collections.abc import Mapping

# Connections whose databases are loaded by their own client, with the parts of their URLs that name the database.
_PARTS: Mapping[str, int] = {"snowflake": 2}


def load_location(url: Any, conn_id: str | None) -> Location:
    """Return the location that a URL, a connection or both name.

    A schema in a connection is only for queries: the tables of a load are in the schema of its task.

    Raises:
        AirflowNotFoundException: the connection does not exist.
        ValueError: a load cannot write there; the message says what to use instead.
    """
    location = resolve_location(url, conn_id)
    if location is not None:
        return location
    connection = BaseHook.get_connection(str(conn_id))
    kind = connection.conn_type or "(none)"
    client = client_connection(connection.conn_id) if kind in _PARTS else None
    if client is None:
        raise ValueError(_refusal(connection.conn_id, kind))
    scheme, _, rest = client.url.partition("://")
    return Location(f"{scheme}://{'/'.join(rest.split('/')[: _PARTS[kind]])}", options=client.options)


def _refusal(conn_id: str, kind: str) -> str:
    """Return the message that says why a load cannot write through a connection, and what to do instead."""
    start = f"a load cannot write to the connection {conn_id}, which"
    if kind in _PARTS and find_spec(kind) is None:
        return f"{start} needs a client that is not installed; run: pip install 'talon-one-connector[{kind}]'"
    if kind in _PARTS:
        return f"{start} has settings that only Airflow's hook knows; use a key pair, a token or a password"
    reason = "takes its password from a token" if kind in POSTGRES else f"is of type {kind}"
    return (
        f"{start} {reason}; give a connection of type postgres, duckdb, sqlite, snowflake or aws, or a warehouse_url: "
        "a lake that the database can read (s3://connection@bucket/lake), or adbc+DRIVER://..."
    )
