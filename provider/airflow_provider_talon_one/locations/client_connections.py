"""Airflow connections of databases that are read by their own client: the URL and the options of each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.airflow_compat.masking import mask_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MYSQL_PORT, _REDSHIFT_PORT = 3306, 5439
_MYSQL_SSL = frozenset({"ca", "cert", "key"})
_TOKEN_USER = "token"  # noqa: S105 - a name, as in Databricks' own URLs
_REDSHIFT = ("ssl", "sslmode", "region", "profile", "db_user", "cluster_identifier")


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """What opens a database through its own client.

    Attributes:
        url: the URL of a source.
        options: settings of the client, keys among them.
    """

    url: str
    options: Mapping[str, Any] = field(repr=False)


class UnsupportedConnectionError(ValueError):
    """Connections of this type cannot be read; the message says what to do instead."""


def client_connection(conn_id: str, *, to_load: bool = False) -> ClientConnection | None:
    """Return how a connection's database is opened by its own client. Masks its secrets in all logs.

    Args:
        conn_id: the id of the connection.
        to_load: whether a load writes there; else it is read.

    Returns:
        None if the connection is of another type, has settings that only its own hook knows, or if the client is not
        installed; its hook can read it then.

    Raises:
        AirflowNotFoundException: the connection does not exist.
        UnsupportedConnectionError: connections of the type cannot be read.
        ValueError: a setting of the connection cannot be used.
    """
    connection = BaseHook.get_connection(conn_id)
    mask_connection(connection)
    kind = (connection.conn_type or "").replace("-", "_")
    if kind in _INSTEAD and not to_load:
        raise UnsupportedConnectionError(
            f"the connection {conn_id} is of type {connection.conn_type}, which cannot be read; {_INSTEAD[kind]}"
        )
    about = _KINDS.get(kind)
    if about is None or not client_is_installed(kind):
        return None
    extra = _extra(connection, kind)
    return None if extra.keys() - about.known else about.translate(connection, extra)


def client_is_installed(kind: str) -> bool:
    """Return whether the client of a type of connections is installed."""
    return find_spec(_KINDS[kind].client) is not None


def _extra(connection: Any, kind: str) -> dict[str, Any]:
    """Return the settings in the extra that have a value; older connections have them under a long name."""
    prefix = f"extra__{kind}__"
    given = {name.removeprefix(prefix): value for name, value in connection.extra_dejson.items()}
    return {name: value for name, value in given.items() if value not in (None, "", {}, [])}


def _snowflake(connection: Any, extra: Mapping[str, Any]) -> ClientConnection:
    # https://airflow.apache.org/docs/apache-airflow-providers-snowflake/stable/connections/snowflake.html
    options = {"user": connection.login, "password": connection.password, "schema": connection.schema, **extra}
    key = options.pop("private_key_content", None)
    if key or "private_key_file" in options:
        secret = options.pop("password")  # of the key
        options |= {"private_key": _private_key(key, secret)} if key else {"private_key_file_pwd": secret}
    account = str(options.pop("account", None) or connection.host or "")
    path = "/".join(quote(part, safe="") for part in (options.pop("database", None), options.pop("schema")) if part)
    return ClientConnection(f"snowflake://{quote(account, safe='')}/{path}", options)


def _private_key(text: str, password: str | None) -> Any:
    """Return the key of a PEM text, which may be encoded in base64."""
    from base64 import b64decode

    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = text.encode() if "-----" in text else b64decode(text, validate=True)
        return load_pem_private_key(pem, password.encode() if password else None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"private_key_content of the connection cannot be read: {str(error).split('. ')[0]}") from None


def _bigquery(connection: Any, extra: Mapping[str, Any]) -> ClientConnection:
    # https://airflow.apache.org/docs/apache-airflow-providers-google/stable/connections/gcp.html
    del connection
    options = {
        "keyfile": extra.get("keyfile_dict"),
        "credentials_file": extra.get("key_path"),
        "impersonate": _impersonated(extra.get("impersonation_chain")),
        "location": extra.get("location"),
    }
    given = {name: value for name, value in options.items() if value}
    return ClientConnection(f"bigquery://{quote(str(extra.get('project') or ''), safe='')}", given)


def _impersonated(chain: Any) -> str | None:
    accounts = [chain] if isinstance(chain, str) else list(chain or ())
    if len(accounts) > 1:
        raise ValueError("impersonation_chain of the connection has several accounts; give the last one only")
    return accounts[0] if accounts else None


def _mysql(connection: Any, extra: Mapping[str, Any]) -> ClientConnection | None:
    # https://airflow.apache.org/docs/apache-airflow-providers-mysql/stable/connections/mysql.html
    ssl = extra.get("ssl", {})
    try:
        ssl = json.loads(ssl) if isinstance(ssl, str) else ssl
    except ValueError:
        raise ValueError("ssl in the extra of the connection is not JSON") from None
    if not isinstance(ssl, dict) or ssl.keys() - _MYSQL_SSL:
        return None
    options = {
        "user": connection.login,
        "password": connection.password,
        "unix_socket": extra.get("unix_socket"),
        **{f"ssl_{name}": value for name, value in ssl.items()},
    }
    host = quote(connection.host or "localhost", safe="")
    url = f"mysql://{host}:{connection.port or _MYSQL_PORT}/{quote(connection.schema or '', safe='')}"
    return ClientConnection(url, {name: value for name, value in options.items() if value})


def _redshift(connection: Any, extra: Mapping[str, Any]) -> ClientConnection:
    # https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/connections/redshift.html
    host = quote(connection.host or "", safe="")
    url = f"redshift://{host}:{connection.port or _REDSHIFT_PORT}/{quote(connection.schema or '', safe='')}"
    return ClientConnection(url, {"user": connection.login, "password": connection.password, **extra})


def _databricks(connection: Any, extra: Mapping[str, Any]) -> ClientConnection | None:
    # https://airflow.apache.org/docs/apache-airflow-providers-databricks/stable/connections/databricks.html
    host = quote((connection.host or "").removeprefix("https://").strip("/"), safe="")
    if extra.get("service_principal_oauth"):
        login = {"client_id": connection.login, "client_secret": connection.password}
    elif connection.login and connection.login != _TOKEN_USER:
        return None
    else:
        login = {"token": extra.get("token") or connection.password}
    return ClientConnection(f"databricks://{host}/", {"http_path": extra.get("http_path"), **login})


class _Kind(NamedTuple):
    client: str
    known: frozenset[str]
    translate: Callable[[Any, Mapping[str, Any]], ClientConnection | None]


_SNOWFLAKE = _Kind(
    "snowflake",
    frozenset(
        """account region warehouse database role authenticator private_key_file private_key_content token
        token_file_path host port protocol""".split()  # noqa: SIM905 - one a line would be a page
    ),
    _snowflake,
)
_BIGQUERY = _Kind(
    "google", frozenset({"project", "keyfile_dict", "key_path", "impersonation_chain", "location"}), _bigquery
)
_KINDS: Mapping[str, _Kind] = {
    "snowflake": _SNOWFLAKE,
    "google_cloud_platform": _BIGQUERY,
    "gcpbigquery": _BIGQUERY,
    "redshift": _Kind("redshift_connector", frozenset(_REDSHIFT), _redshift),
    "databricks": _Kind("databricks", frozenset({"http_path", "token", "service_principal_oauth"}), _databricks),
    "mysql": _Kind("pymysql", frozenset({"ssl", "unix_socket", "charset", "cursor", "client"}), _mysql),
}
_FILES = "and give the folder as source_url, like s3://connection@bucket/folder"
# No server of these can be tested with, and their clients return some types changed: floats of SQL Server are doubles.
_INSTEAD: Mapping[str, str] = {
    "databricks": f"write the rows into Parquet files (COPY INTO, or df.write.parquet) {_FILES}",
    "mssql": f"export the rows into Parquet files {_FILES}",
}
