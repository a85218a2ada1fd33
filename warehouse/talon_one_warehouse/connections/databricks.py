"""Connections to Databricks SQL.

https://docs.databricks.com/aws/en/dev-tools/python-sql-connector
https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from talon_one_singer.temporary_folders import temporary_root
from talon_one_warehouse.connections.client_errors import ClientErrors
from talon_one_warehouse.connections.client_url import client_url, one_line, require_client, with_values
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_warehouse.connections.client_url import ClientURL, Parameters

EXAMPLE = "databricks://adb-1.azuredatabricks.net/catalog?http_path=/sql/1.0/warehouses/abc"
_NEEDED: Mapping[str, str] = {
    "catalog": f"; it looks like {EXAMPLE}",
    "http_path": "; add the parameter http_path=/sql/1.0/warehouses/... from the connection details of the warehouse",
}
# Names of settings of Databricks' own clients, except staging: the folder of a volume for files of loads.
_PARAMETERS: Parameters = {
    "http_path": str,
    "staging": str,
    "protocol": str,
    "token": str,
    "client_id": str,
    "client_secret": str,
    "profile": str,
}
_LOGIN = ("token", "client_id", "client_secret", "profile")
_SECRETS = ("token", "client_secret")
_HTTP_PATH, _PORT = "DATABRICKS_HTTP_PATH", 443
_USERS = ("", "token")  # a token stands after the second one, as in URLs of SQLAlchemy
# Answers that come again for the same request: it is wrong, or the login, a right or the path.
_PERMANENT = (400, 401, 403, 404)
# The client repeats a request for 15 minutes by default.
_LIMITS = {"_retry_stop_after_attempts_duration": 120, "_socket_timeout": 300}
_AGENT = "talon-one-connector"


def connect(rest: str, options: Mapping[str, Any] | None = None) -> Any:
    """Connect to ``host/catalog?parameters``.

    The login is a token, a service principal (OAuth) or a profile, from the URL or from the variables and files of
    Databricks' tools: ``DATABRICKS_TOKEN``, ``DATABRICKS_CLIENT_ID`` with ``DATABRICKS_CLIENT_SECRET``,
    ``DATABRICKS_CONFIG_PROFILE``, ``~/.databrickscfg``.

    Args:
        rest: the URL without its scheme.
        options: settings, like the parameters of the URL, and ``catalog``; they win over the URL.

    Raises:
        WarehouseConfigError: the client is not installed, or the URL or the login is wrong.
        WarehouseError: Databricks does not answer.
    """
    url, settings = _parsed(rest, options)
    sql, sdk = require_client("databricks", "databricks.sql", "databricks.sdk.core")
    for name in ("databricks.sql", "databricks.sdk"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the errors that they log are raised, too
    try:
        login = {name: settings[name] for name in _LOGIN if name in settings}
        place = f"{settings['protocol']}://{url.host}:{url.port or _PORT}"
        config = sdk.Config(host=place, product=_AGENT, product_version="1", **login)
        return sql.connect(
            server_hostname=url.host,
            http_path=settings["http_path"],
            _connection_uri=f"{place}/{settings['http_path'].lstrip('/')}",
            credentials_provider=lambda: config.authenticate,
            catalog=settings["catalog"],
            user_agent_entry=_AGENT,
            enable_telemetry=False,
            staging_allowed_local_path=temporary_root(),
            **_LIMITS,
        )
    except Exception as error:  # noqa: BLE001 - besides its own errors, those of its login and of sockets
        kind = WarehouseConfigError if _is_permanent(error, sql) else WarehouseError
        raise kind(f"cannot open {url.shown}: {one_line(error, url.redactor)}") from None


def errors(rest: str, options: Mapping[str, Any] | None = None) -> ClientErrors:
    """Return the translator of errors of a connection."""
    url, _ = _parsed(rest, options)
    sql, http = require_client("databricks", "databricks.sql", "urllib3.exceptions")
    return ClientErrors(
        url.shown, (sql.Error, http.HTTPError, OSError), lambda error: _is_permanent(error, sql), url.redactor
    )


def staging(rest: str, options: Mapping[str, Any] | None = None) -> str | None:
    """Return the folder of a volume for files of loads, or None."""
    _, settings = _parsed(rest, options)
    found: str | None = settings.get("staging")
    return found


def _parsed(rest: str, options: Mapping[str, Any] | None) -> tuple[ClientURL, dict[str, Any]]:
    url = client_url("databricks", rest, parameters=_PARAMETERS, example=EXAMPLE, depth=1)
    if url.user not in _USERS or (url.password and not url.user):
        raise WarehouseConfigError(
            f"a databricks:// URL has no user but one for a token (token:...@); it looks like {EXAMPLE}"
        )
    parts = {
        "protocol": "https",
        "http_path": os.environ.get(_HTTP_PATH),
        "token": url.password,
        "catalog": url.path[0] if url.path else None,
    }
    settings = with_values({**parts, **url.parameters, **(options or {})})
    for name in _SECRETS:
        if name in settings:
            url.redactor.add(settings[name])
    if not url.host:
        raise WarehouseConfigError(f"the databricks:// URL names no host; it looks like {EXAMPLE}")
    for name, words in _NEEDED.items():
        if name not in settings:
            raise WarehouseConfigError(f"the databricks:// URL names no {name}{words}")
    return url, settings


def _is_permanent(error: BaseException, sql: Any) -> bool:
    """Return whether an error is about the statement, the login or a right."""
    if isinstance(error, sql.ServerOperationError | sql.ProgrammingError | sql.NotSupportedError | ValueError):
        return True
    return isinstance(error, sql.RequestError) and error.context.get("http-code") in _PERMANENT
