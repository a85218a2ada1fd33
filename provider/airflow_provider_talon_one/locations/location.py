"""Where a warehouse, a file or a store is: a URL, ``s3://connection@bucket/path`` or an ObjectStoragePath."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook, ObjectStoragePath

from airflow_provider_talon_one.airflow_compat.masking import mask_connection, mask_urls
from airflow_provider_talon_one.locations.connection_urls import AWS, connection_url
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
# Azure's own URLs have a container before the @, not a connection: abfs://container@account.dfs.core.windows.net/path
_AZURE_ACCOUNT = ".core.windows.net"


@dataclass(frozen=True, slots=True)
class Location:
    """The URL of a warehouse, a file or a store, with what opens it.

    Attributes:
        url: may hold the password of a database, so it is not part of the repr.
        filesystem: authenticated by an Airflow connection; None if the credentials come from the environment.
        options: settings of a database's own client, keys among them.
    """

    url: str = field(repr=False)
    filesystem: AbstractFileSystem | None = field(default=None, repr=False)
    options: Mapping[str, Any] | None = field(default=None, repr=False)


def resolve_location(url: Any, conn_id: str | None = None) -> Location | None:
    """Return the location that a URL, a connection or both name; None if only the connection's own hook can open it.

    Args:
        url: a path, a URL, ``s3://connection@bucket/path`` or an ObjectStoragePath.
        conn_id: without a URL, the database or bucket; with a URL, the credentials for the object store.

    Raises:
        AirflowNotFoundException: the connection does not exist.
        ValueError: the URL cannot be combined with a connection, or the package for it is not installed.
    """
    if not url:
        return _connection_location(conn_id)
    text = str(url)
    match = _OBJECTS.fullmatch(text)
    if match is None or _AZURE_ACCOUNT in match["path"].partition("/")[0]:
        if conn_id:
            raise ValueError(
                f"only {', '.join(_PROVIDERS)} URLs can be combined with a connection; leave out {conn_id}"
            )
        mask_urls(text)
        return Location(text)
    if match["conn_id"] is not None and conn_id:
        raise ValueError(f"the URL names a connection already; leave out {conn_id}, or the part before the @")
    conn_id = conn_id or match["conn_id"]
    return Location(text) if conn_id is None else _object_store(f"{match['scheme']}://{match['path']}", conn_id)


def check_connection_or_url(message: str, conn_id: str | None, url: Any) -> None:
    """Check at parse time that a connection or a URL is given, and both only for object stores.

    Raises:
        ValueError: starts with the message.
    """
    if not conn_id and not url:
        raise ValueError(message)
    if conn_id and isinstance(url, str) and "{{" not in url and not _OBJECTS.match(url):
        raise ValueError(f"{message}; only {', '.join(_PROVIDERS)} URLs can be combined with a connection")


def local_folder(directory: str, setting: str) -> str:
    """Return the path of a folder on the worker; ``file:///folder`` is accepted too.

    Raises:
        ValueError: the folder is not on the worker.
    """
    path = local_path(str(directory))
    if is_url(path):
        raise ValueError(
            f"{setting} must be a folder on the worker, like /data/{setting}; an object store is not supported"
        )
    return path


def _connection_location(conn_id: str | None) -> Location | None:
    if not conn_id:
        raise ValueError("neither a URL nor a connection is given; give one of them")
    url = connection_url(conn_id)
    if url is None:
        return None
    return _object_store(url, conn_id) if _OBJECTS.match(url) else Location(url)


def _object_store(url: str, conn_id: str) -> Location:
    """Return the location with the file system that Airflow creates for the connection."""
    scheme, _, path = url.partition("://")
    if not conn_id or ":" in conn_id:
        raise ValueError(f"a {scheme}:// URL has the id of a connection before the @, and never keys")
    # Airflow would treat a missing connection as one without credentials and read the environment instead.
    connection = BaseHook.get_connection(conn_id)
    mask_connection(connection)
    if scheme == "s3" and connection.conn_type not in AWS:
        raise ValueError(f"the connection {conn_id} is of type {connection.conn_type}; s3:// needs one of type aws")
    try:
        filesystem = ObjectStoragePath(f"{scheme}://{conn_id}@{path}").fs
    except (ImportError, ValueError) as error:
        if isinstance(error, ValueError) and "No filesystem registered" not in str(error):
            raise
        package = _PROVIDERS[scheme]
        raise ValueError(
            f"{scheme}:// with an Airflow connection needs a package that is not installed; run: pip install "
            f"'{package}'"
        ) from None
    filesystem.invalidate_cache()
    return Location(url, filesystem)
