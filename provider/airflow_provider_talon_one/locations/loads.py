"""Where a load writes to: a URL, or an Airflow connection of a database or a bucket."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.airflow_compat.masking import mask_connection, mask_urls
from airflow_provider_talon_one.locations.client_connections import client_connection, client_is_installed
from airflow_provider_talon_one.locations.connection_urls import AWS, POSTGRES
from airflow_provider_talon_one.locations.location import Location, resolve_location
from talon_one_singer.reporting.redaction import shown_url
from talon_one_warehouse.connections.s3 import S3Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_warehouse.sync_log import LogPlace
    from talon_one_warehouse.warehouse import Warehouse


class _Loaded(NamedTuple):
    """A database that is loaded by its own client.

    Attributes:
        extra: installs the client.
        parts: how many parts of a connection's URL name the database; what follows is only for queries.
        logins: how a connection may log in.
    """

    extra: str
    parts: int
    logins: str


_BIGQUERY = _Loaded("bigquery", 1, "a service account or application default credentials")
_LOADED: Mapping[str, _Loaded] = {
    "snowflake": _Loaded("snowflake", 2, "a key pair, a token or a password"),
    "google_cloud_platform": _BIGQUERY,
    "gcpbigquery": _BIGQUERY,
    "redshift": _Loaded("redshift", 2, "a password, cluster_identifier or a profile of AWS"),
    "databricks": _Loaded("databricks", 2, "a token or a service principal"),
}
_STAGING = re.compile(r"s3://(?P<conn_id>[^/@]*)@(?P<path>.*)", re.DOTALL)


def load_location(url: Any, conn_id: str | None, options: Mapping[str, Any] | None = None) -> Location:
    """Return the location that a URL, a connection or both name.

    A schema in a connection is only for queries: the tables of a load are in the schema of its task.

    Args:
        url: see ``resolve_location``.
        conn_id: see ``resolve_location``.
        options: more settings of the warehouse's own client, like its parameters in a URL; they win over those of the
            connection. ``staging`` may be ``s3://connection@bucket/prefix``.

    Raises:
        AirflowNotFoundException: a connection does not exist.
        ValueError: a load cannot write there; the message says what to use instead.
    """
    mask_urls(dict(options or {}))
    location = resolve_location(url, conn_id) or _by_client(str(conn_id))
    found = {**(location.options or {}), **_with_access(options or {})}
    return replace(location, options=found or None)


def history_place(url: str | None, conn_id: str | None) -> LogPlace | None:
    """Return where the history of a push is written, or None. Only the writing opens the connection.

    Args:
        url: see ``resolve_location``.
        conn_id: see ``resolve_location``.
    """
    from talon_one_warehouse.sync_log import SCHEMA, LogPlace  # imports pyarrow
    from talon_one_warehouse.urls import open_warehouse

    def opened() -> Warehouse:
        found = load_location(url, conn_id)
        return open_warehouse(found.url, schema=SCHEMA, filesystem=found.filesystem, options=found.options)

    names = [shown_url(url)] if url else []
    names += [f"the connection {conn_id}"] if conn_id else []
    return LogPlace(" with ".join(names), opened) if names else None


def _by_client(conn_id: str) -> Location:
    connection = BaseHook.get_connection(conn_id)
    kind = (connection.conn_type or "(none)").replace("-", "_")
    about = _LOADED.get(kind)
    client = client_connection(conn_id, to_load=True) if about else None
    if about is None or client is None:
        raise ValueError(_refusal(conn_id, kind, about))
    scheme, _, rest = client.url.partition("://")
    return Location(f"{scheme}://{'/'.join(rest.split('/')[: about.parts])}", options=client.options)


def _with_access(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the access to S3 that a connection in ``staging`` gives."""
    found = _STAGING.fullmatch(str(options.get("staging") or ""))
    if found is None:
        return dict(options)
    conn_id = found["conn_id"]
    if not conn_id or ":" in conn_id:
        raise ValueError("staging has the id of a connection before the @, and never keys")
    connection = BaseHook.get_connection(conn_id)
    mask_connection(connection)
    if connection.conn_type not in AWS:
        raise ValueError(f"the connection {conn_id} is of type {connection.conn_type}; staging needs one of type aws")
    try:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
    except ImportError:
        raise ValueError(
            "staging with an Airflow connection needs a package that is not installed; run: pip install "
            "apache-airflow-providers-amazon"
        ) from None
    hook: AwsGenericHook[Any] = AwsGenericHook(aws_conn_id=conn_id, client_type="s3")
    return {**options, "staging": f"s3://{found['path']}", "s3": S3Access(hook.get_conn(), hook.get_credentials)}


def _refusal(conn_id: str, kind: str, about: _Loaded | None) -> str:
    """Return the message that says why a load cannot write through a connection, and what to do instead."""
    start = f"a load cannot write to the connection {conn_id}, which"
    if about and not client_is_installed(kind):
        return f"{start} needs a client that is not installed; run: pip install 'talon-one-connector[{about.extra}]'"
    if about:
        return f"{start} has settings that only Airflow's hook knows; use {about.logins}"
    reason = "takes its password from a token" if kind in POSTGRES else f"is of type {kind}"
    return (
        f"{start} {reason}; give a connection of type postgres, duckdb, sqlite, {', '.join(_LOADED)} or aws, or a "
        "warehouse_url: a lake (s3://connection@bucket/lake), or adbc+DRIVER://..."
    )
