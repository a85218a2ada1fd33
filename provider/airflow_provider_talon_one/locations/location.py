"""Airflow's own means of naming a place: connections, ``s3://connection@bucket/path``, ObjectStoragePath."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.providers.common.compat.sdk import BaseHook, ObjectStoragePath

from airflow_provider_talon_one.airflow_compat.masking import mask_connection, mask_urls
from talon_one_singer.settings.local_paths import is_url, local_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fsspec import AbstractFileSystem

_PROVIDERS = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
}
_OBJECTS = re.compile(rf"(?P<scheme>{'|'.join(_PROVIDERS)})://(?:(?P<conn_id>[^/@]*)@)?(?P<path>.*)", re.DOTALL)
_AZURE_ACCOUNT = ".core.windows.net"  # behind container@ in URLs of Azure's own, which name no connection
_POSTGRES = ("postgres", "postgresql")
_AWS = ("aws", "s3")
# What libpq calls its parameters; the rest of a connection's extra is for Airflow's hook.
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
    """An error whose hint stands unmasked: a URL with the id of a connection, where others have a user or a key."""

    def __init__(self, words: str, *, hint: str) -> None:
        self.hint = hint
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a warehouse, a file or a store is.

    Attributes:
        url: with the password of a database, so it is never shown.
        filesystem: has the keys of an object store's connection; None if they come from the environment.
    """

    url: str = field(repr=False)
    filesystem: AbstractFileSystem | None = field(default=None, repr=False)


def place_of(url: Any, conn_id: str | None = None) -> Place | None:
    """The place that a URL, a connection or both name; None for a connection that only its own hook can open.

    Args:
        url: a path, a URL, ``s3://connection@bucket/path`` or an ObjectStoragePath.
        conn_id: without a URL the database or bucket; with one the keys for the object store.

    Raises:
        AirflowNotFoundException: there is no such connection.
        ValueError: the URL takes no connection, or the package for it is not installed.
    """
    if not url:
        return _by_connection(conn_id)
    text = str(url)
    match = _OBJECTS.fullmatch(text)
    if match is None or _AZURE_ACCOUNT in match["path"].partition("/")[0]:
        if conn_id:
            raise ValueError(f"only {', '.join(_PROVIDERS)} URLs take a connection beside them; leave out {conn_id}")
        mask_urls(text)
        return Place(text)
    if match["conn_id"] is not None and conn_id:
        raise ValueError(f"the URL names a connection already; leave out {conn_id}, or what is before the @")
    conn_id = conn_id or match["conn_id"]
    return Place(text) if conn_id is None else _objects(f"{match['scheme']}://{match['path']}", conn_id)


def check_one(words: str, conn_id: str | None, url: Any) -> None:
    """At parse time: there is a connection or a URL, and both only where the one has the keys for the other.

    Raises:
        ValueError: begins with the words.
    """
    if not conn_id and not url:
        raise ValueError(words)
    if conn_id and isinstance(url, str) and "{{" not in url and not _OBJECTS.match(url):
        raise ValueError(f"{words}; only {', '.join(_PROVIDERS)} URLs take both")


def folder_of(directory: str, setting: str) -> str:
    """A folder of this machine, also as ``file:///folder``.

    Raises:
        ValueError: it is elsewhere.
    """
    path = local_path(str(directory))
    if is_url(path):
        raise ValueError(f"{setting} is a folder of the worker, like /data/{setting}; an object store takes no files")
    return path


def url_of(conn_id: str) -> str | None:
    """The warehouse URL of a connection; None if only its own hook can open it. Its secrets are masked from then on.

    ``postgres`` becomes ``postgresql://`` with what libpq knows of its extra, ``sqlite`` and ``duckdb`` the file that
    is their host, ``aws`` the bucket of its ``service_config`` or schema.

    Raises:
        AirflowNotFoundException: there is no such connection.
        ValueError: an ``aws`` connection that names no bucket.
    """
    connection = BaseHook.get_connection(conn_id)
    mask_connection(connection)
    kind = (connection.conn_type or "").replace("-", "_")
    if kind in _POSTGRES:
        return None if any(connection.extra_dejson.get(name) for name in _TOKENS) else _postgresql(connection)
    if kind in _AWS:
        return f"s3://{_bucket(connection)}"
    if kind in ("sqlite", "duckdb"):
        return f"{kind}:///{quote(connection.host or connection.schema or '', safe='/:~')}"
    return None


def why_no_load(conn_id: str) -> str:
    """Why no load writes through a connection, and what does."""
    kind = BaseHook.get_connection(conn_id).conn_type
    what = "takes its password from a token" if kind in _POSTGRES else f"is of type {kind or '(none)'}"
    return (
        f"the connection {conn_id} {what}, which no load writes to; give one of type postgres, duckdb, sqlite or aws, "
        "or warehouse_url: Parquet files that the database reads (s3://connection@bucket/lake), or adbc+DRIVER://..."
    )


def _by_connection(conn_id: str | None) -> Place | None:
    if not conn_id:
        raise ValueError("there is neither a URL nor a connection; give one")
    url = url_of(conn_id)
    if url is None:
        return None
    return _objects(url, conn_id) if _OBJECTS.match(url) else Place(url)


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


def _objects(url: str, conn_id: str) -> Place:
    """Objects with the keys of a connection, by the file system that Airflow makes for it."""
    scheme, _, path = url.partition("://")
    if not conn_id or ":" in conn_id:
        raise ValueError(f"a {scheme}:// URL has the id of a connection before the @, and never keys")
    # Airflow's file systems take one that is not there for one without keys, and look into the environment.
    connection = BaseHook.get_connection(conn_id)
    mask_connection(connection)
    if scheme == "s3" and connection.conn_type not in _AWS:
        raise ValueError(f"the connection {conn_id} is of type {connection.conn_type}; s3:// needs one of type aws")
    try:
        filesystem = ObjectStoragePath(f"{scheme}://{conn_id}@{path}").fs
    except (ImportError, ValueError) as error:
        if isinstance(error, ValueError) and "No filesystem registered" not in str(error):
            raise
        package = _PROVIDERS[scheme]
        raise ValueError(
            f"{scheme}:// with a connection of Airflow needs a package that is not installed; run: pip install "
            f"'{package}'"
        ) from None
    filesystem.invalidate_cache()
    return Place(url, filesystem)
