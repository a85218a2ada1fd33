"""Warehouse URLs of Airflow connections to PostgreSQL, SQLite, DuckDB and S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.airflow_compat.masking import mask_connection

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS = ("aws", "s3")
POSTGRES = ("postgres", "postgresql")
# Parameters of libpq; everything else in a connection's extra is for Airflow's hook.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_LIBPQ = frozenset(
    """sslmode sslcert sslkey sslpassword sslrootcert sslcrl sslcrldir sslsni sslcompression sslnegotiation sslcertmode
    ssl_min_protocol_version ssl_max_protocol_version channel_binding require_auth gssencmode gssdelegation gsslib
    krbsrvname requirepeer passfile service target_session_attrs load_balance_hosts hostaddr options application_name
    fallback_application_name connect_timeout tcp_user_timeout keepalives keepalives_idle keepalives_interval
    keepalives_count""".split()  # noqa: SIM905 - one a line would be a page
)
_TOKENS = ("iam", "azure_conn_id")


class HintedError(ValueError):
    """An error with a hint that must not be masked: a URL in which the id of a connection looks like a user."""

    def __init__(self, message: str, *, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


def connection_url(conn_id: str) -> str | None:
    """Return the warehouse URL of a connection; None if only its own hook can open it. Masks its secrets in all logs.

    ``postgres`` becomes ``postgresql://`` with the libpq parameters of its extra, ``sqlite`` and ``duckdb`` the file
    in its host, ``aws`` the bucket of its ``service_config`` or schema.

    Raises:
        AirflowNotFoundException: the connection does not exist.
        ValueError: an ``aws`` connection names no bucket.
    """
    connection = BaseHook.get_connection(conn_id)
    mask_connection(connection)
    kind = (connection.conn_type or "").replace("-", "_")
    if kind in POSTGRES:
        return None if any(connection.extra_dejson.get(name) for name in _TOKENS) else _postgresql(connection)
    if kind in AWS:
        return f"s3://{_bucket(connection)}"
    if kind in ("sqlite", "duckdb"):
        return f"{kind}:///{quote(connection.host or connection.schema or '', safe='/:~')}"
    return None


def _postgresql(connection: Any) -> str:
    user, password = quote(connection.login or "", safe=""), quote(connection.password or "", safe="")
    host = quote(connection.host or "localhost", safe="[]:,.")
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    database = quote(connection.schema or connection.login or "", safe="")
    url = f"postgresql://{user}:{password}@{host}:{connection.port or 5432}/{database}"
    options = {name: value for name, value in connection.extra_dejson.items() if name in _LIBPQ}
    return f"{url}?{urlencode(options, quote_via=quote)}" if options else url


def _bucket(connection: Any) -> str:
    services: Mapping[str, Any] = connection.extra_dejson.get("service_config") or {}
    bucket = (services.get("s3") or {}).get("bucket_name") or connection.schema
    if not bucket:
        conn_id = connection.conn_id
        raise HintedError(
            f"the connection {conn_id} names no bucket; give a URL", hint=f", like s3://{conn_id}@bucket/lake"
        )
    return str(bucket)
